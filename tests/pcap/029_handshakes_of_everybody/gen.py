# SPDX-License-Identifier: BSD-3-Clause
"""However many strangers come, partners find their share of new connections."""
from edge import *


def unit():
    u = Unit(rules=dict(RULES, limits={
        'handshakes_per_s': 10, 'handshakes_burst': 20, 'handshakes_reserved_percent': 50}))
    u.pace_us = 10
    for i in range(15):
        t = Talk(u, f'10.0.{i}.1', XMPP, mark=UNKNOWN_CLASS)
        if i < 10:
            t.say_flags('S')
        else:
            t.silently('unknown_over_limit', 'S')
    for i in range(15):
        t = Talk(u, PARTNER, XMPP, remote_port=41000 + i)
        if i < 10:
            t.say_flags('S')
        else:
            t.silently('over_handshakes', 'S')
    u.wait_ms(200)
    Talk(u, PARTNER, XMPP, remote_port=41010).say_flags('S')
    u.counters['partners/partner.example/drops/over_handshakes'] = 5
    return u
