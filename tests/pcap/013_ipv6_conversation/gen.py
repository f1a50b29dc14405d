# SPDX-License-Identifier: BSD-3-Clause
"""The same over IPv6."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER6, XMPP)
    t.open()
    t.say(stream_header())
    t.answer_flags('A')
    t = Talk(u, PARTNER6, SIP, remote_port=40001)
    t.open()
    t.refused_at(b'INVITE sip:alice@corp.example SIP/2.0\r\n', 'wrong_protocol')
    return u
