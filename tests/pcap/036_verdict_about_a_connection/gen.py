# SPDX-License-Identifier: BSD-3-Clause
"""The control plane says whose a connection is: from then on it is marked and counted so."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, UNKNOWN, XMPP, mark=UNKNOWN_CLASS)
    t.establish('other.example')
    t.verdict('verified 1', VERIFIED_OTHER)
    t.both_say()
    bad = Talk(u, PARTNER, XMPP)
    bad.establish()
    bad.verdict('suspicious 2', SUSPICIOUS_PARTNER)
    bad.both_say()
    Talk(u, UNKNOWN, XMPP, remote_port=40009).verdict('verified 1', VERIFIED_OTHER)
    u.show(**{
        'verdicts_taken': 2, 'verdicts_unmatched': 1,
        'partners__other.example__packets_in': 2, 'partners__other.example__packets_out': 1,
        'partners__other.example__flows': 1, 'partners__(unknown)__flows': 0,
        'partners__(unknown)__packets_in': 3, 'partners__(unknown)__flows_opened': 1})
    # A block of the proven partner finds it, wherever it came from.
    u.step('block', 'other.example', 60)
    t.refused_now('blocked_by_verdict')
    u.counters['partners/other.example/refused'] = 1
    return u
