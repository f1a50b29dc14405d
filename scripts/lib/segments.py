# SPDX-License-Identifier: BSD-3-Clause
"""TCP segments written and read octet by octet on a TAP: the remote end of scripted connections, with the marker MAC that
the dataplane puts on its frames. The cookie's layout is written here a second time, from bpf/abi.h."""

import dataclasses
import fcntl
import os
import select
import socket
import struct
import time

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FIRST = 0x01000000  # in the mark: may make a socket
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 2, 0x1000
MASK = 0xFFFFFFFF


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def cookie(mac24, mss_index=3, sack=True, parity=0, scale=7):
    """scale None: windows are not scaled."""
    return mac24 << 8 | mss_index << 6 | sack << 5 | parity << 4 | (15 if scale is None else scale)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def build(source, target, source_mac, target_mac, sport, dport, seq, ack, flags, data=b"", options=b"", window=0x2000,
          padding=False):
    """An Ethernet frame with one TCP segment; with `padding` behind an IPv6 destination-options header."""
    family = family_of(source)
    a, b = socket.inet_pton(family, source), socket.inet_pton(family, target)
    offset = (20 + len(options)) // 4 << 4
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & MASK, ack & MASK, offset, flags, window, 0, 0) + options + data
    pseudo = a + b + struct.pack("!II", len(tcp), socket.IPPROTO_TCP)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    if family == socket.AF_INET:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, socket.IPPROTO_TCP, 0) + a + b
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        kind = 0x0800
    else:
        between = bytes((socket.IPPROTO_TCP, 0, 1, 4, 0, 0, 0, 0)) if padding else b""
        ip = struct.pack("!IHBB", 0x60000000, len(between + tcp), socket.IPPROTO_DSTOPTS if padding else socket.IPPROTO_TCP, 64)
        ip += a + b + between
        kind = 0x86DD
    return target_mac + source_mac + struct.pack("!H", kind) + ip + tcp


@dataclasses.dataclass
class Segment:
    source: str
    target: str
    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    window: int
    data: bytes


def parse(frame):
    """The TCP segment in a frame, or None."""
    kind = struct.unpack("!H", frame[12:14])[0]
    if kind == 0x0800 and frame[23] == socket.IPPROTO_TCP:
        total = struct.unpack("!H", frame[16:18])[0]
        a, b, tcp = frame[26:30], frame[30:34], frame[34:14 + total]
        family = socket.AF_INET
    elif kind == 0x86DD and frame[20] == socket.IPPROTO_TCP:
        total = struct.unpack("!H", frame[18:20])[0]
        a, b, tcp = frame[22:38], frame[38:54], frame[54:54 + total]
        family = socket.AF_INET6
    else:
        return None
    sport, dport, seq, ack, offset, flags, window = struct.unpack("!HHIIBBH", tcp[:16])
    return Segment(socket.inet_ntop(family, a), socket.inet_ntop(family, b), sport, dport, seq, ack, flags, window,
                   tcp[(offset >> 4) * 4:])


class Tap:
    """A TAP of the calling thread's network namespace."""

    def __init__(self, name):
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
        self.waiting = []

    def write(self, frame):
        os.write(self.fd, frame)

    def read(self, wanted, timeout_s):
        """The next segment that `wanted` takes, or None; others are kept for later."""
        end = time.monotonic() + timeout_s
        for i, segment in enumerate(self.waiting):
            if wanted(segment):
                return self.waiting.pop(i)
        while True:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                return None
            segment = parse(os.read(self.fd, 65536))
            if segment and wanted(segment):
                return segment
            if segment:
                self.waiting.append(segment)

    def close(self):
        os.close(self.fd)


class Remote:
    """The remote end of one connection. What it sends bears the mark, as from the dataplane."""

    def __init__(self, tap, mac, source, target, sport, dport, isn=1000, agreed=None, mark=0x20000007):
        self.tap, self.mac = tap, mac
        self.source, self.target, self.sport, self.dport = source, target, sport, dport
        self.isn = isn
        self.cookie = cookie(0xABCDEF) if agreed is None else agreed
        self.mark = mark
        self.seq, self.ack = isn + 1, self.cookie + 1

    def send(self, flags=ACK, data=b"", seq=None, ack=None, first=None, **more):
        """With seq and ack left out the next ones in order; then seq moves on. `first` is what the mark says of it, left out:
        the truth."""
        moves = seq is None
        seq = self.seq if moves else seq
        first = seq == self.isn + 1 and bool(data) if first is None else first
        source_mac = more.pop("source_mac", b"\x02\xfe" + struct.pack("!I", self.mark | (FIRST if first else 0)))
        self.tap.write(build(self.source, self.target, source_mac, self.mac, self.sport, self.dport, seq,
                             self.ack if ack is None else ack, flags, data, **more))
        if moves:
            self.seq = (self.seq + len(data) + (flags & FIN > 0) + (flags & SYN > 0)) & MASK

    def read(self, timeout_s=2.0, **wanted):
        """The next segment to us, or None. wanted: attributes that it must have."""
        return self.tap.read(lambda s: (s.target, s.dport) == (self.source, self.sport) and s.source == self.target and all(
            getattr(s, name) == value for name, value in wanted.items()), timeout_s)
