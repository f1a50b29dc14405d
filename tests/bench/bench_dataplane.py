# SPDX-License-Identifier: BSD-3-Clause
"""Packets per second of one lcore, beside dpdk-testpmd on the same capture in the same run.

Both read the capture in a loop from net_pcap (infinite_rx) with hugepages; testpmd swaps the
5-tuple of each packet (5tswap), which is less work than ours: it is the floor of touching a header.
The rounds alternate. CPU time is that of the one thread, so that neighbours do not count. Figures of software ports are upper bounds: no NIC, no DMA. Hugepages are
reserved for the run and put back."""

import argparse
import contextlib
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

from hugepages import hugepages
from measuring import say

EAL = ["--lcores", "0@0,1@1", "--main-lcore", "0", "-n", "2", "--no-pci", "--no-telemetry", "--in-memory"]


def ours(program, capture, kind, flows):
    """One round of bench_dataplane: Mpps of CPU time, Mpps by the clock."""
    done = subprocess.run(
        [program, "-l", "1", "-n", "2", "--no-pci", "--no-telemetry", "--in-memory",
         "--vdev", f"net_pcap0,rx_pcap={capture},infinite_rx=1", "--vdev", "net_null0",
         "--", "--kind", kind, "--flows", str(flows), "--rounds", "1", "--seconds", "2", "--cpu"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    got = {line["unit"]: line["samples"][0] for line in map(json.loads, filter(lambda l: l.startswith("{"), done.stdout.splitlines()))}
    if "Mpps" not in got:
        sys.exit(f"bench_dataplane: no figure from {program}:\n{done.stdout}{done.stderr}")
    return got["Mpps"], got["Mpps by the clock"]


class Testpmd:
    """dpdk-testpmd on a pty (it ends at once when its input ends)."""

    def __init__(self, capture):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["dpdk-testpmd", *EAL, "--vdev", f"net_pcap0,rx_pcap={capture},infinite_rx=1", "--",
             "-i", "--nb-cores=1", "--forward-mode=5tswap", "--total-num-mbufs=32768"],
            stdin=slave, stdout=slave, stderr=slave, close_fds=True)
        os.close(slave)
        self.read_until("testpmd>", 60)

    def read_until(self, what, timeout_s):
        said = ""
        end = time.monotonic() + timeout_s
        while what not in said:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise RuntimeError(f"testpmd did not say {what!r}: {said[-500:]}")
            said += os.read(self.master, 65536).decode(errors="replace")
        return said

    def command(self, line, timeout_s=20):
        os.write(self.master, line.encode() + b"\n")
        return self.read_until("testpmd>", timeout_s)

    def round(self, seconds=2.0):
        """Mpps of the worker's CPU time, Mpps by the clock."""
        self.command("start")
        time.sleep(0.3)
        first, spent, started = self._received(), self._cpu_s(), time.monotonic()
        time.sleep(seconds)
        last, spent, ended = self._received(), self._cpu_s() - spent, time.monotonic()
        self.command("stop")
        return (last - first) / spent / 1e6, (last - first) / (ended - started) / 1e6

    def _cpu_s(self):
        """Of its forwarding thread."""
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            if "worker" in (task / "comm").read_text(encoding="ascii"):
                fields = (task / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        raise RuntimeError("testpmd has no thread that forwards")

    def _received(self):
        said = self.command("show port stats 0")
        return int(re.search(r"RX-packets:\s*(\d+)", said).group(1))

    def close(self):
        with contextlib.suppress(OSError):
            os.write(self.master, b"quit\n")
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


def measure(program, directory, kind, flows, rounds, size):
    capture = str(pathlib.Path(directory) / f"{kind}.pcap")
    subprocess.run([program, "--write", capture, "--kind", kind, "--flows", str(flows)], check=True,
                   stdout=subprocess.DEVNULL)
    samples, peer_samples = [], []
    for _ in range(rounds):
        samples.append(ours(program, capture, kind, flows))
        peer = Testpmd(capture)
        try:
            peer_samples.append(peer.round())
        finally:
            peer.close()
    for i, unit in enumerate(("Mpps of CPU time", "Mpps by the clock")):
        say(f"dataplane_{kind}_{size}_bytes", unit, [s[i] for s in samples], "dpdk-testpmd 22.11 5tswap", [s[i] for s in peer_samples])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flows", type=int, default=1000)
    parser.add_argument("--handshake", action="store_true", help="only SYNs that are answered with cookies, by CPU time")
    args = parser.parse_args()
    subprocess.run(["ninja", "-C", args.build, "tests/bench/bench_dataplane"], check=True, stdout=subprocess.DEVNULL)
    program = str(pathlib.Path(args.build) / "tests" / "bench" / "bench_dataplane")
    with hugepages(1024), tempfile.TemporaryDirectory() as directory:
        if args.handshake:
            # As many networks as keep within what each may have answered.
            measure(program, directory, "handshake", 16384, args.rounds, 74)
            return
        for kind in ("established", "syn", "blocked"):
            measure(program, directory, kind, args.flows, args.rounds, 60)


if __name__ == "__main__":
    main()
