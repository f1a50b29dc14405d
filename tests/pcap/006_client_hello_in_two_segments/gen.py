# SPDX-License-Identifier: BSD-3-Clause
"""A ClientHello of 1.9 kB, as post-quantum key shares make it."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, SIP)
    t.open()
    hello = client_hello(filler=1800)
    t.say(hello[:1400])
    t.say(hello[1400:])
    t.answer_flags('PA', b'server hello')
    return u
