# SPDX-License-Identifier: BSD-3-Clause
"""They leave if they were announced, while the announcement holds, and not to who is blocked."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, 50000, remote_port=XMPP)
    t.silently_out('outbound_unexpected', 'S')
    t.announce()
    t.connect()
    t.answer(stream_header(to='partner.example', sender='corp.example'))
    t.both_say()
    t = Talk(u, PARTNER, 50001, remote_port=XMPP)
    t.announce(ms=100)
    u.wait_ms(101)
    t.silently_out('outbound_unexpected', 'S')
    t = Talk(u, BLOCKED, 50002, remote_port=XMPP)
    t.announce()
    t.silently_out('blocked_target', 'S')
    u.counters['expectations'] = 0
    u.counters['partners/partner.example/flows'] = 1
    return u
