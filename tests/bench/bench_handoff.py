# SPDX-License-Identifier: BSD-3-Clause
"""What a new connection costs the kernel behind the TAP: handed over by its first segment (reqsk), beside the same connection
forwarded from its SYN on, in alternating rounds. Rates are wall time of two threads that share the machine's cores: take the
ratio. Receive time is CPU time of the thread that writes into the TAP, inside the writes; with both threads on one processor
it is what the kernel does, with two it also waits for what the accepting thread has touched."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from measuring import say  # noqa: I001  (it knows the way to the next)
import netns

NETNS, TAP = "pk-bench-handoff", "bench0"


def make():
    if pathlib.Path(netns.path(NETNS)).exists():
        netns.run("ip", "netns", "delete", NETNS)
    netns.run("ip", "netns", "add", NETNS)
    netns.run("ip", "-n", NETNS, "link", "set", "lo", "up")
    netns.run("ip", "-n", NETNS, "tuntap", "add", "dev", TAP, "mode", "tap")
    netns.run("ip", "-n", NETNS, "link", "set", TAP, "arp", "off", "up")
    netns.run("ip", "-n", NETNS, "address", "add", "10.99.0.1/8", "dev", TAP)
    netns.run("ip", "-n", NETNS, "address", "add", "fd99::1/64", "dev", TAP, "nodad")
    netns.run("ip", "netns", "exec", NETNS, "sysctl", "-qw", "net.ipv4.tcp_fwmark_accept=1")


def one_round(program, mode, family, connections, processors):
    done = subprocess.run(["taskset", "-c", processors, "nsenter", f"--net={netns.path(NETNS)}", program, mode, family, TAP, str(connections)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench_handoff: mode {mode}, IPv{family}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=30000)
    args = parser.parse_args()
    program = f"{args.build}/tests/bench/bench_handoff"
    mode = subprocess.run([f"{args.build}/tests/net/handover", "probe"], stdout=subprocess.PIPE, text=True, check=True).stdout
    if not mode.startswith("reqsk"):
        sys.exit(f"bench_handoff: nothing to compare on this kernel: mode {mode.strip()}")
    make()
    try:
        allowed = sorted(os.sched_getaffinity(0))
        for family in ("4", "6"):
            for words, count in (("two processors", 2), ("one processor", 1)):
                processors = ",".join(map(str, allowed[-count:]))
                got = {"reqsk": [], "syn": []}
                for _ in range(args.rounds):
                    for mode in got:
                        got[mode].append(one_round(program, mode, family, args.connections, processors))
                for member, name, unit in (("per_second", "sessions", "1/s"), ("receive_us", "kernel receive time", "us/session")):
                    say(f"handoff: {name}, IPv{family}, {words}", unit, [r[member] for r in got["reqsk"]],
                        "plain SYN forwarding", [r[member] for r in got["syn"]])
    finally:
        netns.run("ip", "netns", "delete", NETNS)


main()
