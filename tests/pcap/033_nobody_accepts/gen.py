# SPDX-License-Identifier: BSD-3-Clause
"""The control plane is away: new connections are told, those that are there go on."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.establish()
    u.step('control', 'down')
    t.both_say()
    Talk(u, PARTNER, XMPP, remote_port=40001).syn_refused('control_down')
    Talk(u, UNKNOWN, XMPP).syn_refused('control_down')
    u.step('control', 'up')
    Talk(u, PARTNER, XMPP, remote_port=40001).say_flags('S')
    return u
