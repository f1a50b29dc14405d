# SPDX-License-Identifier: BSD-3-Clause
"""What the first bytes say is known before the kernel hears of the connection."""
from shake import *

WRONG = ((XMPP, b'GET / HTTP/1.1\r\n\r\n', 'wrong_protocol'),
         (XMPP, stream_header(to='bank.example'), 'to_not_ours'),
         (XMPP, stream_header(sender='a.bad.example'), 'from_blocked'),
         (SIP, client_hello('elsewhere.example'), 'sni_not_ours'))


def unit():
    u = reqsk_unit()
    for i, (port, said, cause) in enumerate(WRONG):
        t = Shaken(u, PARTNER, port, remote_port=40000 + i)
        t.shake()
        t.quietly('PA', said)
        t.reset(cause)
    t = Shaken(u, PARTNER, XMPP, remote_port=40010)
    t.shake()
    t.quietly('FA')
    t.reset('closed_early')
    t.silently('urgent_data', 'UA', stream_header())
    for i, (source, port, said) in enumerate(((PARTNER, XMPP, stream_header()), (PARTNER6, SIP, client_hello()))):
        t = Shaken(u, source, port, remote_port=40020 + i)
        t.shake()
        t.first(said)
        t.answer_flags('A')
        t.both_say()
    u.counters.update({'flows': 2, 'partners/partner.example/refused': 4,
                       'partners/partner.example/flows_opened': 2})
    return u
