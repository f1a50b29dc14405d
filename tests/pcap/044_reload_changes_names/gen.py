# SPDX-License-Identifier: BSD-3-Clause
"""First bytes that are half read when names change are judged by those that hold at their end."""
from edge import *


def unit():
    u = Unit()
    local, sender = (Talk(u, PARTNER, XMPP, remote_port=40000 + i) for i in range(2))
    hello = Talk(u, PARTNER, SIP)
    header, said = stream_header(), client_hello()
    for t, first in ((local, header[:60]), (sender, header[:60]), (hello, said[:40])):
        t.open()
        t.say(first)
    u.reload(partners=[OTHER_ENTRY], blocked={'domains': ['partner.example']})
    sender.mark = UNKNOWN_CLASS
    sender.refused_at(header[60:], 'from_blocked')
    u.reload(local=[dict(RULES['local'][0], domain='new.example')])
    local.refused_at(header[60:], 'to_not_ours')
    hello.refused_at(said[40:], 'sni_not_ours')
    t = Talk(u, PARTNER, XMPP, remote_port=40002)
    t.open()
    t.say(stream_header(to='new.example'))
    return u
