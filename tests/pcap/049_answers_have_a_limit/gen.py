# SPDX-License-Identifier: BSD-3-Clause
"""SYNs of one network are not answered without end; others do not notice."""
from shake import *


def unit():
    u = reqsk_unit()
    u.pace_us = 0
    for i in range(1000):
        t = Shaken(u, f'192.0.9.{i % 250 + 1}', XMPP, remote_port=30000 + i, mark=UNKNOWN_CLASS)
        t.shake()
    for i in range(3):
        u.dropped('syn_over_answers', 'port', Shaken(u, UNKNOWN, XMPP, remote_port=40000 + i).syn())
    Shaken(u, '192.0.8.1', XMPP).shake()
    Shaken(u, PARTNER, XMPP).shake()
    u.counters.update({'flows': 0, 'in/consumed': 2004})
    return u
