# SPDX-License-Identifier: BSD-3-Clause
"""A SYN of each kind of source: marked with its class and partner."""
from edge import *


def unit():
    u = Unit()
    for remote, mark in ((PARTNER, CLAIMED_PARTNER), (OTHER, CLAIMED_OTHER),
                         (UNKNOWN, UNKNOWN_CLASS), (PARTNER6, CLAIMED_PARTNER)):
        Talk(u, remote, XMPP, mark=mark).say_flags('S')
    u.counters['flows'] = 4
    return u
