# SPDX-License-Identifier: BSD-3-Clause
"""The TAP takes nothing for a while: a partner that goes on sending fills its own queue only."""
from edge import *

DIRECT, QUEUE, QUANTUM = 64, 256, 1600


def unit():
    u = Unit()
    greedy, other = Talk(u, PARTNER, XMPP), Talk(u, OTHER, XMPP, mark=CLAIMED_OTHER)
    for t, sender in ((greedy, 'partner.example'), (other, 'other.example')):
        t.establish(sender)
    u.step('tap', 'full')
    u.pace_us = 10
    for _ in range(DIRECT + QUEUE):
        greedy.say(b'<a/>')
    greedy.silently('queue_full', 'PA', b'<b/>')
    greedy.silently('queue_full', 'PA', b'<b/>')
    other.say(b'<c/>')
    others = u.expected['tap'].pop()
    u.show(in__held=DIRECT + QUEUE + 1, in__dropped=2)
    # Its turn comes after one quantum of the greedy one's.
    frame = len(padded(greedy.from_remote('A', b'<a/>')))
    u.expected['tap'].insert(len(u.expected['tap']) - QUEUE + QUANTUM // frame, others)
    # The other way is open.
    greedy.answer(b'<d/>')
    u.step('tap', 'free')
    greedy.both_say()
    u.counters['in/held'] = 0
    u.counters['partners/partner.example/drops/queue_full'] = 2
    u.counters['partners/other.example/drops/queue_full'] = 0
    return u
