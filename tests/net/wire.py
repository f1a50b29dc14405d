#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The two ends of tests/net/wire.sh: a control plane that only listens and says what marks its
connections bear, and a partner's client. The filter table is written here a second time, from its
description in rules/filter.h, so that reader and writer are not wrong together."""
import argparse
import fcntl
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

SERVICES, PARTNERS, SOURCES, LOCALS, BLOCKED, NAMES = range(1, 7)
BLOCKED_SOURCE = 0  # PARTNER_NONE as the owner of a prefix
MASK = (1 << 64) - 1


def siphash24(key, data):
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(count):
        def rotate(x, by):
            return ((x << by) | (x >> (64 - by))) & MASK

        for _ in range(count):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def octets(address):
    return ipaddress.ip_address(address).packed.ljust(16, b"\0")


def bits(address):
    return 32 if ipaddress.ip_address(address).version == 4 else 128


def filter_table(generation, services, partners, sources, local, blocked):
    names = b""
    places = {}
    for name in sorted({*local, *blocked, *(p[1] for p in partners)}):
        places[name] = struct.pack("<IB", len(names), len(name))
        names += name.encode()
    prefixes = sorted((bits(str(p.network_address)), p.network_address.packed.ljust(16, b"\0"), p.prefixlen, owner)
                      for p, owner in ((ipaddress.ip_network(text), owner) for text, owner in sources))
    sections = {
        SERVICES: (20, [struct.pack("<BBH", bits(a), 0, port) + octets(a) for a, port in services]),
        PARTNERS: (12, [struct.pack("<I", i) + places[name] + b"\0\0\0" for i, name in sorted(partners)]),
        SOURCES: (24, [a + struct.pack("<BBHI", b, n, 0, owner) for b, a, n, owner in prefixes]),
        LOCALS: (8, [places[name] + b"\0\0\0" for name in sorted(local)]),
        BLOCKED: (8, [places[name] + b"\0\0\0" for name in sorted(blocked)]),
        NAMES: (1, [names]),
    }
    table = body = b""
    offset = 40 + 16 * len(sections)
    for kind, (size, rows) in sections.items():
        data = b"".join(rows)
        table += struct.pack("<IIII", kind, offset + len(body), len(data) // size, size)
        body += data + b"\0" * (-len(data) % 8)
    tail = struct.pack("<QII", generation, len(sections), 0) + table + body
    digest = siphash24(b"picket filter v1", tail)
    return struct.pack("<8sIIQ", b"PKFILTER", 2, 24 + len(tail), digest) + tail, digest


class Channel:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.id = 0

    def ask(self, fds=(), **question):
        self.id += 1
        socket.send_fds(self.socket, [json.dumps({"id": self.id, **question}).encode()], list(fds))
        data, got, flags, _ = socket.recv_fds(self.socket, 65536, 253)
        if not data:
            raise ConnectionError("the dataplane closed the channel")
        answer = json.loads(data)
        if flags & socket.MSG_CTRUNC or answer.get("id") != self.id or not answer.get("ok"):
            raise ValueError(f"{question['type']}: {answer}")
        return answer, got

    def bring(self, table, digest, generation):
        fd = os.memfd_create("filter", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        os.write(fd, table)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS,
                    fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
        self.ask(type="prepare", generation=generation, bytes=len(table), digest=f"{digest:016x}", fds=(fd,))
        os.close(fd)
        self.ask(type="commit", generation=generation)


def make_table(args):
    return filter_table(
        args.generation, [(a, args.port) for a in args.service], [(7, "partner.example")],
        [(p, 7) for p in args.partner] + [(p, BLOCKED_SOURCE) for p in args.blocked],
        ["corp.example"], ["bad.example"])


def take_over(args, held):
    """Connect, bring the rules if they differ, get all listeners."""
    channel = Channel(args.socket)
    answer, _ = channel.ask(type="hello", version=1, generation=args.generation,
                            listeners=[{"address": a, "port": p} for a, p in held], fds=[s.fileno() for s in held.values()])
    if answer["generation"] != args.generation:
        channel.bring(*make_table(args), args.generation)
    answer, fds = channel.ask(type="listeners")
    for place, fd in zip(answer["listeners"], fds, strict=True):
        key = (place["address"], place["port"])
        if key in held:
            os.close(fd)
        else:
            held[key] = socket.socket(fileno=fd)
    return channel


def serve(args):
    """Answer the first bytes of each connection with its mark, then echo. Survives the dataplane."""
    held, peers = {}, {}
    channel = take_over(args, held)
    print("serving", flush=True)
    while True:
        if channel is None:
            time.sleep(0.5)
            try:
                channel = take_over(args, held)
                print(f"serving again, {len(held)} listeners", flush=True)
            except OSError:
                continue
        ready, _, _ = select.select([channel.socket, *held.values(), *peers], [], [])
        for s in ready:
            if s is channel.socket:
                s.close()
                channel = None
            elif s in peers:
                try:
                    data = s.recv(65536)
                except ConnectionResetError:
                    data = b""
                if not data:
                    del peers[s]
                    s.close()
                    continue
                if not peers[s]:
                    peers[s] = True
                    mark = s.getsockopt(socket.SOL_SOCKET, socket.SO_MARK)
                    data = f"mark {mark & 0xffffffff:08x}\n".encode()
                s.sendall(data)
            else:
                peers[s.accept()[0]] = False


def outbound(args):
    """Announce a connection, then make it; without --announce only make it."""
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(3)
    s.bind((args.service[0], 0))
    if args.announce:
        channel = Channel(args.socket)
        channel.ask(type="hello", version=1, generation=0)
        channel.ask(type="expect", to=args.to, to_port=args.port, mark=0x50000007, ttl_ms=5000,
                    **{"from": args.service[0]}, from_port=s.getsockname()[1])
    try:
        s.connect((args.to, args.port))
        print(s.recv(100).decode().strip())
    except TimeoutError:
        print("no answer")


HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
          "to='{to}' from='{claim}' version='1.0'>")


def client(args):
    """Say a stream header, print the answer; with --hold echo a line per line of standard input."""
    family = socket.AF_INET6 if ":" in args.to else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(args.timeout)
    if args.source:
        s.bind((args.source, 0))
    try:
        s.connect((args.to, args.port))
        s.sendall(HEADER.format(to=args.domain, claim=args.claim).encode())
        print(s.recv(100).decode().strip() or "closed", flush=True)
        while args.hold and (line := sys.stdin.readline()):
            s.sendall(line.encode())
            print(s.recv(100).decode().strip() or "closed", flush=True)
    except TimeoutError:
        print("no answer")
    except ConnectionRefusedError:
        print("refused")
    except ConnectionResetError:
        print("reset")


def greet(args):
    """A partner's server: greets each connection."""
    s = socket.create_server((args.to, args.port))
    while True:
        c, _ = s.accept()
        c.sendall(b"welcome\n")
        c.close()


def echo(args):
    """One ICMP echo; prints the answer."""
    v6 = ":" in args.to
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW,
                      socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
    request, reply = (128, 129) if v6 else (8, 0)
    packet = struct.pack("!BBHHH", request, 0, 0, os.getpid() & 0xFFFF, 1) + b"picket"
    total = sum(word for (word,) in struct.iter_unpack("!H", packet))
    packet = packet[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + packet[4:]
    s.sendto(packet, (args.to, 0))
    end = time.monotonic() + args.timeout
    while select.select([s], [], [], max(0, end - time.monotonic()))[0]:
        got = s.recv(2048)[0 if v6 else 20:]
        if got[0] == reply and got[4:] == packet[4:]:
            print("echoed")
            return
    print("no answer")


def counters(args):
    answer, _ = Channel(args.socket).ask(type="counters")
    print(json.dumps(answer["counters"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("serve", "outbound", "client", "greet", "echo", "counters"))
    parser.add_argument("--socket")
    parser.add_argument("--generation", type=int, default=3)
    parser.add_argument("--service", action="append", default=[])
    parser.add_argument("--partner", action="append", default=[])
    parser.add_argument("--blocked", action="append", default=[])
    parser.add_argument("--port", type=int, default=5269)
    parser.add_argument("--to")
    parser.add_argument("--source")
    parser.add_argument("--domain", default="corp.example")
    parser.add_argument("--claim", default="partner.example")
    parser.add_argument("--announce", action="store_true")
    parser.add_argument("--hold", action="store_true")
    parser.add_argument("--timeout", type=float, default=5)
    args = parser.parse_args()
    globals()[args.what](args)


main()
