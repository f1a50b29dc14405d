# SPDX-License-Identifier: BSD-3-Clause
"""Too many of them, in too many pieces, from too many at once, or not taken by the kernel."""
from edge import *


def unit():
    u = Unit(gathers=2)
    header = stream_header()
    t = Talk(u, PARTNER, XMPP, remote_port=40001)
    t.open()
    for i in range(7):
        t.say(header[i:i + 1])
    t.refused_at(header[7:8], 'too_many_segments')

    t = Talk(u, PARTNER, XMPP, remote_port=40002)
    t.open()
    endless = header[:-1] + b''.join(b" x%d='%s'" % (i, b'y' * 1000) for i in range(5))
    t.say(endless[:1400])
    t.say(endless[1400:2800])
    t.refused_at(endless[2800:4200], 'too_many_bytes')

    t = Talk(u, PARTNER, XMPP, remote_port=40003)
    t.open()
    t.refused_at(header[:-1] + b" to='corp.example'>", 'bad_stream_header')

    begun = [Talk(u, PARTNER, XMPP, remote_port=40010 + i) for i in range(2)]
    for t in begun:
        t.open()
        t.say(header[:30])
    late = Talk(u, PARTNER, XMPP, remote_port=40012)
    late.open()
    late.silently('gather_full', 'PA', header[:30])
    # What is complete in one segment needs no room.
    late.say(header)
    u.show(gathers=2)
    for t in begun:
        t.say(header[30:])
    begun[0].answer_flags('A')
    late.answer_flags('A')
    # The kernel did not acknowledge the other one's.
    u.run_on_ms(5100)
    begun[1].refused_now('not_acknowledged')
    u.counters['gathers'] = 0
    return u
