# SPDX-License-Identifier: BSD-3-Clause
"""The edge answers SYNs itself and keeps nothing until somebody proves to be there."""
from shake import *


def unit():
    u = reqsk_unit()
    for i, (source, tag) in enumerate(((PARTNER, None), (UNKNOWN, 0x2007), (PARTNER6, None))):
        t = Shaken(u, source, XMPP, remote_port=40000 + i, tag=tag)
        t.shake()
        # Numbers that nobody said.
        t.ack ^= 1 << 16
        t.silently('no_flow', 'R')
        t.silently('bad_cookie', 'PA', stream_header())
        t.silently('bad_cookie', 'FA')
        if source == UNKNOWN:
            t.silently('no_flow', 'A')
        else:  # a partner is told
            t.quietly('A')
            t.reset('no_flow')
    t = Shaken(u, PARTNER, XMPP, remote_port=40010)
    u.dropped('syn_option_twice', 'port', t.syn([('MSS', 1460), ('MSS', 1460)]))
    u.dropped('syn_mss_too_small', 'port', t.syn([('MSS', 100)]))
    u.dropped('bad_tcp_header', 'port', t.syn([('MSS', b'\x05')]))
    t.silently('syn_with_data', 'S', b'x')
    Shaken(u, BLOCKED, XMPP).syn_refused('blocked_source')
    u.counters.update({'flows': 0, 'gathers': 0, 'in/consumed': 6, 'in/forwarded': 0})
    return u
