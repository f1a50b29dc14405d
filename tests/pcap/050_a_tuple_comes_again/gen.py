# SPDX-License-Identifier: BSD-3-Clause
"""The same address and port after the end: TIME_WAIT makes way, a cookie opens nothing twice, an open connection
is not disturbed."""
from shake import *


def unit():
    u = reqsk_unit()
    t = Shaken(u, PARTNER, XMPP)
    t.shake()
    t.first(stream_header())
    t.answer_flags('A')
    # Somebody in its name: a challenge, which takes nothing from it.
    again = Shaken(u, PARTNER, XMPP)
    again.seq = 777
    u.send('port', again.syn())
    u.expect('port', again._ours('A', t.ack - 1, t.seq, 0))
    t.both_say()
    t.say_flags('FA')
    t.seq += 1
    t.answer_flags('FA')
    t.ack += 1
    t.say_flags('A')
    u.dropped('flow_closed', 'port', t._segment(True, 'PA', stream_header(), t.base, t.ack - 1 - len(b'<a/>'), False, 57))
    again.shake()
    u.send('port', again.from_remote('PA', stream_header()))
    again.make_way(t.seq)
    u.expected['tap'].append(marked(padded(again.from_remote('PA', stream_header())), again.mark | FIRST))
    again.seq += len(stream_header())
    # The kernel answers for the old one after all.
    u.send('tap', t.from_kernel('A'))
    again.make_way(t.seq)
    again.answer_flags('A')
    again.both_say()
    u.counters['flows'] = 1
    return u
