# SPDX-License-Identifier: BSD-3-Clause
"""Other rules that do not concern a connection: it goes on, wherever it is."""
from edge import *


def unit():
    u = Unit()
    established, reading, new = (Talk(u, PARTNER, XMPP, remote_port=40000 + i) for i in range(3))
    ours = Talk(u, PARTNER, 50000, remote_port=XMPP)
    established.establish()
    reading.open()
    header = stream_header()
    reading.say(header[:30])
    new.say_flags('S')
    ours.announce()
    for i in range(5):
        u.reload(blocked={'domains': [f'bad{i}.example'], 'prefixes': [f'203.0.113.{i}/32']})
        established.both_say()
        reading.say(header[30 + i:31 + i])
    reading.say(header[35:])
    reading.answer_flags('A')
    reading.both_say()
    new.seq += 1
    new.answer_flags('SA')
    new.ack += 1
    new.say_flags('A')
    new.say(header)
    ours.connect()
    u.counters['generation'] = 6
    u.counters['flows'] = 4
    u.counters['partners/partner.example/flows'] = 4
    return u
