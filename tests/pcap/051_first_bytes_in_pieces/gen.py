# SPDX-License-Identifier: BSD-3-Clause
"""A hello of two segments before the kernel knows of it, one octet a segment, and a version from before TLS 1.2."""
from shake import *


def unit():
    u = reqsk_unit()
    hello = client_hello(filler=1800)
    for i, (source, longest) in enumerate(((PARTNER, 1460), (PARTNER6, 1440))):
        t = Shaken(u, source, SIP, remote_port=40000 + i)
        t.shake()
        t.kept(hello[:1400])
        t.quietly('PA', hello[1400:])
        t.seq = t.base + len(hello)
        # In segments as long as the TAP takes them; the first may begin the connection.
        for at, flags, mark in ((0, 'A', t.mark | FIRST), (longest, 'PA', t.mark)):
            frame = t._segment(True, flags, hello[at:at + longest], t.base + at, t.ack, False, 64)
            u.expect('tap', marked(padded(frame), mark))
        t.answer_flags('A')
        t.both_say()

        t = Shaken(u, source, XMPP, remote_port=40010 + i)
        t.shake()
        header = stream_header()
        for at in range(7):
            t.kept(header[at:at + 1])
        t.quietly('PA', header[7:8])
        t.seq += 1
        t.reset('too_many_segments')

        old = bytearray(client_hello())
        old[9:11] = b'\x03\x02'
        versions = old.index(b'\x00\x2b\x00\x03\x02\x03\x04')
        old[versions + 6] = 2
        t = Shaken(u, source, SIP, remote_port=40020 + i)
        t.shake()
        t.quietly('PA', bytes(old))
        t.reset('tls_too_old')
    u.counters.update({'gathers': 0, 'partners/partner.example/flows': 2})
    return u
