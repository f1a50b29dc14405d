# SPDX-License-Identifier: BSD-3-Clause
"""Truncated, fragmented, damaged and strange frames: each its cause."""
from edge import *


def unit():
    u = Unit()
    syn = Talk(u, PARTNER, XMPP).from_remote('S')
    u.send_octets('port', bytes(syn)[:33])
    u.counted('dropped/truncated')
    damaged = bytearray(bytes(syn))
    damaged[40] ^= 1
    u.dropped('bad_tcp_checksum', 'port', bytes(damaged))
    damaged = bytearray(bytes(syn))
    damaged[24] ^= 1
    u.dropped('bad_ip_checksum', 'port', bytes(damaged))
    big = Ether(src=ROUTER, dst=EDGE) / IP(src=PARTNER, dst=SERVICE) / UDP(
        sport=5060, dport=5060) / Raw(b'x' * 3000)
    for piece in fragment(big, 1400):
        u.dropped('ip_fragment', 'port', piece)
    u.dropped('bad_tcp_flags', 'port', Talk(u, PARTNER, XMPP).from_remote('SF'))
    u.dropped('bad_ethertype', 'port', Ether(src=ROUTER, dst=EDGE, type=0x88cc) / Raw(b'lldp'))
    u.dropped('udp_not_allowed', 'port', Ether(src=ROUTER, dst=EDGE) / IP(
        src=PARTNER, dst=SERVICE) / UDP(sport=5060, dport=5060) / Raw(b'OPTIONS'))
    return u
