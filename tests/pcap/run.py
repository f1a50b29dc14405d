#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""run.py REPLAY UNIT_DIRECTORY: generate a unit's captures and steps, play them, compare what left byte
by byte and what was counted. Every cause that the unit does not name must be 0. --keep DIR keeps the
captures. --causes REPLAY UNIT_DIRECTORY...: is there a unit for every cause?"""
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
    from scapy.layers.l2 import Ether
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
        for us, octets in frames:
            file.write(struct.pack('=IIII', us // 1000000, us % 1000000, len(octets), len(octets)))
            file.write(octets)


def read_capture(path):
    with open(path, 'rb') as file:
        octets = file.read()[24:]
    frames = []
    at = 0
    while at < len(octets):
        kept = struct.unpack_from('=IIII', octets, at)[2]
        frames.append(octets[at + 16:at + 16 + kept])
        at += 16 + kept
    return frames


def write_steps(directory, unit):
    for number, text in enumerate(unit.rules):
        with open(os.path.join(directory, f'rules-{number}.yaml'), 'w', encoding='utf-8') as file:
            file.write(text)
    with open(os.path.join(directory, 'steps'), 'w', encoding='utf-8') as file:
        file.writelines(f'{us} {words}\n' for us, words in unit.steps)


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
    *groups, name = path.split('/')
    for key in groups:
        # A partner's causes that are 0 are left out, and so is the group when all are.
        counters = counters.get(key, {}) if key in ('drops', 'refusals') else counters[key]
    return counters.get(name, 0) if groups and groups[-1] in ('drops', 'refusals') else counters[name]


def differences(where, wanted, counters):
    return [f'{where}{path}: expected {value}, got {count(counters, path)}'
            for path, value in wanted.items() if count(counters, path) != value]


def check_counters(unit, counters):
    faults = differences('', unit.counters, counters)
    for kind, group in (('dropped', 'drops'), ('refused', 'refusals')):
        for cause, value in counters[kind].items():
            if value and f'{kind}/{cause}' not in unit.counters:
                faults.append(f'{kind}.{cause}: expected 0, got {value}')
            told = sum(p.get(group, {}).get(cause, 0) for p in counters['partners'].values())
            if told != value:
                faults.append(f'{kind}.{cause}: {value} in all, {told} over the partners')
    return faults


def play(replay, unit, where):
    """Faults, and what was counted on the way and at the end."""
    names = ('send_port', 'send_tap', 'out_port', 'out_tap')
    paths = {name: os.path.join(where, name + '.pcap') for name in names}
    for side in ('port', 'tap'):
        write_capture(paths['send_' + side], unit.sent[side])
    write_steps(where, unit)
    until = max(unit.until_us, unit.now_us + 1000)
    ran = subprocess.run([replay, 'steps', *(os.path.basename(paths[name]) for name in names),
                          str(until)], cwd=where, stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode != 0:
        return [f'replay ended with {ran.returncode}']
    *shown, counters = [json.loads(line) for line in ran.stdout.splitlines()]
    faults = []
    for side in ('port', 'tap'):
        faults += compare(side, unit.expected[side], read_capture(paths['out_' + side]))
    for number, (wanted, seen) in enumerate(zip(unit.shows, shown, strict=True)):
        faults += differences(f'show {number + 1}: ', wanted, seen)
    return faults + check_counters(unit, counters)


# Causes that one worker alone never has, and where they are reached instead.
ELSEWHERE = {'lcore_full': 'tests/ring/test_lcores.c: frames between lcores'}


def check_causes(replay, directories):
    """Every cause is what some unit expects, and every unit is among those that are run."""
    listed = subprocess.run([replay, '--causes'], stdout=subprocess.PIPE, text=True, check=True)
    units = {os.path.basename(d.rstrip('/')): load(d) for d in directories}
    there = {name for name in os.listdir(HERE) if os.path.exists(os.path.join(HERE, name, 'gen.py'))}
    expected = {path.partition('/')[2] for unit in units.values() for path, times in
                unit.counters.items() if times and path.startswith(('dropped/', 'refused/'))}
    faults = [f'{name} is not in meson.build' for name in sorted(there - set(units))]
    faults += [f'no unit expects {cause}' for cause in listed.stdout.split()
               if cause not in expected and cause not in ELSEWHERE]
    for cause, where in ELSEWHERE.items():
        print(f'{cause}: {where}')
    print(f'{len(units)} units, {len(listed.stdout.split())} causes')
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('replay', type=os.path.abspath)
    parser.add_argument('units', nargs='+')
    parser.add_argument('--keep', metavar='DIR')
    parser.add_argument('--causes', action='store_true')
    arguments = parser.parse_args()
    if arguments.causes:
        faults = check_causes(arguments.replay, arguments.units)
    else:
        unit = load(arguments.units[0])
        if not any(unit.sent.values()):
            sys.exit('the unit sends nothing')
        with tempfile.TemporaryDirectory() as scratch:
            where = arguments.keep or scratch
            os.makedirs(where, exist_ok=True)
            faults = play(arguments.replay, unit, where)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
