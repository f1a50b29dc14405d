# SPDX-License-Identifier: BSD-3-Clause
"""No room for another connection, until those that came to nothing are forgotten."""
from edge import *


def unit():
    u = Unit(flows=4)
    for port in range(4):
        Talk(u, PARTNER, XMPP, remote_port=41000 + port).say_flags('S')
    Talk(u, PARTNER, XMPP, remote_port=41004).silently('flow_table_full', 'S')
    t = Talk(u, PARTNER, 50000, remote_port=XMPP)
    t.announce()
    t.silently_out('flow_table_full', 'S')
    u.show(flows=4, flow_capacity=4)
    u.wait_ms(61000)
    u.show(flows=0)
    Talk(u, PARTNER, XMPP, remote_port=41004).say_flags('S')
    u.counters['flows'] = 1
    return u
