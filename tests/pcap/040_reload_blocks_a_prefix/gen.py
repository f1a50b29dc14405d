# SPDX-License-Identifier: BSD-3-Clause
"""Connections from there are reset at once, though nobody says anything; those whose numbers nobody
knows yet at their next segment, whichever end sends it."""
from edge import *


def unit():
    u = Unit()
    one, reading, new = (Talk(u, PARTNER, XMPP, remote_port=40000 + i) for i in range(3))
    ours = Talk(u, PARTNER, 50000, remote_port=XMPP)
    other = Talk(u, OTHER, XMPP, mark=CLAIMED_OTHER)
    one.establish()
    reading.open()
    reading.say(stream_header()[:30])
    new.say_flags('S')
    new.seq += 1
    ours.announce()
    ours.answer_flags('S')
    ours.ack += 1
    other.open()
    u.reload(partners=[OTHER_ENTRY], blocked={'prefixes': ['192.0.2.0/24']})
    reading.refused_now('blocked_source')
    one.refused_now('blocked_source')
    new.refused_out_at(b'', 'blocked_target', flags='SA')
    ours.refused_at(b'', 'blocked_source', flags='SA')
    Talk(u, PARTNER, XMPP, remote_port=40003).syn_refused('blocked_source')
    other.say(stream_header(sender='other.example'))
    u.reload()
    Talk(u, PARTNER, XMPP, remote_port=40003).say_flags('S')
    u.counters['partners/partner.example/refused'] = 4
    return u
