#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""run.py REPLAY UNIT_DIRECTORY: generate a unit's captures, play them, compare what left byte by byte
and what was counted. Every cause that the unit does not name must be 0. --keep DIR keeps the captures."""
import argparse
import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77

try:
    from scapy.all import Ether
except ImportError:
    print('skipped: python3-scapy is not installed for', sys.executable)
    sys.exit(SKIPPED)
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True


def load(directory):
    spec = importlib.util.spec_from_file_location('gen', os.path.join(directory, 'gen.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.unit()


def write_capture(path, frames):
    """The classic format; octets as they are, malformed ones too."""
    with open(path, 'wb') as file:
        file.write(struct.pack('=IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for ms, octets in frames:
            file.write(struct.pack('=IIII', ms // 1000, ms % 1000 * 1000, len(octets), len(octets)))
            file.write(octets)


def read_capture(path):
    with open(path, 'rb') as file:
        octets = file.read()[24:]
    frames = []
    while octets:
        kept = struct.unpack('=IIII', octets[:16])[2]
        frames.append(octets[16:16 + kept])
        octets = octets[16 + kept:]
    return frames


def compare(side, expected, got):
    faults = []
    for i in range(max(len(expected), len(got))):
        want = expected[i] if i < len(expected) else None
        have = got[i] if i < len(got) else None
        if want == have:
            continue
        faults.append(f'{side}, frame {i + 1}:')
        for label, octets in (('expected', want), ('got', have)):
            text = 'nothing' if octets is None else Ether(octets).summary() + ' ' + octets.hex()
            faults.append(f'  {label}: {text}')
    return faults


def count(counters, path):
    for key in path.split('/'):
        counters = counters[key]
    return counters


def check_counters(unit, counters):
    faults = []
    for path, value in unit.counters.items():
        if count(counters, path) != value:
            faults.append(f'{path}: expected {value}, got {count(counters, path)}')
    for kind in ('dropped', 'refused'):
        for cause, value in counters[kind].items():
            if value and f'{kind}/{cause}' not in unit.counters:
                faults.append(f'{kind}.{cause}: expected 0, got {value}')
    for side in ('in', 'out'):
        c = counters[side]
        if c['received'] != sum(c[k] for k in
                                ('forwarded', 'answered', 'consumed', 'held', 'dropped')):
            faults.append(f'{side}: received and fates differ: {c}')
    if counters['in']['received'] != len(unit.sent['port']):
        faults.append(f"received {counters['in']['received']} of {len(unit.sent['port'])}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('replay')
    parser.add_argument('unit')
    parser.add_argument('--keep', metavar='DIR')
    arguments = parser.parse_args()
    unit = load(arguments.unit)
    if not any(unit.sent.values()):
        sys.exit('the unit sends nothing')
    with tempfile.TemporaryDirectory() as scratch:
        where = arguments.keep or scratch
        os.makedirs(where, exist_ok=True)
        paths = {name: os.path.join(where, name + '.pcap')
                 for name in ('send_port', 'send_tap', 'out_port', 'out_tap')}
        for side in ('port', 'tap'):
            write_capture(paths['send_' + side], unit.sent[side])
        until = max(unit.until_ms, unit.now_ms + 1)
        ran = subprocess.run(
            [arguments.replay, os.path.join(HERE, 'rules.yaml'), paths['send_port'],
             paths['send_tap'], paths['out_port'], paths['out_tap'], str(until)],
            stdout=subprocess.PIPE, text=True, check=False)
        if ran.returncode != 0:
            sys.exit(f'replay ended with {ran.returncode}')
        faults = []
        for side in ('port', 'tap'):
            faults += compare(side, unit.expected[side], read_capture(paths['out_' + side]))
        faults += check_counters(unit, json.loads(ran.stdout.splitlines()[-1]))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
