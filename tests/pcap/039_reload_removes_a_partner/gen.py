# SPDX-License-Identifier: BSD-3-Clause
"""Its connections go on under its name; new ones are a stranger's. When it comes back, it is the same."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.establish()
    u.reload(partners=[OTHER_ENTRY])
    t.both_say()
    stranger = Talk(u, PARTNER, XMPP, remote_port=40001, mark=UNKNOWN_CLASS)
    stranger.establish()
    u.show(**{'partners__partner.example__flows': 1, 'partners__(unknown)__flows': 1})
    u.reload()
    t.both_say()
    stranger.both_say()
    Talk(u, PARTNER, XMPP, remote_port=40002).say_flags('S')
    u.counters['partners/partner.example/flows'] = 2
    u.counters['partners/partner.example/flows_opened'] = 2
    u.counters['partners/(unknown)/flows_opened'] = 1
    return u
