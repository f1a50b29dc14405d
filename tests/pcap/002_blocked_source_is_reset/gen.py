# SPDX-License-Identifier: BSD-3-Clause
"""A SYN from a blocked prefix is answered with RST; its other segments with silence."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, BLOCKED, XMPP)
    u.send('port', t.from_remote('S'))
    u.expect('port', Ether(src=EDGE, dst=ROUTER) / IP(src=SERVICE, dst=BLOCKED, id=0, flags='DF') /
             TCP(sport=XMPP, dport=40000, flags='RA', seq=0, ack=1001, window=0))
    u.refused('blocked_source')
    u.dropped('no_flow', 'port', t.from_remote('A', b'hello'))
    u.counters['out/made'] = 1
    return u
