# SPDX-License-Identifier: BSD-3-Clause
"""A name that no rule names, once it is proven, neither takes from the strangers around it nor gives to them."""
from edge import *

NEIGHBOUR = '192.0.9.10'
VERIFIED = 0x30000000


def unit():
    u = Unit(rules=dict(
        RULES, limits={'unknown': {'packets_per_s': 1, 'packets_burst': 10}},
        discovery={'enabled': True, 'limits': {'packets_per_s': 1, 'packets_burst': 4}}))
    t = Talk(u, UNKNOWN, XMPP, mark=UNKNOWN_CLASS)
    stranger = Talk(u, NEIGHBOUR, XMPP, mark=UNKNOWN_CLASS)
    t.establish(None)  # five packets each; a SYN is counted as a connection
    stranger.establish(None)
    stranger.say(b'<a/>')
    stranger.answer(b'<b/>')
    stranger.silently('over_packets', 'PA', b'<a/>')
    t.silently('over_packets', 'PA', b'<a/>')
    t.verdict('verified 0 found.example', VERIFIED)
    for _ in range(2):
        t.say(b'<a/>')
        t.answer(b'<b/>')
    t.silently('over_packets', 'PA', b'<a/>')
    t.silently_out('over_packets', 'PA', b'<b/>')
    # What its network has left is not its, and the other way round.
    u.wait_ms(1000)
    stranger.say(b'<a/>')
    stranger.silently('over_packets', 'PA', b'<a/>')
    t.say(b'<a/>')
    t.silently('over_packets', 'PA', b'<a/>')
    # It is none of its network's: a third stranger begins as if it were not there.
    Talk(u, '192.0.9.11', XMPP, mark=UNKNOWN_CLASS).say_flags('S')
    Talk(u, '192.0.9.12', XMPP, mark=UNKNOWN_CLASS).syn_refused('over_connections')
    u.counters['partners/(unknown)/drops/over_packets'] = 6
    u.counters['partners/(unknown)/refusals/over_connections'] = 1
    return u
