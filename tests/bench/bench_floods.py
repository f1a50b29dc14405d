# SPDX-License-Identifier: BSD-3-Clause
"""The same floods, on the same veth, against Prosody and Kamailio by themselves and against the edge: what becomes of an
established stream, of a partner's new connections, of memory and CPU time.

The lab's partner (Prosody with alice; a SIP partner over mutual TLS) exchanges one message after another with the target and
opens a new, authenticated connection every 200 ms while the flood lasts. Bare servers are started anew for each flood. The receiving kernel, or the dataplane's lcore, has CPU
0; the generator has CPU 1; everything else runs where there is room."""

import argparse
import contextlib
import pathlib
import queue
import ssl
import statistics
import sys
import threading
import time

from measuring import cpu_ns, need_lab, say  # noqa: I001  (it knows the way to the next)
import flooding
import footprint
import netns
import s2s
from bare import Bare
from flooding import HEADER_BEGUN, Flood
from lab import Lab, Problem

SIP_PARTNER4 = "198.51.100.11"
GENERATOR_CPU = ("taskset", "-c", "1")
RECOVER_S = 30.0  # a target that does not serve so long after the flood is lost, and started anew
STALL_S = 12.0  # a stream that says nothing for so long behind the flood is broken
OPTIONS = ("OPTIONS sip:corp.example SIP/2.0\r\nVia: SIP/2.0/TLS 198.51.100.11:5061;branch=z9hG4bK{0}\r\nMax-Forwards: 70\r\n"
           "From: <sip:sip-partner.example>;tag=f{0}\r\nTo: <sip:corp.example>\r\nCall-ID: {0}@flood\r\nCSeq: 1 OPTIONS\r\n"
           "Content-Length: 0\r\n\r\n")

# name: (generator's arguments by protocol)
FLOODS = {
    "no flood": None,
    "100,000 SYN/s": dict(what="syn", rate=100000),
    "SYN, as many as go": dict(what="syn"),
    "ACK with data, as many as go": dict(what="ack"),
    "20,000 silent connections": dict(what="connect", count=20000, say="nothing"),
    "2,000 of garbage at once": dict(what="connect", count=2000, say="garbage"),
    "10,000 that never end, 4,000/s": dict(what="connect", count=10000, rate=4000, say=None),
}


class Xmpp:
    """alice writes, bob reads: over the partner's Prosody and the target's stream."""

    port, never_ends, newcomer_from = 5269, HEADER_BEGUN, "partner4"

    def __init__(self, lab, alice, bob):
        self.lab, self.alice, self.bob, self.number = lab, alice, bob, 0

    def begin(self):
        pass

    def exchange(self, timeout_s):
        self.number += 1
        body = f"message {self.number}"
        self.alice.send("bob@corp.example", body)
        end = time.monotonic() + timeout_s
        while True:
            try:
                if self.bob.receive(timeout_s=max(0.01, end - time.monotonic()))["body"] == body:
                    return
            except queue.Empty:
                raise TimeoutError(body) from None

    def newcomer(self, timeout_s):
        leaf = self.lab.ca.path("partner.example", "crt"), self.lab.ca.path("partner.example", "key")
        with s2s.Stream(self.lab.ns("partner"), self.lab.address("partner4"), timeout_s=timeout_s) as stream:
            stream.log_in(*leaf)


class Sip:
    """OPTIONS and their answers on one mutual TLS connection."""

    port, never_ends = 5061, "hello"

    def __init__(self, lab):
        self.lab = lab
        self.context = ssl.create_default_context(cafile=lab.ca.file)
        self.context.check_hostname = False
        self.context.load_cert_chain(*lab.ca.leaf("sip-partner", "DNS:sip-partner.example,URI:sip:sip-partner.example"))
        self.sock, self.number = None, 0

    def _connect(self, timeout_s):
        sock = netns.connect(self.lab.ns("partner"), SIP_PARTNER4, (self.lab.address("service4"), 5061), timeout_s)
        try:
            return self.context.wrap_socket(sock, server_hostname="corp.example")
        except BaseException:
            sock.close()
            raise

    def _ask(self, sock, timeout_s):
        self.number += 1
        sock.settimeout(timeout_s)
        sock.sendall(OPTIONS.format(f"{id(sock)}n{self.number}").encode())
        said = b""
        while b"\r\n\r\n" not in said:
            more = sock.recv(65536)
            if not more:
                raise ConnectionError("closed")
            said += more
        if not said.startswith(b"SIP/2.0 200"):
            raise ConnectionError(said[:60])

    def begin(self):
        """A new one for each round."""
        if self.sock:
            self.sock.close()
        self.sock = self._connect(STALL_S)
        self._ask(self.sock, STALL_S)

    def exchange(self, timeout_s):
        self._ask(self.sock, timeout_s)

    def newcomer(self, timeout_s):
        with self._connect(timeout_s) as sock:
            self._ask(sock, timeout_s)


class Target:
    """Whose memory and time it is."""

    def __init__(self, lab, name, protocol, main, pids, again=None):
        """pids: a function, all processes. main: the program that lives in the kernel's namespace. again: starts it, and
        returns the protocol; None: it is never started anew."""
        self.lab, self.name, self.protocol = lab, name, protocol
        self.main, self.pids, self.again = main, pids, again
        self.fresh_kb = None  # before anything came, then grown() is since

    def start(self):
        """Anew, so that no flood pays for the one before it."""
        if self.again:
            self.lab.stop(self.main)
            self.protocol = self.again()
        if not self.recovers():
            raise RuntimeError(f"{self.name} does not serve before anything has come")
        self.fresh_kb = self.memory_kb()

    def memory_kb(self):
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
        return total

    def cpu_ms(self):
        return cpu_ns(self.pids()) / 1e6

    def sockets(self):
        stat = footprint.sockets(self.lab.pid(self.main))
        return stat["TCP"]["inuse"] + stat["TCP6"]["inuse"]

    def recovers(self):
        """Is it itself again, before long?"""
        end = time.monotonic() + RECOVER_S
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                self.lab.check_alive(self.main)
                self.protocol.begin()
                self.protocol.exchange(5)
            except Problem:
                return False  # it has ended
            except (OSError, TimeoutError):
                time.sleep(0.2)
                continue
            if time.monotonic() - began < 0.5 and self.sockets() < 100:
                return True
            time.sleep(0.2)
        return False


def softirq_ms():
    """Of CPU 0: where a kernel that is the target receives."""
    with open("/proc/stat", encoding="ascii") as stat:
        for line in stat:
            if line.startswith("cpu0 "):
                return int(line.split()[7]) * 10
    return 0


class Round:
    def __init__(self, target, flood, seconds):
        self.target, self.arrivals, self.took = target, [], []
        self.newcomers, self.refused, self.new_ms, self.broken = 0, 0, [], 0
        self.sockets = self.half_open = self.memory_kb = self.cpu_ms = None
        self._over = threading.Event()
        cpu, soft = target.cpu_ms(), softirq_ms()
        threads = [threading.Thread(target=run, daemon=True) for run in (self._talk, self._come)]
        running = self._begin(flood, seconds)
        self.began = time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.ended = time.monotonic()
        self.softirq_ms = softirq_ms() - soft
        with contextlib.suppress(OSError):  # a target that ended has none of these
            self.sockets = target.sockets()
            self.half_open = footprint.half_open(target.lab.ns("edge" if "bare" in target.name else "picket"))
            self.memory_kb, self.cpu_ms = target.memory_kb() - target.fresh_kb, target.cpu_ms() - cpu
        self._over.set()
        if running:
            running.stop()
        for thread in threads:
            thread.join()
        self.lost = not target.recovers()
        if self.lost:
            self.sockets = self.half_open = self.memory_kb = self.cpu_ms = None
            target.start()

    def _begin(self, flood, seconds):
        if flood is None:
            return None
        options = dict(flood)
        if options.get("say", "") is None:
            options["say"] = self.target.protocol.never_ends
        return Flood(self.target.lab, options.pop("what"), seconds=seconds, port=self.target.protocol.port, prefix=GENERATOR_CPU, **options)

    def _talk(self):
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                self.target.protocol.exchange(STALL_S)
            except (OSError, TimeoutError):
                self.broken += 1
                return
            self.arrivals.append(time.monotonic())
            self.took.append(1e3 * (self.arrivals[-1] - begun))
            self._over.wait(0.005)

    def _come(self):
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                self.target.protocol.newcomer(STALL_S)
            except (OSError, TimeoutError, s2s.Refused):
                self.refused += 1
            else:
                self.newcomers += time.monotonic() <= self.ended if self._over.is_set() else 1
                self.new_ms.append(1e3 * (time.monotonic() - begun))
            self._over.wait(0.2)

    def messages(self):
        return sum(at <= self.ended for at in self.arrivals)


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else None


def measure(target, floods, rounds, seconds):
    """By flood: the rounds."""
    found = {}
    for name in floods:
        found[name] = []
        target.start()
        for _ in range(rounds):
            found[name].append(Round(target, FLOODS[name], seconds))
        tell(target, name, found[name])
    return found


def tell(target, name, rounds):
    took = [ms for r in rounds for ms in r.took]
    new_ms = [ms for r in rounds for ms in r.new_ms]

    def median(member):
        return statistics.median([getattr(r, member) for r in rounds if getattr(r, member) is not None] or [float("nan")])

    words = [f"{ms:.0f}" if ms is not None else "-" for ms in (quantile(took, 0.5), quantile(took, 0.99), quantile(new_ms, 0.5))]
    print(f"{target.name}: {name}: messages {statistics.median(r.messages() for r in rounds):.0f}, p50 {words[0]} ms, p99 {words[1]} ms, "
          f"broken {sum(r.broken for r in rounds)}, target lost {sum(r.lost for r in rounds)} of {len(rounds)}; newcomers {median('newcomers'):.0f}, refused {median('refused'):.0f}, "
          f"{words[2]} ms; memory {median('memory_kb'):+.0f} kB, sockets {median('sockets'):.0f}, half-open {median('half_open'):.0f}, "
          f"CPU {median('cpu_ms'):.0f} ms, softirq {median('softirq_ms'):.0f} ms", file=sys.stderr, flush=True)


def family(lab, program):
    """All processes of that name in the place of the edge."""
    found = []
    for pid in netns.run("ip", "netns", "pids", lab.ns("edge")).split():
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip() == program:
                found.append(int(pid))
    return found


def bare_targets(lab, alice, floods, args):
    bare = Bare(lab)
    try:
        bobs = []

        def prosody():
            while bobs:
                bobs.pop().close()
            bobs.append(bare.start_prosody())
            return Xmpp(lab, alice, bobs[0])

        def kamailio():
            bare.start_kamailio()
            return Sip(lab)

        target = Target(lab, "bare Prosody 0.12", None, "bare-prosody", lambda: [lab.pid("bare-prosody")], prosody)
        yield measure(target, floods, args.rounds, args.seconds)
        bobs.pop().close()
        lab.stop("bare-prosody")
        target = Target(lab, "bare Kamailio 5.6", None, "bare-kamailio", lambda: family(lab, "kamailio"), kamailio)
        yield measure(target, floods, args.rounds, args.seconds)
    finally:
        bare.away()


def edge_targets(lab, alice, floods, args):
    rules = (lab.dir / "edge" / "rules.yaml").read_text(encoding="utf-8")
    rules = rules[:rules.index("limits:\n  # The lab's strangers")]  # those that hold when nobody says anything
    lab.write_rules(rules.replace("  - domain: sip-partner.example\n    protocol: sip\n",
                                  f"  - domain: sip-partner.example\n    protocol: sip\n    sources: [{SIP_PARTNER4}/32]\n"))
    lab.start_dataplane()
    lab.start_control()
    lab.wait_ready()
    flooding.prepare(lab)
    print(f"edge: hand-off {lab.show('dataplane')['handoff']}", file=sys.stderr)
    bob = lab.sip_user("bob")

    def pids():
        return [lab.pid("dataplane"), lab.pid("control")]

    for name, protocol in (("edge, XMPP", Xmpp(lab, alice, bob)), ("edge, SIP", Sip(lab))):
        yield measure(Target(lab, name, protocol, "control", pids), floods, args.rounds, args.seconds)
    bob.close()


def report(floods, ours, peers):
    """JSON lines for scripts/bench."""
    members = (("messages meanwhile", "", lambda r: r.messages()), ("streams broken", "", lambda r: r.broken),
               ("targets lost", "", lambda r: int(r.lost)), ("newcomers let in", "", lambda r: r.newcomers), ("memory grown", "kB", lambda r: r.memory_kb),
               ("kernel sockets", "", lambda r: r.sockets))
    for (protocol, peer), our, their in zip((("XMPP", "bare Prosody 0.12"), ("SIP", "bare Kamailio 5.6")), ours, peers):
        for name in floods:
            for what, unit, get in members:
                samples, peer_samples = ([get(r) for r in side[name] if get(r) is not None] for side in (our, their))
                say(f"floods: {protocol}, {name}: {what}", unit, samples, peer, peer_samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each flood (default 2)")
    parser.add_argument("--flood", action="append", choices=FLOODS, help="only this one; repeatable (default: all)")
    args = parser.parse_args()
    need_lab()
    floods = args.flood or list(FLOODS)
    with Lab("bflood", args.build) as lab:
        lab.up(edge=False)
        netns.run("ip", "-n", lab.ns("partner"), "address", "add", f"{SIP_PARTNER4}/24", "dev", "net0")
        alice = lab.xmpp_user("alice")
        peers = list(bare_targets(lab, alice, floods, args))
        ours = list(edge_targets(lab, alice, floods, args))
        alice.close()
    report(floods, ours, peers)


if __name__ == "__main__":
    main()
