# SPDX-License-Identifier: BSD-3-Clause
"""Beside edge.py: handshakes that the edge answers (mode reqsk). The cookies are computed here anew, from
their description alone: 24 bits of SipHash-2-4 of addresses, ports, ISN and attributes, and these below."""
import ipaddress

from edge import *  # noqa: F401,F403
from edge import EDGE, ROUTER, TCP, Dot1Q, Ether, Raw, Talk, Unit, marked, padded  # what is used below

FIRST = 0x01000000  # of the mark: this segment may begin a connection
SEED = (0x0706050403020100, 0x0f0e0d0c0b0a0908)
SLOT_S, BEGIN_S = 32, 1000  # the units' clock begins there
WINDOW = 8192
OPTIONS = [('MSS', 1460), ('NOP', None), ('NOP', None), ('SAckOK', b''), ('NOP', None), ('WScale', 7)]
WORD = (1 << 64) - 1


def siphash(key, message):
    def rotated(x, bits):
        return (x << bits | x >> 64 - bits) & WORD

    a, b = key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d
    c, d = key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573

    def rounds(count):
        nonlocal a, b, c, d
        for _ in range(count):
            a, c = a + b & WORD, c + d & WORD
            b, d = rotated(b, 13) ^ a, rotated(d, 16) ^ c
            a = rotated(a, 32)
            c, a = c + b & WORD, a + d & WORD
            b, d = rotated(b, 17) ^ c, rotated(d, 21) ^ a
            c = rotated(c, 32)

    end = len(message) // 8 * 8
    words = [int.from_bytes(message[i:i + 8], 'little') for i in range(0, end, 8)]
    words.append(len(message) << 56 & WORD | int.from_bytes(message[end:], 'little'))
    for word in words:
        d ^= word
        rounds(2)
        a ^= word
    c ^= 0xff
    rounds(4)
    return a ^ b ^ c ^ d


def cookie(now_us, remote, local, remote_port, local_port, isn):
    """For OPTIONS."""
    slot = (BEGIN_S * 1000000 + now_us) // (SLOT_S * 1000000) + 1
    key = tuple(siphash(SEED, (slot * 2 + half).to_bytes(8, 'little')) for half in (0, 1))
    attributes = 3 << 6 | 0x20 | (slot & 1) << 4 | 7
    message = (ipaddress.ip_address(remote).packed + ipaddress.ip_address(local).packed
               + remote_port.to_bytes(2, 'little') + local_port.to_bytes(2, 'little')
               + isn.to_bytes(4, 'little') + bytes([attributes]))
    return (siphash(key, message) << 8 | attributes) & 0xffffffff


def reqsk_unit(**config):
    return Unit(handoff='reqsk', **config)


class Shaken(Talk):
    """A remote that shakes hands with the edge itself."""

    def syn(self, options=None):
        frame = self.from_remote('S')
        frame[TCP].options = OPTIONS if options is None else options
        return frame

    def _ours(self, flags, seq, ack, window, options=()):
        """A segment of the edge to the remote."""
        frame = self._segment(False, flags, b'', seq, ack, True, 64)
        frame[TCP].window = window
        frame[TCP].options = list(options)
        return frame

    def shake(self):
        """SYN, SYN-ACK, and the ACK, of which nothing is kept."""
        answer = cookie(self.unit.now_us, self.remote, self.local, self.remote_port, self.port, self.seq)
        self.unit.send('port', self.syn())
        options = [('MSS', 1440 if ':' in self.remote else 1460)] + OPTIONS[1:]
        self.unit.expect('port', self._ours('SA', answer, self.seq + 1, WINDOW, options))
        self.seq, self.ack = self.seq + 1, answer + 1
        self.base = self.seq
        self.quietly('A')

    def quietly(self, flags, data=b''):
        """A segment that is taken, and no more."""
        self.unit.send('port', self.from_remote(flags, data))

    def first(self, data):
        """Data that begins the connection."""
        self.unit.send('port', self.from_remote('PA', data))
        self.unit.expected['tap'].append(marked(padded(self.from_remote('PA', data, tagged=False)), self.mark | FIRST))
        self.seq += len(data)

    def kept(self, data):
        """Data that the edge keeps and acknowledges."""
        self.quietly('PA', data)
        self.seq += len(data)
        left = WINDOW - (self.seq - self.base)
        self.unit.expect('port', self._ours('A', self.ack, self.seq, left + 127 >> 7))

    def handed(self, data):
        """All that was said, in one segment of the edge to the kernel."""
        frame = padded(self._segment(True, 'PA', data, self.base, self.ack, False, 64))
        self.unit.expect('tap', marked(frame, self.mark | FIRST))

    def reset(self, cause):
        """Only the remote hears of it."""
        self.unit.expect('port', self._ours('R', self.ack, 0, 0))
        self.unit.refused(cause)

    def make_way(self, at):
        frame = padded(self._segment(True, 'R', b'', at, 0, False, 64))
        self.unit.expect('tap', marked(frame, self.mark))
