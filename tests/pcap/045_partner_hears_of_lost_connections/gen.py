# SPDX-License-Identifier: BSD-3-Clause
"""Segments of connections that nobody here knows: partners are answered with RST, so that they begin
anew; strangers, and partners that are blocked, hear nothing."""
from edge import *


def unit():
    u = Unit()

    def told(t, cause):
        u.send('port', t.from_remote('A', b'hello'))
        u.expect('port', Ether(src=EDGE, dst=ROUTER) / IP(src=SERVICE, dst=t.remote, id=0, flags='DF') /
                 TCP(sport=t.port, dport=t.remote_port, flags='R', seq=t.ack, ack=0, window=0))
        u.refused(cause)

    told(Talk(u, PARTNER, XMPP), 'no_flow')
    told(Talk(u, PARTNER, 50000, remote_port=XMPP), 'not_service')
    Talk(u, PARTNER, XMPP).silently('no_flow', 'R')
    Talk(u, UNKNOWN, XMPP).silently('no_flow', 'A', b'hello')
    Talk(u, BLOCKED, XMPP).silently('no_flow', 'A', b'hello')
    u.step('block', 'partner.example', 60)
    Talk(u, PARTNER, XMPP).silently('no_flow', 'A', b'hello')
    told(Talk(u, OTHER, XMPP), 'no_flow')
    return u
