# SPDX-License-Identifier: BSD-3-Clause
"""TCP, UDP and ICMP: each fault its cause."""
from edge import *


def unit():
    u = Unit()
    v4 = Ether(src=ROUTER, dst=EDGE) / IP(src=PARTNER, dst=SERVICE)
    v6 = Ether(src=ROUTER, dst=EDGE) / IPv6(src=PARTNER6, dst=SERVICE6)
    solicitation = Ether(src=ROUTER, dst=EDGE) / IPv6(src='2001:db8::fe', dst=SERVICE6, hlim=64)
    for cause, frame in (
            ('bad_tcp_header', v4 / TCP(sport=0, dport=XMPP)),
            ('bad_tcp_header', v4 / TCP(sport=40000, dport=XMPP, dataofs=4)),
            ('bad_tcp_header', v4 / TCP(sport=40000, dport=XMPP, options=[('MSS', 1460)], dataofs=15)),
            ('bad_udp_header', v4 / UDP(sport=5060, dport=5060, len=9) / Raw(b'four')),
            ('bad_udp_header', v4 / UDP(sport=0, dport=5060)),
            ('bad_udp_checksum', v4 / UDP(sport=5060, dport=5060, chksum=0x1234)),
            ('bad_udp_checksum', v6 / UDP(sport=5060, dport=5060, chksum=0)),
            # Neighbour discovery that has passed a router.
            ('bad_icmp_header', solicitation / ICMPv6ND_NS(tgt=SERVICE6)),
            ('bad_icmp_checksum', v4 / ICMP(chksum=0x1234) / Raw(b'ping'))):
        u.dropped(cause, 'port', frame)
    return u
