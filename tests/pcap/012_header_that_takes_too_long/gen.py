# SPDX-License-Identifier: BSD-3-Clause
"""Half a header, then nothing for five seconds: both ends are reset."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.open()
    t.say(stream_header()[:50])
    u.wait_ms(5100)
    u.expect('port', Ether(src=EDGE, dst=ROUTER) / IP(src=SERVICE, dst=PARTNER, id=0, flags='DF') /
             TCP(sport=XMPP, dport=40000, flags='RA', seq=t.ack, ack=t.seq, window=0))
    t.reset_to_kernel()
    u.refused('too_late')
    u.counters['late'] = 1
    u.until_ms = u.now_ms
    return u
