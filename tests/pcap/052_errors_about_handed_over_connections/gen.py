# SPDX-License-Identifier: BSD-3-Clause
"""What a router says of a connection that the kernel has crosses, so that it learns the path's MTU; what quotes one that only
the edge knows, or nobody, does not."""
from scapy.layers.inet6 import ICMPv6PacketTooBig

from shake import *


def too_big(talk):
    """A router in front of it saw a long segment of ours."""
    quoted = bytes(talk.from_kernel('A', bytes(1200)))[14:]
    link = Ether(src=ROUTER, dst=EDGE)
    if ':' in talk.remote:
        return link / IPv6(src='2001:db8:7::fe', dst=SERVICE6, hlim=60) / ICMPv6PacketTooBig(mtu=1280) / Raw(quoted[:1000])
    return link / IP(src='192.0.7.254', dst=SERVICE, ttl=60) / ICMP(type=3, code=4, nexthopmtu=1280) / Raw(quoted[:28])


def unit():
    u = reqsk_unit()
    for source in (PARTNER, PARTNER6):
        t = Shaken(u, source, XMPP)
        u.dropped('icmp_no_flow', 'port', too_big(t))
        t.shake()
        # A handshake that was answered is no connection.
        u.dropped('icmp_no_flow', 'port', too_big(t))
        t.first(stream_header())
        t.answer_flags('A')
        u.crosses_in(too_big(t))
        t.both_say()
        # What was cut, or changed on the way.
        error = bytearray(bytes(too_big(t)))
        error[60] ^= 1
        u.dropped('bad_icmp_checksum', 'port', bytes(error))
        held = Shaken(u, source, XMPP, remote_port=40001)
        held.shake()
        held.kept(b"<?xml version='1.0'?>")
        u.dropped('icmp_no_flow', 'port', too_big(held))
        held.quietly('R')
        t.say_flags('R')
        u.dropped('icmp_no_flow', 'port', too_big(t))
    u.counters['gathers'] = 0
    return u
