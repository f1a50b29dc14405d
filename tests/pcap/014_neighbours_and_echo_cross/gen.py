# SPDX-License-Identifier: BSD-3-Clause
"""ARP, neighbour discovery and echo for our addresses, unmarked."""
from edge import *


def unit():
    u = Unit()
    u.crosses_in(Ether(src=ROUTER, dst='ff:ff:ff:ff:ff:ff') / ARP(
        op=1, hwsrc=ROUTER, psrc='198.51.100.254', pdst=SERVICE))
    u.crosses_out(Ether(src=EDGE, dst=ROUTER) / ARP(
        op=2, hwsrc=EDGE, psrc=SERVICE, hwdst=ROUTER, pdst='198.51.100.254'))
    u.dropped('arp_not_ours', 'port', Ether(src=ROUTER, dst='ff:ff:ff:ff:ff:ff') / ARP(
        op=1, hwsrc=ROUTER, psrc='198.51.100.254', pdst='198.51.100.9'))
    u.crosses_in(Ether(src=ROUTER, dst='33:33:ff:00:00:01') / IPv6(
        src='2001:db8::fe', dst='ff02::1:ff00:1', hlim=255) / ICMPv6ND_NS(tgt=SERVICE6))
    u.dropped('icmp_type', 'port', Ether(src=ROUTER, dst='33:33:00:00:00:01') / IPv6(
        src='fe80::1', dst='ff02::1', hlim=255) / ICMPv6ND_RA())
    u.crosses_in(Ether(src=ROUTER, dst=EDGE) / IP(src=PARTNER, dst=SERVICE) / ICMP() / Raw(b'ping'))
    u.crosses_in(Ether(src=ROUTER, dst=EDGE) / IPv6(
        src=PARTNER6, dst=SERVICE6) / ICMPv6EchoRequest(data=b'ping'))
    u.crosses_out(Ether(src=EDGE, dst=ROUTER) / IP(
        src=SERVICE, dst=PARTNER) / ICMP(type=0) / Raw(b'ping'))
    return u
