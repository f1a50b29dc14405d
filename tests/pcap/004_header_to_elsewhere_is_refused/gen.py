# SPDX-License-Identifier: BSD-3-Clause
"""`to` names a domain that is not ours: both ends are reset."""
from edge import *


def unit():
    u = Unit()
    for port, header, cause in (
            (40001, stream_header(to='elsewhere.example'), 'to_not_ours'),
            (40002, stream_header(to=None), 'to_missing'),
            (40003, stream_header(sender='deep.in.bad.example'), 'from_blocked')):
        t = Talk(u, PARTNER, XMPP, remote_port=port)
        t.open()
        t.say(header[:60])
        t.refused_at(header[60:], cause)
    return u
