# SPDX-License-Identifier: BSD-3-Clause
"""A source MAC that says it is a mark, and a MAC that is not ours."""
from edge import *


def unit():
    u = Unit()
    syn = Talk(u, UNKNOWN, XMPP).from_remote('S')
    syn[Ether].src = mark_mac(CLAIMED_PARTNER)
    u.dropped('marked_from_outside', 'port', syn)
    syn = Talk(u, PARTNER, XMPP).from_remote('S')
    syn[Ether].dst = '52:54:00:ed:9e:02'
    u.dropped('not_our_mac', 'port', syn)
    return u
