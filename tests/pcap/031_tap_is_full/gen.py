# SPDX-License-Identifier: BSD-3-Clause
"""So many wait for the TAP that there is no room for one more, whoever it comes from."""
import socket
import struct

from edge import *

DIRECT, QUEUES = 64, 2047


def sum16(octets):
    total = sum(struct.unpack(f'!{len(octets) // 2}H', octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def syn(pattern, source):
    """The pattern from another source: scapy would take its time for two thousand."""
    octets = bytearray(pattern)
    octets[26:30] = socket.inet_aton(source)
    octets[24:26] = octets[50:52] = b'\0\0'
    octets[24:26] = sum16(octets[14:34]).to_bytes(2, 'big')
    pseudo = bytes(octets[26:34]) + struct.pack('!HH', 6, 20)
    octets[50:52] = sum16(pseudo + octets[34:54]).to_bytes(2, 'big')
    return bytes(octets)


def unit():
    partners = [{'domain': f'p{i:04}.example', 'protocol': 'xmpp', 'sources': [f'10.1.{i >> 8}.{i & 255}/32']}
                for i in range(DIRECT + QUEUES + 1)]
    u = Unit(rules=dict(RULES, partners=partners), flows=4096)
    pattern = padded(Talk(u, PARTNER, XMPP).from_remote('S'))
    u.step('tap', 'full')
    u.pace_us = 1
    for i in range(DIRECT + QUEUES):
        u.crosses_in(syn(pattern, f'10.1.{i >> 8}.{i & 255}'), mark=0x20000001 + i)
    i = DIRECT + QUEUES
    u.dropped('tap_full', 'port', syn(pattern, f'10.1.{i >> 8}.{i & 255}'))
    u.show(in__held=DIRECT + QUEUES)
    u.step('tap', 'free')
    u.run_on_ms(20)
    u.counters['in/held'] = 0
    return u
