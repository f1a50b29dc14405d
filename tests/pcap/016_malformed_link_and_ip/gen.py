# SPDX-License-Identifier: BSD-3-Clause
"""Below the transport: each fault its cause."""
from scapy.layers.inet import IPOption_NOP

from edge import *


def unit():
    u = Unit()
    link, tcp = Ether(src=ROUTER, dst=EDGE), TCP(sport=40000, dport=XMPP)
    v4, v6 = dict(src=PARTNER, dst=SERVICE), dict(src=PARTNER6, dst=SERVICE6)
    for cause, frame in (
            ('oversized', link / IP(**v4) / tcp / Raw(bytes(1480))),
            ('oversized', link / IPv6(**v6) / tcp / Raw(bytes(1441))),
            ('bad_source_mac', Ether(src='53:54:00:12:34:56', dst=EDGE) / IP(**v4) / tcp),
            ('bad_vlan', link / Dot1Q(vlan=42) / Dot1Q(vlan=43) / IP(**v4) / tcp),
            ('bad_arp', link / ARP(op=3, hwsrc=ROUTER, psrc='198.51.100.254', pdst=SERVICE)),
            ('bad_ip_header', link / IP(ttl=0, **v4) / tcp),
            ('bad_ip_header', link / IPv6(hlim=0, **v6) / tcp),
            ('bad_ip_address', link / IP(src='127.0.0.1', dst=SERVICE) / tcp),
            ('bad_ip_address', link / IPv6(src='ff02::1', dst=SERVICE6) / tcp),
            ('ip_options', link / IP(options=[IPOption_NOP()] * 4, **v4) / tcp),
            ('bad_ip_extension', link / IPv6(**v6) / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / tcp),
            ('ip_routing_header', link / IPv6(**v6) / IPv6ExtHdrRouting() / tcp),
            ('bad_ip_protocol', link / IP(proto=132, **v4) / Raw(bytes(20))),
            ('bad_ip_protocol', link / IP(**v4) / ICMPv6EchoRequest())):
        u.dropped(cause, 'port', frame)
    return u
