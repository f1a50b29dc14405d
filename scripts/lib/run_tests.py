# SPDX-License-Identifier: BSD-3-Clause
"""Run suites through meson and count tests, not programs: what cmocka and pytest ran inside."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

CMOCKA = re.compile(r"^\[  (PASSED|SKIPPED|FAILED ) *\] (\d+) test\(s\)", re.MULTILINE)
PYTEST = re.compile(r"^(?:=+ )?(\d+ (?:passed|failed|skipped|error).*) in [\d.]+s", re.MULTILINE)

ALONE = ("net", "fresh", "bpf")
# Most of their time is waiting for what must not happen, or for a time limit.
WAITING = ("unit",)
TESTS_A_PROCESSOR = 3


def count_inside(log):
    """(passed, failed, skipped) as the program itself said, or None if it is one test."""
    cmocka = CMOCKA.findall(log)
    if cmocka:
        by = {}
        for word, number in cmocka:
            by[word.strip()] = by.get(word.strip(), 0) + int(number)
        return by.get("PASSED", 0), by.get("FAILED", 0), by.get("SKIPPED", 0)
    pytest = PYTEST.findall(log)
    if pytest:
        by = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", pytest[-1])}
        return by.get("passed", 0), by.get("failed", 0) + by.get("errors", 0) + by.get("error", 0), by.get("skipped", 0)
    return None


def run_suite(build, suite):
    log = build / "meson-logs" / f"testlog-{suite}.json"
    if log.exists():
        log.unlink()
    command = ["meson", "test", "-C", str(build), "--no-rebuild", "--logbase", f"testlog-{suite}", "--suite", suite]
    if suite in ALONE:
        command += ["--num-processes", "1"]
    elif suite in WAITING:
        command += ["--num-processes", str(TESTS_A_PROCESSOR * (os.cpu_count() or 1))]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if not log.exists():
        print(f"{suite}: no test ran\n{done.stdout}")
        return 0, 1, 0
    passed = failed = skipped = 0
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        said = entry.get("stdout", "") + entry.get("stderr", "")
        inside = count_inside(said)
        result = entry["result"]
        if result == "SKIP":
            counts = (0, 0, max(1, sum(inside) if inside else 1))
        elif result == "OK":
            counts = inside if inside and not inside[1] else (1, 0, 0)
        else:
            counts = inside if inside and inside[1] else (inside[0] if inside else 0, 1, inside[2] if inside else 0)
        if result not in ("OK", "SKIP"):
            print(f"--- {suite}: {entry['name']}: {result}\n{said}")
        elif counts[2]:
            reasons = [l for l in said.splitlines() if "skip" in l.lower()]
            print(f"--- {suite}: {entry['name']}: skipped: " + ("; ".join(reasons[-3:]) or "no reason given"))
        passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
    print(f"{suite}: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--tally", type=pathlib.Path, help="add the counts to this file and print no total")
    parser.add_argument("--sum", action="store_true", help="print the total of the tally")
    parser.add_argument("suites", nargs="*")
    args = parser.parse_args()
    totals = [0, 0, 0]
    if args.sum:
        for line in args.tally.read_text(encoding="ascii").splitlines():
            totals = [a + int(b) for a, b in zip(totals, line.split())]
    for suite in args.suites:
        totals = [a + b for a, b in zip(totals, run_suite(args.build, suite))]
    if args.tally and not args.sum:
        with open(args.tally, "a", encoding="ascii") as file:
            file.write(" ".join(map(str, totals)) + "\n")
    else:
        print("{} passed, {} failed, {} skipped".format(*totals))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
