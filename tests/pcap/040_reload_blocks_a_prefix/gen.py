# SPDX-License-Identifier: BSD-3-Clause
"""A connection from there ends at its next segment, whichever end sends it."""
from edge import *


def unit():
    u = Unit()
    one, two, reading = (Talk(u, PARTNER, XMPP, remote_port=40000 + i) for i in range(3))
    other = Talk(u, OTHER, XMPP, mark=CLAIMED_OTHER)
    for t in (one, two):
        t.establish()
    reading.open()
    reading.say(stream_header()[:30])
    other.open()
    u.reload(partners=[OTHER_ENTRY], blocked={'prefixes': ['192.0.2.0/24']})
    one.refused_at(b'<a/>', 'blocked_source')
    two.refused_out_at(b'<a/>', 'blocked_target')
    reading.refused_at(stream_header()[30:], 'blocked_source')
    Talk(u, PARTNER, XMPP, remote_port=40003).syn_refused('blocked_source')
    other.say(stream_header(sender='other.example'))
    u.reload()
    Talk(u, PARTNER, XMPP, remote_port=40003).say_flags('S')
    u.counters['partners/partner.example/refused'] = 3
    return u
