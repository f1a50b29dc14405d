# SPDX-License-Identifier: BSD-3-Clause
"""One tag: gone on the TAP, back on the port."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP, tag=42)
    t.open()
    t.say(stream_header())
    t.answer_flags('A')
    t.answer_flags('PA', b'<stream:features/>')
    return u
