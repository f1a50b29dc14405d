# SPDX-License-Identifier: BSD-3-Clause
"""Sources that nobody knows share the limits of their /24."""
from edge import *


def unit():
    u = Unit(rules=dict(RULES, limits={'unknown': {'connections': 4}}))

    def talk(source, port):
        return Talk(u, source, XMPP, remote_port=port, mark=UNKNOWN_CLASS)

    first = talk('192.0.9.1', 40000)
    first.establish()
    for i in range(3):
        talk(f'192.0.9.{10 + i}', 40000).say_flags('S')
    talk('192.0.9.20', 40000).syn_refused('over_connections')
    first.answer_flags('RA')
    talk('192.0.9.20', 40000).say_flags('S')
    talk('192.0.9.21', 40000).syn_refused('over_connections')
    u.reload(limits={'unknown': {'connections': 100}})
    talk('192.0.9.21', 40000).silently('over_new_connections', 'S')
    talk('192.0.8.21', 40000).say_flags('S')
    u.wait_ms(1000)
    talk('192.0.9.21', 40000).say_flags('S')
    u.counters['partners/(unknown)/refusals/over_connections'] = 2
    u.counters['partners/(unknown)/drops/over_new_connections'] = 1
    return u
