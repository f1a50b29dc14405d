# SPDX-License-Identifier: BSD-3-Clause
"""Before the first rules, and when they are taken back."""
from edge import *


def unit():
    u = Unit(rules=None)
    t = Talk(u, PARTNER, XMPP)
    arp = Ether(src=EDGE, dst='ff:ff:ff:ff:ff:ff') / ARP(hwsrc=EDGE, psrc=SERVICE, pdst='198.51.100.254')
    t.silently('no_rules', 'S')
    u.dropped('no_rules', 'tap', arp)
    u.show(generation=0, flows=0)
    u.reload()
    t.establish()
    u.show(generation=1, flows=1)
    u.step('rules', 'none')
    t.silently('no_rules', 'A', b'<a/>')
    t.silently_out('no_rules', 'A')
    # The connection was not forgotten meanwhile.
    u.reload()
    t.both_say()
    u.counters['generation'] = 2
    return u
