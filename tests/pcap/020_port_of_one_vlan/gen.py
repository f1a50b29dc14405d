# SPDX-License-Identifier: BSD-3-Clause
"""A port that was given its tag takes no other, and no frame without one."""
from edge import *


def unit():
    u = Unit(vlan=42)
    Talk(u, PARTNER, XMPP).silently('wrong_vlan', 'S')
    Talk(u, PARTNER, XMPP, tag=43).silently('wrong_vlan', 'S')
    t = Talk(u, PARTNER, XMPP, tag=42)
    t.establish()
    t.both_say()
    # What has no connection gets the port's tag.
    arp = ARP(op=1, hwsrc=EDGE, psrc=SERVICE, pdst='198.51.100.254')
    everybody = Ether(src=EDGE, dst='ff:ff:ff:ff:ff:ff')
    u.send('tap', everybody / arp)
    u.expect('port', bytes(everybody / Dot1Q(vlan=42) / arp) + bytes(18))
    return u
