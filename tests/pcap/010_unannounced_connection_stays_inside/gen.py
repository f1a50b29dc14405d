# SPDX-License-Identifier: BSD-3-Clause
"""What the kernel sends of its own accord."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, 50000, remote_port=XMPP)
    u.dropped('outbound_unexpected', 'tap', t.from_kernel('S'))
    u.dropped('outbound_no_flow', 'tap', t.from_kernel('A'))
    u.dropped('outbound_not_allowed', 'tap', Ether(src=EDGE, dst=ROUTER) / IP(
        src=SERVICE, dst='9.9.9.9') / UDP(sport=40000, dport=53) / Raw(b'query'))
    return u
