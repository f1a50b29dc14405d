# SPDX-License-Identifier: BSD-3-Clause
"""Frames for the units: who is who, conversations, first bytes."""
import json

from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6ND_RA, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

__all__ = ['ARP', 'ICMP', 'IP', 'TCP', 'UDP', 'Dot1Q', 'Ether', 'ICMPv6DestUnreach',
           'ICMPv6EchoRequest', 'ICMPv6ND_NA', 'ICMPv6ND_NS', 'ICMPv6ND_RA', 'IPv6',
           'IPv6ExtHdrDestOpt', 'IPv6ExtHdrHopByHop', 'IPv6ExtHdrRouting', 'Raw', 'fragment',
           'ROUTER', 'EDGE', 'SERVICE', 'SERVICE6', 'PARTNER', 'PARTNER6', 'OTHER', 'UNKNOWN',
           'BLOCKED', 'XMPP', 'SIP', 'CLAIMED_PARTNER', 'CLAIMED_OTHER', 'VERIFIED_OTHER',
           'SUSPICIOUS_PARTNER', 'UNKNOWN_CLASS', 'OUTBOUND_PARTNER', 'OTHER_ENTRY', 'PARTNER_ENTRY',
           'RULES', 'mark_mac', 'marked', 'padded', 'Talk', 'Unit', 'stream_header', 'client_hello']

ROUTER, EDGE = '52:54:00:12:34:56', '52:54:00:ed:9e:01'
SERVICE, SERVICE6 = '198.51.100.1', '2001:db8::1'
PARTNER, PARTNER6, OTHER = '192.0.2.7', '2001:db8:100::7', '192.0.3.7'
UNKNOWN, BLOCKED = '192.0.9.9', '203.0.113.9'
XMPP, SIP = 5269, 5061
CLAIMED_PARTNER, CLAIMED_OTHER, UNKNOWN_CLASS = 0x20000002, 0x20000001, 0x10000000
VERIFIED_OTHER, SUSPICIOUS_PARTNER, OUTBOUND_PARTNER = 0x30000001, 0x40000002, 0x50000002

# The rules that a unit starts with, unless it says otherwise. Partner ids: other 1, partner 2.
OTHER_ENTRY = {'domain': 'other.example', 'protocol': 'xmpp', 'sources': ['192.0.3.0/24']}
PARTNER_ENTRY = {'domain': 'partner.example', 'protocol': 'xmpp',
                 'sources': ['192.0.2.0/24', '2001:db8:100::/48']}
RULES = {
    'service': {'addresses': [SERVICE, SERVICE6], 'ports': {'xmpp': [XMPP], 'sip': [SIP]}},
    'local': [{'domain': 'corp.example', 'certificate': 'corp.crt', 'key': 'corp.key',
               'inside': {'protocol': 'sip', 'host': '10.77.1.30'}}],
    'partners': [OTHER_ENTRY, PARTNER_ENTRY],
    'blocked': {'domains': [{'domain': 'bad.example', 'subtree': True}], 'prefixes': ['203.0.113.0/24']},
}


def mark_mac(mark):
    return '02:fe:' + ':'.join('%02x' % b for b in mark.to_bytes(4, 'big'))


def padded(frame):
    octets = bytes(frame)
    return octets + bytes(max(0, 60 - len(octets)))


def marked(octets, mark):
    """The frame as the TAP gets it: the mark in its source MAC."""
    return octets[:6] + bytes.fromhex(mark_mac(mark).replace(':', '')) + octets[12:]


class Unit:
    """What is sent where and when and what happens between, what must leave, what must be counted.
    Partner counters and the like are those at the end; `shows` are looked at on the way."""

    def __init__(self, rules=RULES, **config):
        self.now_us = 1000
        self.pace_us = 1000  # from one frame or step to the next
        self.sent = {'port': [], 'tap': []}
        self.expected = {'port': [], 'tap': []}
        self.counters = {}
        self.rules = []  # texts; steps name them by number
        self.steps = []
        self.shows = []
        self.until_us = 0
        if config:
            self.steps.append((0, 'config ' + ' '.join(f'{k}={v}' for k, v in config.items())))
        if rules:
            self._rules(0, rules)

    def wait_ms(self, ms):
        self.now_us += ms * 1000

    def run_on_ms(self, ms):
        """Time that passes behind the last frame."""
        self.wait_ms(ms)
        self.until_us = self.now_us

    # ---- what happens -----------------------------------------------------------------------

    def _rules(self, us, rules):
        self.rules.append(json.dumps(rules, indent=1))
        self.steps.append((us, f'rules rules-{len(self.rules) - 1}.yaml'))

    def step(self, *words):
        """See steps.h."""
        self.steps.append((self.now_us, ' '.join(map(str, words))))
        self.now_us += self.pace_us

    def reload(self, **changes):
        """Other rules come into force: those of the start with these parts."""
        self._rules(self.now_us, dict(RULES, **changes))
        self.now_us += self.pace_us

    def show(self, **values):
        """What must be counted by now; '/' in a path is written '__'."""
        self.shows.append({path.replace('__', '/'): value for path, value in values.items()})
        self.step('show')

    # ---- frames -----------------------------------------------------------------------------

    def send(self, side, frame):
        self.send_octets(side, padded(frame))

    def send_octets(self, side, octets):
        """As they are, short ones too."""
        self.sent[side].append((self.now_us, octets))
        self.now_us += self.pace_us

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

    def counted(self, path, times=1):
        self.counters[path] = self.counters.get(path, 0) + times

    def dropped(self, cause, side, frame):
        self.send(side, frame)
        self.counted('dropped/' + cause)

    def refused(self, cause):
        self.counted('refused/' + cause)


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

    def from_remote(self, flags, data=b'', tagged=True, ahead=0):
        """ahead: its sequence number is that much more than the next."""
        return self._segment(True, flags, data, self.seq + ahead, self.ack, tagged, 57)

    def from_kernel(self, flags, data=b'', tagged=False):
        return self._segment(False, flags, data, self.ack, self.seq, tagged, 64)

    def open(self):
        self.say_flags('S')
        self.seq += 1
        self.answer_flags('SA')
        self.ack += 1
        self.say_flags('A')

    def establish(self, sender='partner.example'):
        """Open and past its first bytes."""
        self.open()
        self.say(client_hello() if self.port == SIP else stream_header(sender=sender))
        self.answer_flags('A')

    def announce(self, ms=5000, mark=OUTBOUND_PARTNER):
        """The control plane says that we are about to connect."""
        self.mark = mark
        self.unit.step('announce', self.local, self.port, self.remote, self.remote_port, mark, ms)

    def connect(self):
        """We open it."""
        self.answer_flags('S')
        self.ack += 1
        self.say_flags('SA')
        self.seq += 1
        self.answer_flags('A')

    def verdict(self, words, mark):
        """The control plane says whose it is: marked so from now on."""
        self.unit.step('verdict', self.remote, self.remote_port, self.local, self.port, words)
        self.mark = mark

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

    def answer(self, data):
        self.answer_flags('PA', data)
        self.ack += len(data)

    def both_say(self, data=b'<a/>'):
        """A conversation goes on."""
        self.say(data)
        self.answer(data)
        self.say_flags('A')

    def silently(self, cause, flags, data=b'', ahead=0):
        """A segment of the remote that is dropped."""
        self.unit.dropped(cause, 'port', self.from_remote(flags, data, ahead=ahead))

    def silently_out(self, cause, flags, data=b''):
        self.unit.dropped(cause, 'tap', self.from_kernel(flags, data))

    def syn_refused(self, cause):
        """Its SYN is answered with RST."""
        self.unit.send('port', self.from_remote('S'))
        self.unit.expect('port', self._segment(False, 'RA', b'', 0, self.seq + 1, True, 64))
        self.unit.refused(cause)

    def refused_at(self, data, cause, flags='PA'):
        """Data that ends it: both ends are reset, the data stays out."""
        self.unit.send('port', self.from_remote(flags, data))
        self.unit.expected['port'].append(padded(self._segment(
            False, 'R', b'', self.ack, 0, True, 64)))
        self.reset_to_kernel()
        self.unit.refused(cause)

    def refused_out_at(self, data, cause, flags='PA'):
        """The same for data of the kernel."""
        self.unit.send('tap', self.from_kernel(flags, data))
        self.unit.expect('port', self._segment(False, 'RA', b'', self.ack, self.seq, True, 64))
        self.unit.expect('tap', marked(padded(self._segment(
            True, 'R', b'', self.seq, 0, False, 64)), self.mark))
        self.unit.refused(cause)

    def reset_to_kernel(self):
        reset = padded(self._segment(True, 'RA', b'', self.seq, self.ack, False, 64))
        self.unit.expect('tap', marked(reset, self.mark))

    def refused_now(self, cause):
        """It ends although nobody said anything: both ends are reset."""
        self.unit.expect('port', self._segment(False, 'RA', b'', self.ack, self.seq, True, 64))
        self.reset_to_kernel()
        self.unit.refused(cause)
        self.unit.counted('late')


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
