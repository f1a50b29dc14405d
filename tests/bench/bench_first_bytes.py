# SPDX-License-Identifier: BSD-3-Clause
"""Runs bench_first_bytes with hugepages, as the tables have them in service. Prints its JSON lines."""

import argparse
import pathlib
import subprocess
import sys

from hugepages import hugepages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build directory")
    args = parser.parse_args()
    program = args.build / "tests/bench/bench_first_bytes"
    subprocess.run(["ninja", "-C", str(args.build), "tests/bench/bench_first_bytes"], check=True, stdout=subprocess.DEVNULL)
    with hugepages(256):
        return subprocess.run([program, "-l", "1", "-n", "2", "--no-pci", "--no-telemetry", "--in-memory", "--log-level", "3"],
                              check=False).returncode


sys.exit(main())
