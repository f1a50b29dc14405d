# SPDX-License-Identifier: BSD-3-Clause
"""A verdict blocks an address and a prefix: at once, and until it ends or is taken back."""
from edge import *


def unit():
    u = Unit()
    t, other = Talk(u, PARTNER, XMPP), Talk(u, OTHER, XMPP, mark=CLAIMED_OTHER)
    t.establish()
    other.open()
    u.step('block', PARTNER, 60)
    t.refused_now('blocked_by_verdict')
    Talk(u, PARTNER, XMPP, remote_port=40001).syn_refused('blocked_by_verdict')
    Talk(u, '192.0.2.8', XMPP).say_flags('S')  # its neighbour
    other.say(stream_header(sender='other.example'))
    u.step('unblock', PARTNER)
    Talk(u, PARTNER, XMPP, remote_port=40001).say_flags('S')

    u.step('block', '192.0.0.0/22', 2)
    # Of the two that only said SYN nobody knows the numbers yet: they end at their next segment.
    other.refused_now('blocked_by_verdict')
    Talk(u, OTHER, XMPP, remote_port=40001).syn_refused('blocked_by_verdict')
    u.wait_ms(2000)
    Talk(u, OTHER, XMPP, remote_port=40001, mark=CLAIMED_OTHER).say_flags('S')
    return u
