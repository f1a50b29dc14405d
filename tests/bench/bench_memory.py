# SPDX-License-Identifier: BSD-3-Clause
"""Memory per idle partner session: many partners log in, each with one authenticated stream inside
TLS, and then say nothing. First to the edge, then the same to Prosody. The figure is the growth of
private memory (Pss_Anon) of the process per session; the kernel's socket buffers are not in it."""

import argparse
import pathlib
import resource
import time

from measuring import need_lab, say  # noqa: I001  (it knows the way to the next)
import s2s
from lab import Lab

SETTLE_S = 7.0  # idle parsers are freed after 5 s


def private_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1])
    raise RuntimeError("no Pss_Anon in smaps_rollup")


def grow(lab, pid, to, domain, local, certificate, key, count, offset):
    """Log `count` partners in; returns (bytes per session, the open streams)."""
    before = private_kb(pid)
    streams = []
    for number in range(offset, offset + count):
        stream = s2s.Stream(lab.ns("partner"), lab.address("stranger4"), to, timeout_s=20)
        stream.local = local
        stream.log_in(certificate, key, domain.format(number))
        streams.append(stream)
    time.sleep(SETTLE_S)
    return (private_kb(pid) - before) * 1024 / count, streams


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build")
    parser.add_argument("--count", type=int, default=200, help="sessions per round (default 200)")
    parser.add_argument("--rounds", type=int, default=6, help="rounds, the first one warms up (default 6)")
    args = parser.parse_args()
    need_lab()
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    total = args.count * args.rounds
    with Lab("bmem", args.build) as lab:
        lab.up(edge=False)
        rules = (lab.dir / "edge" / "rules.yaml").read_text(encoding="utf-8")
        more = "".join(f"  - {{domain: p{n}.load.example, protocol: xmpp}}\n" for n in range(total))
        lab.write_rules(rules.replace("blocked:\n", more + "blocked:\n"))
        certificate, key = lab.ca.leaf("load", "DNS:*.load.example")
        lab.start_dataplane()
        lab.start_control()
        lab.wait_ready()
        samples, peer_samples, kept = [], [], []
        sides = (
            (samples, lab.pid("control"), (lab.address("service4"), 5269), "corp.example"),
            (peer_samples, lab.pid("prosody"), (lab.address("partner4"), 5269), "partner.example"),
        )
        for out, pid, to, local in sides:
            for number in range(args.rounds):
                each, streams = grow(lab, pid, to, "p{}.load.example", local, certificate, key, args.count,
                                     number * args.count)
                kept += streams
                if number:
                    out.append(each)
        for stream in kept:
            stream.close()
    say("control_memory_per_idle_session", "bytes", samples, "prosody 0.12", peer_samples)


if __name__ == "__main__":
    main()
