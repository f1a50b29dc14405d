# SPDX-License-Identifier: BSD-3-Clause
"""Ports and addresses come and go; connections to one that is gone stay until they end."""
from edge import *


def unit():
    u = Unit()
    sip = Talk(u, PARTNER, SIP)
    sip.establish()
    Talk(u, PARTNER, 5270).silently('not_service', 'S')
    u.reload(service={'addresses': [SERVICE, SERVICE6], 'ports': {'xmpp': [XMPP, 5270], 'sip': []}})
    sip.both_say()
    Talk(u, PARTNER, SIP, remote_port=40001).silently('not_service', 'S')
    t = Talk(u, PARTNER, 5270)
    t.open()
    t.refused_at(client_hello(), 'wrong_protocol')
    # The same port, another protocol: the next connection is read so.
    u.reload(service={'addresses': [SERVICE], 'ports': {'xmpp': [XMPP], 'sip': [5270]}})
    t = Talk(u, PARTNER, 5270, remote_port=40001)
    t.open()
    t.say(client_hello())
    Talk(u, PARTNER6, XMPP).silently('not_service', 'S')
    sip.both_say()
    return u
