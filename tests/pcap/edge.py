# SPDX-License-Identifier: BSD-3-Clause
"""Frames for the units: who is who, conversations, first bytes."""
from scapy.all import (ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6DestUnreach, ICMPv6EchoRequest,
                       ICMPv6ND_NS, ICMPv6ND_RA, IPv6, Raw, fragment)

__all__ = ['ARP', 'ICMP', 'IP', 'TCP', 'UDP', 'Dot1Q', 'Ether', 'ICMPv6DestUnreach',
           'ICMPv6EchoRequest', 'ICMPv6ND_NS', 'ICMPv6ND_RA', 'IPv6', 'Raw', 'fragment',
           'ROUTER', 'EDGE', 'SERVICE', 'SERVICE6', 'PARTNER', 'PARTNER6', 'OTHER', 'UNKNOWN',
           'BLOCKED', 'XMPP', 'SIP', 'CLAIMED_PARTNER', 'CLAIMED_OTHER', 'UNKNOWN_CLASS', 'mark_mac',
           'marked', 'Talk', 'Unit', 'stream_header', 'client_hello']

ROUTER, EDGE = '52:54:00:12:34:56', '52:54:00:ed:9e:01'
SERVICE, SERVICE6 = '198.51.100.1', '2001:db8::1'
PARTNER, PARTNER6, OTHER = '192.0.2.7', '2001:db8:100::7', '192.0.3.7'
UNKNOWN, BLOCKED = '192.0.9.9', '203.0.113.9'
XMPP, SIP = 5269, 5061
CLAIMED_PARTNER, CLAIMED_OTHER, UNKNOWN_CLASS = 0x20000002, 0x20000001, 0x10000000


def mark_mac(mark):
    return '02:fe:' + ':'.join('%02x' % b for b in mark.to_bytes(4, 'big'))


def padded(frame):
    octets = bytes(frame)
    return octets + bytes(max(0, 60 - len(octets)))


def marked(octets, mark):
    """The frame as the TAP gets it: the mark in its source MAC."""
    return octets[:6] + bytes.fromhex(mark_mac(mark).replace(':', '')) + octets[12:]


class Unit:
    """What is sent where and when, what must leave, what must be counted."""

    def __init__(self):
        self.now_ms = 1
        self.sent = {'port': [], 'tap': []}
        self.expected = {'port': [], 'tap': []}
        self.counters = {}
        self.until_ms = 0

    def wait_ms(self, ms):
        self.now_ms += ms

    def send(self, side, frame):
        self.sent[side].append((self.now_ms, padded(frame)))
        self.now_ms += 1

    def expect(self, side, frame):
        self.expected[side].append(padded(frame))

    def crosses_in(self, frame, mark=None):
        """From the port to the TAP, marked or as it is."""
        self.send('port', frame)
        octets = padded(frame)
        self.expect('tap', marked(octets, mark) if mark is not None else octets)

    def crosses_out(self, frame):
        self.send('tap', frame)
        self.expect('port', frame)

    def dropped(self, cause, side, frame):
        self.send(side, frame)
        self.counters['dropped/' + cause] = self.counters.get('dropped/' + cause, 0) + 1

    def refused(self, cause):
        self.counters['refused/' + cause] = self.counters.get('refused/' + cause, 0) + 1


class Talk:
    """One TCP conversation; seq are those of the next bytes."""

    def __init__(self, unit, remote, port, remote_port=40000, mark=CLAIMED_PARTNER, tag=None):
        six = ':' in remote
        self.unit, self.mark, self.tag = unit, mark, tag
        self.remote, self.local = remote, SERVICE6 if six else SERVICE
        self.remote_port, self.port = remote_port, port
        self.seq, self.ack = 1000, 5000
        self.ip = IPv6 if six else IP

    def _segment(self, inward, flags, data, seq, ack, tagged, ttl):
        link = Ether(src=ROUTER, dst=EDGE) if inward else Ether(src=EDGE, dst=ROUTER)
        if tagged and self.tag is not None:
            link = link / Dot1Q(vlan=self.tag)
        ends = dict(src=self.remote, dst=self.local) if inward else dict(
            src=self.local, dst=self.remote)
        if self.ip is IP:
            ip = IP(flags='DF', id=0, ttl=ttl, **ends)
        else:
            ip = IPv6(hlim=ttl, **ends)
        tcp = TCP(sport=self.remote_port if inward else self.port,
                  dport=self.port if inward else self.remote_port, flags=flags, seq=seq,
                  ack=ack if 'A' in flags else 0, window=0 if 'R' in flags else 64240)
        return link / ip / tcp / Raw(data) if data else link / ip / tcp

    def from_remote(self, flags, data=b'', tagged=True):
        return self._segment(True, flags, data, self.seq, self.ack, tagged, 57)

    def from_kernel(self, flags, data=b'', tagged=False):
        return self._segment(False, flags, data, self.ack, self.seq, tagged, 64)

    def open(self):
        self.say_flags('S')
        self.seq += 1
        self.answer_flags('SA')
        self.ack += 1
        self.say_flags('A')

    def say_flags(self, flags, data=b''):
        self.unit.send('port', self.from_remote(flags, data))
        self.unit.expected['tap'].append(marked(untagged(self, flags, data), self.mark))

    def answer_flags(self, flags, data=b''):
        self.unit.send('tap', self.from_kernel(flags, data))
        tagged = bytes(self.from_kernel(flags, data, tagged=True))
        extra = 4 if self.tag is not None else 0
        self.unit.expected['port'].append(tagged + bytes(max(0, 60 + extra - len(tagged))))

    def say(self, data):
        """Data that must pass."""
        self.say_flags('PA', data)
        self.seq += len(data)

    def refused_at(self, data, cause):
        """Data that ends it: both ends are reset, the data stays out."""
        self.unit.send('port', self.from_remote('PA', data))
        self.unit.expected['port'].append(padded(self._segment(
            False, 'R', b'', self.ack, 0, True, 64)))
        self.reset_to_kernel()
        self.unit.refused(cause)

    def reset_to_kernel(self):
        reset = padded(self._segment(True, 'RA', b'', self.seq, self.ack, False, 64))
        self.unit.expect('tap', marked(reset, self.mark))


def untagged(talk, flags, data):
    """As on the link, then without its tag: with it the frame was long enough."""
    tagged = padded(talk.from_remote(flags, data))
    return tagged if talk.tag is None else tagged[:12] + tagged[16:]


def stream_header(to='corp.example', sender='partner.example'):
    return ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
            "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'"
            + (f" to='{to}'" if to else '') + (f" from='{sender}'" if sender else '')
            + '>').encode()


def client_hello(sni='corp.example', filler=0):
    name = sni.encode() if sni else b''

    def block(kind, body):
        return kind.to_bytes(2, 'big') + len(body).to_bytes(2, 'big') + body

    extensions = block(43, b'\x02\x03\x04')
    if sni:
        extensions += block(0, (len(name) + 3).to_bytes(2, 'big') + b'\0'
                            + len(name).to_bytes(2, 'big') + name)
    if filler:
        extensions += block(21, bytes(filler))
    body = (b'\x03\x03' + bytes(range(32)) + b'\0' + b'\x00\x02\x13\x01' + b'\x01\0'
            + len(extensions).to_bytes(2, 'big') + extensions)
    hello = b'\x01' + len(body).to_bytes(3, 'big') + body
    return b'\x16\x03\x01' + len(hello).to_bytes(2, 'big') + hello
