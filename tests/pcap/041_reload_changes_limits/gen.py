# SPDX-License-Identifier: BSD-3-Clause
"""What a partner has used of its burst stays used; what comes is held to the new limits."""
from edge import *


def limited(**limits):
    return {'partners': [OTHER_ENTRY, dict(PARTNER_ENTRY, limits=dict(connections=1000, **limits))]}


def unit():
    u = Unit(rules=dict(RULES, **limited(new_connections_per_s=10, new_connections_burst=10)))
    u.pace_us = 10
    ports = iter(range(40000, 50000))

    def begin(count):
        for _ in range(count):
            Talk(u, PARTNER, XMPP, remote_port=next(ports)).say_flags('S')

    def over():
        Talk(u, PARTNER, XMPP, remote_port=next(ports)).silently('over_new_connections', 'S')

    begin(5)  # half of the burst
    u.reload(**limited(new_connections_per_s=10, new_connections_burst=8))
    begin(3)
    over()
    # Four times the rate: the debt of 800 ms stays, and new ones come every 25 ms.
    u.reload(**limited(new_connections_per_s=40, new_connections_burst=40))
    begin(8)
    over()
    u.wait_ms(50)
    begin(2)
    over()
    # A partner without limits of its own has the common ones.
    u.reload(limits={'partner': {'new_connections_per_s': 1, 'new_connections_burst': 1,
                                 'connections': 1000}})
    over()
    u.wait_ms(1100)
    begin(1)
    over()
    u.counters['partners/partner.example/drops/over_new_connections'] = 5
    return u
