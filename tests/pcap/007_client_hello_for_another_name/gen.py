# SPDX-License-Identifier: BSD-3-Clause
"""Server names: ours passes, none passes, another is refused, a lie is refused."""
from edge import *


def unit():
    u = Unit()
    for port, sni in ((40001, 'corp.example'), (40002, None)):
        t = Talk(u, PARTNER, SIP, remote_port=port)
        t.open()
        t.say(client_hello(sni))
    t = Talk(u, PARTNER, SIP, remote_port=40003)
    t.open()
    t.refused_at(client_hello('elsewhere.example'), 'sni_not_ours')
    t = Talk(u, PARTNER, SIP, remote_port=40004)
    t.open()
    lie = bytearray(client_hello())
    lie[51] += 1  # the length of all extensions
    t.refused_at(bytes(lie), 'bad_client_hello')
    return u
