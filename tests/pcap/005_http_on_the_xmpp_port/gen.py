# SPDX-License-Identifier: BSD-3-Clause
"""HTTP where XMPP belongs: refused at its first segment."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, UNKNOWN, XMPP, mark=UNKNOWN_CLASS)
    t.open()
    t.refused_at(b'GET / HTTP/1.1\r\nHost: corp.example\r\n\r\n', 'wrong_protocol')
    return u
