# SPDX-License-Identifier: BSD-3-Clause
"""Rules of full size (64,000 domains, 100,000 users) come into force in running daemons, while messages cross.

picketctl apply, over and over, between two documents of that size: one partner's limits and one user's policy differ. The
steps are those of the log of picket-control. A partner's user writes to one inside every 20 ms all the time: how long is
the longest pause between two messages that arrive, with a change and, as the peer, for as long without one."""

import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys
import threading
import time

from measuring import need_lab, say  # noqa: I001  (it knows the way to the next)
from bench_memory import private_kb
from lab import Lab

STEPS = re.compile(r"in force after (\d+) ms \(compiled (\d+), prepared (\d+), written (\d+), committed (\d+)\)")


def document(base, domains, users, variant):
    """The rules and their users, as a document and a CSV file."""
    policies = "policy: {global: p0}\npolicies:\n" + "".join(
        f"  - {{name: p{n}, in: [federation, xmpp], out: [federation, xmpp]}}\n" for n in range(20))
    groups = "groups:\n" + "".join(f"  - {{name: g{n}, policy: p{n % 20}}}\n" for n in range(50))
    # Addresses, so that nobody is asked for them: what DNS takes is not measured here.
    partners = "".join(
        f"  - {{domain: partner{n}.load.example, protocol: xmpp, host: 10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
        f"{', limits: {connections: 7}' if n == variant else ''}}}\n" for n in range(domains))
    listed = "".join(
        f"user{n}@corp.example,p{(n + (n == variant)) % 20},\n" if n % 2 else f"user{n}@corp.example,,g{n % 20}\n"
        for n in range(users))
    return (base.replace("partners:\n", "partners:\n" + partners) + policies + groups
            + "directory: {file: users.csv}\n", "address,policy,groups\n" + listed)


def children_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def process_s(pid):
    """Threads that have ended included."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Flow:
    """alice writes to bob, all the time; every message must arrive, in order."""

    def __init__(self, lab, every_s):
        self.every_s = every_s
        self.alice, self.bob = lab.xmpp_user("alice"), lab.sip_user("bob")
        self.sent, self.arrived, self.stopping = 0, [], False
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._take)]
        for thread in self.threads:
            thread.start()

    def _send(self):
        due = time.monotonic()
        while not self.stopping:
            self.alice.send("bob@corp.example", str(self.sent))
            self.sent += 1
            due += self.every_s
            time.sleep(max(0.0, due - time.monotonic()))

    def _take(self):
        while True:
            got = self.bob.messages.get()
            self.arrived.append((got["at"], int(got["body"])))

    def pause(self, begin, end):
        """The longest one between two arrivals, in ms."""
        times = [begin] + [at for at, _ in list(self.arrived) if begin <= at <= end] + [end]
        return max(b - a for a, b in zip(times, times[1:])) * 1e3

    def end(self):
        """What went wrong, in words; None: nothing."""
        self.stopping = True
        self.threads[0].join()
        deadline = time.monotonic() + 30
        while len(self.arrived) < self.sent and time.monotonic() < deadline:
            time.sleep(0.05)
        if not self.alice.errors.empty():
            return f"{self.alice.errors.qsize()} errors, the first: {self.alice.receive_error()}"
        numbers = [number for _, number in self.arrived]
        return None if numbers == list(range(self.sent)) else f"{len(numbers)} of {self.sent} arrived, in order or not"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build")
    parser.add_argument("--domains", type=int, default=64000)
    parser.add_argument("--users", type=int, default=100000)
    parser.add_argument("--every-ms", type=int, default=20, help="between two messages (default 20); more on a busy machine")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, the first one warms up (default 7)")
    args = parser.parse_args()
    need_lab()
    samples = {}

    def note(name, value):
        samples.setdefault(name, []).append(value)

    with Lab("bapply", args.build, memory_mib=1024) as lab:
        lab.up()
        tool = [str(lab.build / "control" / "ctl" / "picketctl"), "--socket", lab.control_socket]
        base = (lab.dir / "edge" / "rules.yaml").read_text(encoding="utf-8")
        files = []
        for variant in range(2):
            folder = lab.dir / "edge" / f"full{variant}"
            folder.mkdir(exist_ok=True)
            text, listed = document(base, args.domains, args.users, variant + 1)
            (folder / "rules.yaml").write_text(text, encoding="utf-8")
            (folder / "users.csv").write_text(listed, encoding="utf-8")
            files.append(folder / "rules.yaml")
        small = [private_kb(lab.pid(program)) for program in ("control", "dataplane")]
        flow = Flow(lab, args.every_ms / 1e3)
        while not flow.arrived:
            time.sleep(0.1)
        for number in range(args.rounds):
            begin = time.monotonic()
            done = subprocess.run([*tool, "check", files[number % 2]], capture_output=True, text=True, check=False)
            checked = time.monotonic() - begin
            if done.returncode != 0:
                sys.exit(f"bench_apply: check: {done.stdout}{done.stderr}")
            before = len(lab.log_text("control"))
            cpu = [children_s(), process_s(lab.pid("control"))]
            begin = time.monotonic()
            done = subprocess.run([*tool, "apply", files[number % 2]], capture_output=True, text=True, check=False)
            end = time.monotonic()
            if done.returncode != 0:
                sys.exit(f"bench_apply: apply: {done.stderr}\n{lab.log_text('control')[-2000:]}")
            cpu = [children_s() - cpu[0], process_s(lab.pid("control")) - cpu[1]]
            # What follows the answer counts as well: what was learned, what is freed.
            time.sleep(1)
            disturbed = flow.pause(begin, end + 1)
            begin_still = time.monotonic()
            time.sleep(end + 1 - begin)
            still = flow.pause(begin_still, time.monotonic())
            if number == 0:
                continue
            total, compiled, prepared, written, committed = map(
                int, STEPS.search(lab.log_text("control")[before:]).groups())
            note("picketctl check, full size|s", checked)
            note("picketctl apply, full size, to its answer|s", end - begin)
            note("... of this in picketctl: reading, checking, sending|s", end - begin - total / 1e3)
            note("... compiling in picket-control|s", compiled / 1e3)
            note("... preparing in the dataplane, with the transfer|s", prepared / 1e3)
            note("... writing|s", written / 1e3)
            note("... committing in both|s", committed / 1e3)
            note("CPU time of picketctl apply|s", cpu[0])
            note("CPU time of picket-control meanwhile, messages included|s", cpu[1])
            note("longest pause of messages meanwhile|ms", (disturbed, still))
            note("memory of picket-control, more than with six partners|MiB",
                 (private_kb(lab.pid("control")) - small[0]) / 1024)
            note("memory of picket-dataplane, more than with six partners|MiB",
                 (private_kb(lab.pid("dataplane")) - small[1]) / 1024)
        wrong = flow.end()
        if wrong:
            sys.exit(f"bench_apply: messages: {wrong}")
        note("messages that crossed, all of them in order and without an error|", flow.sent)
    for name, values in samples.items():
        what, _, unit = name.partition("|")
        if isinstance(values[0], tuple):
            say(what, unit, [v for v, _ in values], "without a change", [v for _, v in values])
        else:
            say(what, unit, values)


if __name__ == "__main__":
    main()
