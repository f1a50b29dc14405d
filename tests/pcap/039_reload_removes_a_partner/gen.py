# SPDX-License-Identifier: BSD-3-Clause
"""Its connections go on as a stranger's, and so do new ones. When it comes back, those
that once were its own are so again."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.establish()
    u.reload(partners=[OTHER_ENTRY])
    t.mark = UNKNOWN_CLASS
    t.both_say()
    stranger = Talk(u, PARTNER, XMPP, remote_port=40001, mark=UNKNOWN_CLASS)
    stranger.establish()
    u.show(**{'partners__partner.example__flows': 0, 'partners__(unknown)__flows': 2})
    u.reload()
    t.mark = CLAIMED_PARTNER
    t.both_say()
    stranger.both_say()
    Talk(u, PARTNER, XMPP, remote_port=40002).say_flags('S')
    u.counters['partners/partner.example/flows'] = 2
    u.counters['partners/partner.example/flows_opened'] = 2
    u.counters['partners/(unknown)/flows_opened'] = 1
    return u
