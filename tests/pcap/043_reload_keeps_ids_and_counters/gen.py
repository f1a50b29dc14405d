# SPDX-License-Identifier: BSD-3-Clause
"""A partner whose name sorts before the others comes: nobody else's mark or counter moves."""
from edge import *


def unit():
    u = Unit()
    t, other = Talk(u, PARTNER, XMPP), Talk(u, OTHER, XMPP, mark=CLAIMED_OTHER)
    t.establish()
    other.open()
    seen = {'partners__partner.example__packets_in': 3, 'partners__other.example__packets_in': 2}
    u.show(**seen)
    first = {'domain': 'a.example', 'protocol': 'xmpp', 'sources': ['192.0.1.0/24']}
    u.reload(partners=[first, OTHER_ENTRY, PARTNER_ENTRY])
    u.show(**seen, **{'partners__a.example__id': 3, 'partners__a.example__packets_in': 0})
    Talk(u, '192.0.1.7', XMPP, mark=0x20000003).say_flags('S')
    t.both_say()
    Talk(u, PARTNER, XMPP, remote_port=40001).say_flags('S')
    # Two go, one comes back.
    u.reload(partners=[])
    t.mark = UNKNOWN_CLASS
    t.both_say()
    u.reload(partners=[first])
    Talk(u, '192.0.1.7', XMPP, remote_port=40001, mark=0x20000003).say_flags('S')
    t.both_say()
    u.counters.update({
        'partners/partner.example/id': 2, 'partners/partner.example/packets_in': 3 + 2 + 1,
        'partners/other.example/packets_in': 2, 'partners/a.example/packets_in': 2})
    return u
