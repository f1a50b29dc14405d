# SPDX-License-Identifier: BSD-3-Clause
"""How long an established partner waits for an answer while 10,000 strangers finish TLS handshakes as fast as their
budget lets them: the round trip of a SIP OPTIONS on a proven connection through the whole edge, 500 a second. Rounds with and
without strangers take turns. Then the same of an edge whose loop makes the handshakes itself, and of one that does not go before
other threads."""

import argparse
import os
import pathlib
import socket
import ssl
import statistics
import subprocess
import time

from measuring import need_lab, say  # noqa: I001  (it knows the way to the next)
import netns
from lab import Lab

STRANGERS = "10.64.0.0/10"
PACE_S = 0.002
SETTLE_S = 0.5

# Name, options of picket-dataplane, options of picket-control, how many times the rounds: a 99th percentile of three seconds
# moves between 0.5 and 1.5 ms here by itself, so to compare two of them needs many.
EDGES = (
    ("", (), (), 3),
    (", handshakes in the loop", (), ("--handshake-threads", "0"), 1),
    (", --realtime 0", ("--realtime", "0"), ("--realtime", "0"), 1),
)


class Partner:
    """A SIP partner's server: one connection over mutual TLS."""

    def __init__(self, lab):
        context = ssl.create_default_context(cafile=lab.ca.file)
        context.load_cert_chain(*lab.ca.leaf("sip-partner.example", "DNS:sip-partner.example"))
        raw = netns.connect(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 5061), 20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(raw, server_hostname="corp.example")
        self.count = 0

    def round_trip_us(self):
        self.count += 1
        request = (f"OPTIONS sip:corp.example SIP/2.0\r\nVia: SIP/2.0/TLS sip-partner.example;branch=z9hG4bK{self.count}\r\n"
                   f"From: <sip:sip-partner.example>;tag=1\r\nTo: <sip:corp.example>\r\nCall-ID: {self.count}\r\n"
                   "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
        began = time.perf_counter()
        self.sock.sendall(request.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = self.sock.recv(65536)
            if not more:
                raise RuntimeError("the edge closed the partner's connection")
            answer += more
        took = time.perf_counter() - began
        if not answer.startswith(b"SIP/2.0 "):
            raise RuntimeError(f"no answer: {answer[:60]!r}")
        return took * 1e6

    def measure(self, seconds):
        """Median and 99th percentile."""
        samples = []
        due = time.perf_counter()
        while len(samples) * PACE_S < seconds:
            samples.append(self.round_trip_us())
            due = max(due + PACE_S, time.perf_counter())
            time.sleep(max(0.0, due - time.perf_counter()))
        samples.sort()
        return statistics.median(samples), samples[len(samples) * 99 // 100]


def crowd(lab, seconds):
    """They have processors of their own elsewhere; here they have what is left."""
    return subprocess.Popen(
        ["nice", "-n", "19", "nsenter", f"--net={netns.path(lab.ns('partner'))}", lab.build / "tests/bench/strangers", "--target",
         lab.address("service4"), "--port", "5061", "--direct", "--source", STRANGERS, "--at-once", "512", "--seconds", str(seconds)],
        stdout=subprocess.PIPE, text=True)


def loop_cpu_us(lab):
    """CPU time of the thread that owns all sessions, by the scheduler's own account."""
    pid = lab.pid("control")
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e3


def shaken(lab):
    """Handshakes that the control plane has made or tried."""
    counters = lab.show("counters")
    return counters.get("handshake.done", 0) + counters.get("handshake.failed", 0)


def rounds(lab, count, seconds):
    """[(median, p99) without], the same with strangers, handshakes a second, CPU of the loop for each."""
    partner = Partner(lab)
    quiet, loud, rates, costs = [], [], [], []
    partner.measure(seconds)
    for _ in range(count):
        quiet_cpu = -loop_cpu_us(lab)
        quiet.append(partner.measure(seconds))
        quiet_cpu += loop_cpu_us(lab)
        strangers = crowd(lab, seconds + 2 * SETTLE_S)
        time.sleep(SETTLE_S)
        loud_cpu, made = -loop_cpu_us(lab), -shaken(lab)
        loud.append(partner.measure(seconds))
        loud_cpu, made = loud_cpu + loop_cpu_us(lab), made + shaken(lab)
        strangers.communicate(timeout=60)
        rates.append(made / seconds)
        costs.append((loud_cpu - quiet_cpu) / max(made, 1))
    partner.sock.close()
    return quiet, loud, rates, costs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build")
    parser.add_argument("--rounds", type=int, default=5, help="with and without strangers (default 5; three times as many where "
                        "the loop goes first)")
    parser.add_argument("--seconds", type=float, default=3, help="of each (default 3)")
    parser.add_argument("--budget", type=int, default=300, help="strangers a second that the rules allow (default 300)")
    args = parser.parse_args()
    need_lab()
    with Lab("bhand", args.build) as lab:
        lab.up(edge=False)
        netns.run("ip", "-n", lab.ns("partner"), "route", "add", "local", STRANGERS, "dev", "lo")
        netns.run("ip", "-n", lab.ns("picket"), "route", "add", STRANGERS, "via", lab.address("partner4"))
        rules = (lab.dir / "edge" / "rules.yaml").read_text(encoding="utf-8")
        lab.write_rules(f"{rules}  handshakes_per_s: {2 * args.budget}\n  handshakes_burst: {2 * args.budget}\n"
                        "  handshakes_reserved_percent: 50\n")
        # The partner's server is a machine of its own, which the strangers do not keep busy.
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        for words, dataplane_flags, control_flags, times in EDGES:
            lab.start_dataplane(*dataplane_flags)
            lab.start_control(*control_flags)
            lab.wait_ready()
            quiet, loud, rates, costs = rounds(lab, args.rounds * times, args.seconds)
            for place, what in ((0, "median"), (1, "99th percentile")):
                say(f"round trip of a partner during strangers' handshakes, {what}{words}", "us", [r[place] for r in loud],
                    "without strangers", [r[place] for r in quiet])
            say(f"99th percentile with strangers less that of the round before{words}", "us", [a[1] - b[1] for a, b in zip(loud, quiet)])
            say(f"times that the loop took turns{words}", "in all", [lab.show("counters").get("loop.took_turns", 0)])
            say(f"strangers' handshakes{words}", "per s", rates)
            say(f"CPU of the loop per stranger's connection{words}", "us", costs)
            lab.stop("control")
            lab.stop("dataplane")


if __name__ == "__main__":
    main()
