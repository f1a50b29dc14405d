# SPDX-License-Identifier: BSD-3-Clause
"""One partner for each limit; none of them feels another's."""
from edge import *


def partner(name, number, **limits):
    return {'domain': name, 'protocol': 'xmpp', 'sources': [f'192.0.{number}.0/24'], 'limits': limits}


def unit():
    u = Unit(rules=dict(RULES, partners=[
        partner('a.example', 2, new_connections_per_s=10, new_connections_burst=3, connections=1000),
        partner('b.example', 3, connections=2),
        partner('c.example', 4, packets_per_s=10, packets_burst=20),
        partner('d.example', 5, bytes_per_s=10000, bytes_burst=20000)]))

    def talk(number, port):
        return Talk(u, f'192.0.{number}.7', XMPP, remote_port=port, mark=0x20000000 + number - 1)

    for port in range(3):
        talk(2, 40000 + port).say_flags('S')
    for port in range(3, 5):
        talk(2, 40000 + port).silently('over_new_connections', 'S')
    u.wait_ms(100)
    talk(2, 40003).say_flags('S')  # its SYN comes again

    first = talk(3, 40000)
    first.establish(sender=None)
    talk(3, 40001).say_flags('S')
    talk(3, 40002).syn_refused('over_connections')
    first.answer_flags('RA')
    talk(3, 40002).say_flags('S')

    t = talk(4, 40000)
    t.establish(sender=None)  # five packets; a SYN is counted as a connection
    for _ in range(8):
        t.say(b'<a/>')
        t.answer(b'<b/>')
    t.silently('over_packets', 'PA', b'<a/>')
    t.silently_out('over_packets', 'PA', b'<b/>')
    u.wait_ms(120)
    t.say(b'<a/>')

    t = talk(5, 40000)
    t.establish(sender=None)
    sent = 0
    while sent + 1454 <= 20000 - 500:
        t.say(b'x' * 1400)
        sent += 1454
    t.silently('over_bytes', 'PA', b'x' * 1400)
    u.wait_ms(500)
    t.say(b'x' * 1400)

    for name, cause, times in (('a', 'over_new_connections', 2), ('b', 'over_connections', 1),
                               ('c', 'over_packets', 2), ('d', 'over_bytes', 1)):
        group = 'refusals' if cause == 'over_connections' else 'drops'
        u.counters[f'partners/{name}.example/{group}/{cause}'] = times
    return u
