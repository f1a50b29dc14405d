# SPDX-License-Identifier: BSD-3-Clause
"""What the kernel sends meanwhile waits, as far as there is room."""
from edge import *

ROOM = 256


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.establish()
    u.step('port', 'full')
    u.pace_us = 10
    for _ in range(ROOM):
        t.answer(b'<a/>')
    t.silently_out('port_full', 'PA', b'<b/>')
    t.say_flags('A')  # the other way is open
    u.show(out__held=ROOM, out__dropped=1)
    # No room for a RST either.
    u.send('port', Talk(u, BLOCKED, XMPP).from_remote('S'))
    u.counted('dropped/blocked_source')
    u.step('port', 'free')
    t.both_say()
    u.counters['out/held'] = 0
    u.counters['resets_lost'] = 1
    return u
