# SPDX-License-Identifier: BSD-3-Clause
"""SYNs that fit no handshake, data before it, and what comes after the end."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP)
    t.silently('syn_with_data', 'S', b'<stream')
    t.say_flags('S')
    t.seq += 1
    t.silently('early_data', 'PA', b'<stream')
    t.answer_flags('SA')
    t.ack += 1
    t.silently('syn_unexpected', 'SA')
    t.say_flags('A')
    t.say(stream_header())
    t.answer_flags('A')
    t.silently('syn_unexpected', 'SA')
    # A SYN within a live connection is the kernel's to challenge.
    t.say_flags('S')
    # The kernel ends it: what comes then is of no connection.
    t.answer_flags('RA')
    t.silently('flow_closed', 'PA', b'<a/>')
    # The remote is told again that it was refused, but for a RST.
    t = Talk(u, PARTNER, XMPP, remote_port=40001)
    t.open()
    t.refused_at(b'HELO', 'wrong_protocol')
    u.send('port', t.from_remote('PA', b'HELO'))
    u.expect('port', Ether(src=EDGE, dst=ROUTER) / IP(src=SERVICE, dst=PARTNER, id=0, flags='DF') / TCP(
        sport=XMPP, dport=40001, flags='R', seq=t.ack, ack=0, window=0))
    u.refused('flow_refused')
    t.silently('flow_refused', 'R')
    # Our own connections are not the remote's to open.
    t = Talk(u, PARTNER, 50000, remote_port=XMPP)
    t.announce()
    t.connect()
    t.silently('syn_unexpected', 'S')
    return u
