# SPDX-License-Identifier: BSD-3-Clause
"""Floods from many unknown addresses. All the while an established partner's messages go both ways without an error, newcomers
of partners get in, the kernel hears of nothing but these, and memory is bounded: printed before, during and after."""

import re
import signal
import time

import flooding
import footprint
import netns
import pytest
import s2s
from conversation import Conversation
from flooding import HEADER_BEGUN, PAIRS, Flood

LAB = {"fr_timer_ms": 10000}  # Kamailio waits longer than a segment that was lost while the dataplane was away
GROWTH_MAX_KB = {"dataplane": 48 * 1024, "control": 16 * 1024}
KEPT_MAX = 1024  # connections whose first bytes are kept at once
# What the kernel behind the TAP would count if a flood reached it.
KERNEL_SILENT = ("ListenOverflows", "ListenDrops", "SyncookiesSent", "SyncookiesRecv", "SyncookiesFailed", "TCPReqQFullDrop",
                 "TCPReqQFullDoCookies", "TCPAbortOnMemory")


@pytest.fixture(scope="module", autouse=True)
def ways(lab):
    """Limits as they are when nobody says anything: the lab's own are wide."""
    rules = (lab.dir / "edge" / "rules.yaml")
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text[:text.index("limits:\n  # The lab's strangers")], encoding="utf-8")
    lab.ctl("apply", str(rules))
    mode = lab.show("dataplane")["handoff"]
    if mode != "reqsk":
        pytest.skip(f"this kernel has mode {mode}")
    flooding.prepare(lab)


def grown(before, after):
    return {name: count - before.get(name, 0) for name, count in after.items() if isinstance(count, int) and count != before.get(name, 0)}


class Siege:
    """What is looked at around one flood."""

    def __init__(self, lab, alice, bob, figure, name):
        self.lab, self.alice, self.bob, self.figure, self.name = lab, alice, bob, figure, name
        self.newcomers = 0
        self.before = self.during = self.after = None

    def __enter__(self):
        self._talk = Conversation(self.alice, self.bob)
        self._talk.__enter__()
        self._wait("messages in both directions", lambda: all(len(took) >= 5 for took in self._talk.took.values()))
        self.before = footprint.take(self.lab)
        self._begun = time.monotonic()
        self._arrived = self._talk.count()
        return self

    def _wait(self, what, condition):
        self.lab.wait_for(what, lambda: self._talk.faults or condition(), "dataplane", "control", timeout_s=60)

    def newcomer(self, version, address=None):
        """A partner's server connects, proves itself, and goes again."""
        source = address or self.lab.address(PAIRS[version][1])
        leaf = self.lab.ca.path("partner.example", "crt"), self.lab.ca.path("partner.example", "key")
        with s2s.Stream(self.lab.ns("partner"), source, (self.lab.address(PAIRS[version][0]), 5269), timeout_s=60) as stream:
            stream.log_in(*leaf)
        self.newcomers += 1

    def look(self):
        """In the midst of it."""
        self.during = footprint.take(self.lab)

    def __exit__(self, kind, *_):
        held = self._talk.count() - self._arrived
        if kind is None:  # the partner is heard after it as well
            self._wait("messages after the flood", lambda: self._talk.count() >= self._arrived + held + 4)
        self._talk.__exit__()
        if kind is None:
            self.after = footprint.take(self.lab)
            self._tell()
            self._judge(held)

    def _tell(self):
        for word in ("before", "during", "after"):
            self.figure(f"{self.name}: {word}: {getattr(self, word)}")
        for way in ("in", "out"):
            median, high, count = self._talk.spread(way, self._begun)
            self.figure(f"{self.name}: {count} messages {way}, {1e3 * median:.0f} ms, p99 {1e3 * high:.0f} ms; {self.newcomers} newcomers")

    def causes(self, group):
        return grown(self.before.counters[group], self.after.counters[group])

    def _judge(self, held):
        assert not self._talk.faults
        assert held > 0
        for at in (self.during, self.after):
            assert at.dataplane_kb - self.before.dataplane_kb < GROWTH_MAX_KB["dataplane"]
            assert at.control_kb - self.before.control_kb < GROWTH_MAX_KB["control"]
            assert at.half_open == 0 and at.gathers <= KEPT_MAX and at.buffers < at.buffers_all
            # The partners' own, and what newcomers leave: no more for any flood.
            assert at.tcp + at.tcp6 <= self.before.tcp + self.before.tcp6 + self.newcomers + 4
        noticed = {name: count for name, count in grown(self.before.kernel, self.after.kernel).items() if name in KERNEL_SILENT}
        assert not noticed
        # What came out of the TAP, as the tc program has it.
        program = {name.removeprefix("kernel."): count for name, count in grown(self.before.counters, self.after.counters).items()
                   if name.startswith("kernel.")}
        assert program["passed.handed_over"] == self.newcomers
        # The last segments of newcomers that had gone already. The kernel's TCP sees none of them.
        dropped = {name: count for name, count in program.items() if name.startswith("dropped.")}
        assert dropped.keys() <= {"dropped.no_connection"} and sum(dropped.values()) <= 6 * self.newcomers, dropped


@pytest.fixture
def siege(lab, alice, bob, figure, request):
    return Siege(lab, alice, bob, figure, request.node.name.removeprefix("test_"))


@pytest.mark.parametrize("version", (4, 6))
def test_syns_at_the_generators_limit(lab, siege, figure, version):
    with siege, Flood(lab, "syn", version, seconds=2.5) as flood:
        siege.newcomer(version)
        siege.look()
        siege.newcomer(version, lab.address("stranger4") if version == 4 else None)
        sent = flood.wait()
        siege.newcomer(version)
    made = siege.after.counters["out"]["made"] - siege.before.counters["out"]["made"]
    received = siege.after.counters["in"]["received"] - siege.before.counters["in"]["received"]
    figure(f"{siege.name}: {sent['sent']} SYNs, {received} frames were received, {made} answered: {siege.causes('dropped')}")
    assert made > 1000
    assert siege.after.flows <= siege.before.flows + siege.newcomers + 4


@pytest.mark.parametrize("version", (4, 6))
def test_acks_with_guessed_cookies(lab, siege, figure, version):
    with siege, Flood(lab, "ack", version, seconds=2.5) as flood:
        siege.newcomer(version)
        siege.look()
        siege.newcomer(version, lab.address("stranger4") if version == 4 else None)
        sent = flood.wait()
        siege.newcomer(version)
    causes = siege.causes("dropped")
    figure(f"{siege.name}: {sent['sent']} segments: {causes}")
    assert causes["bad_cookie"] > 1000
    # One of 2^24 is guessed right, and is no more than the beginning of a header then.
    assert siege.after.flows <= siege.before.flows + siege.newcomers + 4 + 4


@pytest.mark.parametrize("version", (4, 6))
def test_a_hundred_thousand_silent_connections(lab, siege, figure, version):
    with siege, Flood(lab, "connect", version, seconds=60, count=100000, say="nothing") as flood:
        siege.newcomer(version)
        flood.held(100000)
        siege.look()
        siege.newcomer(version)
        flood.stop()
        siege.newcomer(version)
    figure(f"{siege.name}: {flood.last}; {siege.causes('dropped')}")
    for at in (siege.during, siege.after):
        assert at.flows <= siege.before.flows + siege.newcomers + 4 and at.gathers == 0


@pytest.mark.parametrize("version", (4, 6))
def test_first_bytes_that_are_garbage(lab, siege, figure, version):
    with siege, Flood(lab, "connect", version, seconds=4, count=10000, say="garbage") as flood:
        siege.newcomer(version)
        siege.look()
        siege.newcomer(version)
        said = flood.wait()
        siege.newcomer(version)
    figure(f"{siege.name}: {said}; dropped {siege.causes('dropped')}; refused {siege.causes('refused')}")
    assert siege.causes("refused")["wrong_protocol"] > 100
    assert siege.after.flows <= siege.before.flows + siege.newcomers + 4


@pytest.mark.parametrize("version", (4, 6))
@pytest.mark.parametrize("name, port, say", [("hello", 5061, "hello"), ("header", 5269, HEADER_BEGUN)], ids=("hello", "header"))
def test_first_bytes_that_never_end(lab, siege, figure, version, name, port, say):
    with siege, Flood(lab, "connect", version, seconds=7, count=20000, port=port, say=say) as flood:
        siege.newcomer(version)
        lab.wait_for("first bytes to be kept", lambda: lab.packets()["gathers"] > 100, "dataplane")
        siege.look()
        siege.newcomer(version)
        said = flood.wait()
        siege.newcomer(version)
    figure(f"{siege.name}: {said}; dropped {siege.causes('dropped')}; refused {siege.causes('refused')}")
    assert siege.causes("refused")["too_late"] > 100


def established(lab):
    """Both ends of each connection with partners."""
    said = netns.run("nsenter", f"--net={netns.path(lab.ns('picket'))}", "ss", "-Hnt", "state", "established")
    return {tuple(line.split()[2:4]) for line in said.splitlines() if ":5269" in line}


@pytest.mark.parametrize("version", (4, 6))
def test_a_dataplane_killed_under_load(lab, alice, bob, figure, version):
    """kill -9 amid messages and a flood of segments of nothing. The kernel's connections are flows again before the first frame
    is taken, and what belongs to none goes on to be dropped."""
    with Conversation(alice, bob) as talk, Flood(lab, "ack", version, seconds=30, rate=50000) as flood:
        lab.wait_for("messages", lambda: talk.faults or all(len(took) >= 5 for took in talk.took.values()), timeout_s=60)
        assert not talk.faults
        before, kernel = established(lab), footprint.netstat(lab.pid("control"))
        said = len(lab.log_text("dataplane"))
        killed = time.monotonic()
        lab.stop("dataplane", signal.SIGKILL)
        lab.start_dataplane()
        lab.wait_ready()
        away_s = time.monotonic() - killed
        arrived = talk.count()
        lab.wait_for("messages after the restart", lambda: talk.faults or talk.count() >= arrived + 10, "dataplane", timeout_s=60)
        lab.wait_for("the flood to be dropped", lambda: lab.packets()["dropped"]["bad_cookie"] > 10000, "dataplane")
        packets, after = lab.packets(), footprint.netstat(lab.pid("control"))
        assert flood.running()
    figure(f"a_dataplane_killed_under_load[{version}]: whole again after {away_s:.1f} s, the longest message took "
           f"{max(took for way in talk.took.values() for _, took in way):.1f} s; {packets['in']['received']} frames since, "
           f"{packets['dropped']['bad_cookie']} of nothing, {packets['in']['forwarded']} reached the kernel")
    log = lab.log_text("dataplane")[said:]
    adopted = re.search(r"(\d+) connections go on; 0 without a mark and 0 over", log)
    assert adopted and int(adopted[1]) >= len(before) > 0, log
    assert adopted.start() < log.index("port net_af_packet0 on port0 started")
    assert before <= established(lab)
    # Whoever waited longer than five seconds may have been told that it is not sure.
    assert not talk.faults or away_s > 2.5, talk.faults
    assert packets["kernel.passed.handed_over"] == packets["kernel.dropped.no_connection"] == 0
    assert packets["dropped"]["no_flow"] + packets["refused"]["no_flow"] == 0
    assert after["OutRsts"] == kernel["OutRsts"] and packets["flows"] >= len(before)
    with Conversation(alice, bob) as talk:
        lab.wait_for("messages", lambda: talk.faults or talk.count() >= 10, timeout_s=60)
    assert not talk.faults
