# SPDX-License-Identifier: BSD-3-Clause
"""Other people's addresses, ports and neighbours."""
from edge import *


def unit():
    u = Unit(rules=dict(RULES, service={'addresses': [SERVICE, '198.51.100.2', SERVICE6]}))
    v4 = Ether(src=ROUTER, dst=EDGE)
    u.dropped('source_is_ours', 'port', v4 / IP(src='198.51.100.2', dst=SERVICE) /
              TCP(sport=40000, dport=XMPP))
    for flags in ('S', 'A', 'R'):
        Talk(u, UNKNOWN, 80).silently('not_service', flags)
    u.dropped('not_service', 'port', v4 / IP(src=PARTNER, dst='198.51.100.9') /
              TCP(sport=40000, dport=XMPP))
    everybody = Ether(src=ROUTER, dst='33:33:00:00:00:01')
    u.dropped('nd_not_ours', 'port', everybody / IPv6(
        src='2001:db8::fe', dst='ff02::1', hlim=255) / ICMPv6ND_NS(tgt='2001:db8::77'))
    u.dropped('nd_not_ours', 'port', v4 / IPv6(
        src='2001:db8::fe', dst='2001:db8::77', hlim=255) / ICMPv6ND_NA(tgt='2001:db8::fe'))
    u.crosses_in(v4 / IPv6(
        src='2001:db8::fe', dst=SERVICE6, hlim=255) / ICMPv6ND_NA(tgt='2001:db8::fe'))
    u.dropped('echo_not_ours', 'port', v4 / IP(src=PARTNER, dst='198.51.100.9') / ICMP())
    u.dropped('echo_not_ours', 'tap', Ether(src=EDGE, dst=ROUTER) /
              IP(src='10.0.0.1', dst=PARTNER) / ICMP())
    u.dropped('arp_not_ours', 'tap', Ether(src=EDGE, dst=ROUTER) / ARP(
        op=1, hwsrc=EDGE, psrc='10.0.0.1', pdst='10.0.0.2'))
    return u
