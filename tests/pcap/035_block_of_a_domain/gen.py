# SPDX-License-Identifier: BSD-3-Clause
"""A verdict blocks a domain and all below it: its partner's connections, whoever names it, and ours to it."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.establish()
    ours = Talk(u, PARTNER, 50000, remote_port=XMPP)
    ours.announce()
    ours.connect()
    reading = Talk(u, UNKNOWN, XMPP, mark=UNKNOWN_CLASS)
    reading.open()
    reading.say(stream_header(sender='deep.in.partner.example')[:-10])
    u.step('block', '.partner.example', 60)
    for end in (ours, t):  # the flow table is swept from its end
        end.refused_now('blocked_by_verdict')
    Talk(u, PARTNER, XMPP, remote_port=40001).syn_refused('blocked_by_verdict')
    reading.refused_at(stream_header(sender='deep.in.partner.example')[-10:], 'blocked_by_verdict')
    again = Talk(u, PARTNER, 50001, remote_port=XMPP)
    again.announce()
    again.silently_out('blocked_by_verdict', 'S')
    u.step('unblock', '.partner.example')
    again.announce()
    again.connect()
    return u
