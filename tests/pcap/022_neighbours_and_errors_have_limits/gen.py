# SPDX-License-Identifier: BSD-3-Clause
"""Floods of what belongs to no connection: its burst crosses, then what its rate lets through."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.open()
    v4 = Ether(src=ROUTER, dst=EDGE) / IP(src=PARTNER, dst=SERVICE)
    floods = (
        ('arp_over_limit', 100, 5, Ether(src=ROUTER, dst=EDGE) / ARP(
            op=1, hwsrc=ROUTER, psrc='198.51.100.254', pdst=SERVICE)),
        ('nd_over_limit', 100, 5, Ether(src=ROUTER, dst=EDGE) / IPv6(
            src='2001:db8::fe', dst=SERVICE6, hlim=255) / ICMPv6ND_NS(tgt=SERVICE6)),
        ('echo_over_limit', 50, 10, v4 / ICMP() / Raw(b'ping')),
        ('icmp_over_limit', 100, 5, v4 / ICMP(type=3, code=4, nexthopmtu=1400) / Raw(
            bytes(t.from_kernel('A', b'some data'))[14:14 + 28])),
    )
    for cause, burst, interval_ms, frame in floods:
        octets = padded(frame)
        u.pace_us = 1
        for _ in range(burst):
            u.crosses_in(octets)
        for _ in range(3):
            u.dropped(cause, 'port', octets)
        u.wait_ms(2 * interval_ms)
        u.crosses_in(octets)
        u.crosses_in(octets)
        u.dropped(cause, 'port', octets)
        u.pace_us = 1000
    # Nobody else's limits were touched.
    t.say(stream_header())
    return u
