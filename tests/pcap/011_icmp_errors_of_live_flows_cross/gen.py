# SPDX-License-Identifier: BSD-3-Clause
"""An ICMP error crosses if it quotes a connection that lives."""
from edge import *


def unit():
    u = Unit()
    live, dead = Talk(u, PARTNER, XMPP), Talk(u, PARTNER, XMPP, remote_port=41111)
    live.open()

    def error(quoted):
        return (Ether(src=ROUTER, dst=EDGE) / IP(src='192.0.2.254', dst=SERVICE, ttl=60) /
                ICMP(type=3, code=4, nexthopmtu=1400) / Raw(bytes(quoted)[14:14 + 28]))

    u.crosses_in(error(live.from_kernel('A', b'some data')))
    u.dropped('icmp_no_flow', 'port', error(dead.from_kernel('A', b'some data')))
    # What quotes a segment that we never sent to that partner is refused by the parser.
    u.dropped('bad_icmp_quote', 'port', error(live.from_remote('A', b'some data')))
    return u
