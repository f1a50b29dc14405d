# SPDX-License-Identifier: BSD-3-Clause
"""A sender with Nagle, a hello in two segments; what is kept is acknowledged, and written until it is taken."""
from shake import *


def unit():
    u = reqsk_unit()
    header, declaration = stream_header(), b"<?xml version='1.0'?>"
    t = Shaken(u, PARTNER, XMPP, remote_port=40000)
    t.shake()
    t.kept(declaration)
    u.show(gathers=1, flows=1)
    t.quietly('PA', header[len(declaration):])
    t.seq = t.base + len(header)
    t.handed(header)
    # The kernel has no room for it: once more every quarter of a second.
    u.wait_ms(600)
    t.handed(header)
    t.handed(header)
    t.answer_flags('A')
    t.both_say()

    # It gives up, and answers what we had under way with another RST: nothing of that is the kernel's.
    gone = Shaken(u, PARTNER, XMPP, remote_port=40003)
    gone.shake()
    gone.kept(declaration)
    gone.quietly('R')
    u.show(gathers=0, flows=2)
    gone.silently('flow_closed', 'R')
    gone.silently('flow_closed', 'RA')
    gone.seq += 100000
    gone.shake()
    gone.first(header)
    gone.answer_flags('A')
    gone.both_say()

    early = Shaken(u, PARTNER, XMPP, remote_port=40001)
    early.shake()
    early.kept(declaration)
    early.quietly('FA', b'<stream')
    early.reset('closed_early')

    slow = Shaken(u, PARTNER, XMPP, remote_port=40002)
    slow.shake()
    slow.kept(declaration)
    u.run_on_ms(5100)
    u.expect('port', slow._ours('RA', slow.ack, slow.seq, 0))
    u.refused('too_late')
    u.counted('late')
    u.counters['gathers'] = 0
    return u
