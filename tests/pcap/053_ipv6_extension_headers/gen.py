# SPDX-License-Identifier: BSD-3-Clause
"""A few small ones in front of a segment pass, up to the connection's first; more, longer or odd ones do not."""
from scapy.layers.inet6 import IPv6ExtHdrFragment, PadN

from shake import *


def behind(headers, frame):
    """The frame's segment behind extension headers."""
    ip = frame[IPv6].copy()
    segment = ip.payload
    ip.remove_payload()
    for header in headers:
        ip = ip / header
    built = Ether(src=frame.src, dst=frame.dst) / ip / segment
    del built[IPv6].plen
    return built


def padding(octets):
    return IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(octets - 4))])


def unit():
    u = reqsk_unit()
    few = (IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]), padding(16))
    t = Shaken(u, PARTNER6, XMPP)
    t.shake()
    frame = behind(few, t.from_remote('PA', stream_header()))
    u.send('port', frame)
    u.expected['tap'].append(marked(padded(frame), t.mark | FIRST))
    t.seq += len(stream_header())
    t.answer_flags('A')
    u.crosses_in(behind(few, t.from_remote('A')), t.mark)
    for cause, headers in (
            ('bad_ip_extension', [padding(8)] * 5),
            ('bad_ip_extension', [padding(240), padding(240)]),
            ('bad_ip_extension', [padding(8), IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))])]),
            ('ip_routing_header', [IPv6ExtHdrRouting()]),
            ('ip_fragment', [IPv6ExtHdrFragment()])):
        u.dropped(cause, 'port', behind(headers, t.from_remote('A')))
    t.both_say()
    return u
