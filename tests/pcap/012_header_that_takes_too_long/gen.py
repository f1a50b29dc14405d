# SPDX-License-Identifier: BSD-3-Clause
"""Half a header, then nothing for five seconds: both ends are reset."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.open()
    t.say(stream_header()[:50])
    u.run_on_ms(5100)
    t.refused_now('too_late')
    return u
