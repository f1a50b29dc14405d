# SPDX-License-Identifier: BSD-3-Clause
"""A stream header in three segments, then the conversation."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.open()
    header = stream_header()
    for piece in (header[:21], header[21:70], header[70:]):
        t.say(piece)
    t.answer_flags('A')
    t.say(b'<starttls/>')
    t.answer_flags('PA', b'<proceed/>')
    u.counters['partners/partner.example/flows'] = 1
    u.counters['gathers'] = 0
    return u
