# SPDX-License-Identifier: BSD-3-Clause
"""While they are read, a segment that the kernel might see otherwise than the reader stays out."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.open()
    header = stream_header()
    t.say(header[:30])
    t.silently('out_of_order', 'PA', header[40:50], ahead=10)
    t.silently('out_of_order', 'PA', b'x' + header[:10], ahead=-31)
    t.silently('overlap_differs', 'PA', b'y' + header[21:40], ahead=-10)
    t.say_flags('PA', header[30:40])
    t.silently('urgent_data', 'PAU', header[30:40])
    t.ack += 1
    t.silently('bad_ack', 'PA', header[30:40])
    t.ack -= 1
    # The same bytes once more, and on.
    u.send('port', t.from_remote('PA', header[20:50], ahead=-10))
    u.expected['tap'].append(marked(padded(t.from_remote('PA', header[20:50], ahead=-10)), CLAIMED_PARTNER))
    t.seq += 20
    t.say(header[50:])
    t.answer_flags('A')
    # From here on the kernel sorts out what comes.
    t.say_flags('PAU', b'<a/>')
    return u
