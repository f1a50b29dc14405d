# SPDX-License-Identifier: BSD-3-Clause
"""Rules that change ten times a second while messages cross: nothing is lost, doubled or late, and no
connection is made anew."""

import os
import queue
import re
import threading
import time

import netns
import pytest
from changes import Tool, fine, rules_file, rules_text, until

USERS = 8
PACE_S = 0.01  # between alice's messages
UNDER_WAY = 32  # of alice's messages at one time
EVERY_S = 0.1
QUIET_S, RELOADS_S = 2, 10
# What neighbours and the lab's own tools send now and then; nothing of a partner's connection.
NOISE = {"icmp_type", "nd_not_ours", "nd_limited", "arp_limited", "not_ip", "bad_ethertype", "outbound_not_allowed"}

OTHERS = "".join(f"  - {{domain: p{i}.example, protocol: xmpp, sources: [203.0.113.{i}/32]}}\n" for i in range(20))
TRAFFIC = "    limits: {packets_per_s: 15000, bytes_per_s: 20000000, connections: 15}\n"


class Load:
    """Messages both ways without a pause, each way in the order of its sender."""

    def __init__(self, lab, alice):
        self.alice = alice
        self.users = [lab.sip_user(f"u{i}") for i in range(USERS)]
        self.sent, self.came = {}, {}
        self.failures = []
        self.ended = False
        self._room = threading.Semaphore(UNDER_WAY)
        self._senders = [self._thread(self._alice_sends)] + [self._thread(self._sends, user) for user in self.users]
        self._receivers = [self._thread(self._alice_receives)] + [self._thread(self._receives, u) for u in self.users]

    def _thread(self, function, *args):
        def guarded():
            try:
                function(*args)
            except BaseException as failure:  # pylint: disable=broad-except
                self.failures.append(failure)

        return threading.Thread(target=guarded, daemon=True)

    def _alice_sends(self):
        number = 0
        while not self.ended:
            if not self._room.acquire(timeout=20):
                raise AssertionError("alice's messages do not arrive")
            user = self.users[number % USERS].user
            what = f"alice {user} {number // USERS}"
            self.sent[what] = time.monotonic()
            self.alice.send(f"{user}@corp.example", what)
            number += 1
            time.sleep(PACE_S)

    def _sends(self, user):
        number = 0
        while not self.ended:
            what = f"{user.user} alice {number}"
            self.sent[what] = time.monotonic()
            code, reason, _ = user.send("sip:alice@partner.example", what)
            assert code == 202, f"{what}: {code} {reason}"
            number += 1

    def _take(self, messages, done):
        heard = time.monotonic()
        while True:
            try:
                got = messages.get(timeout=0.1)
            except queue.Empty:
                if self.ended and (self.all_here() or time.monotonic() - heard > 10):
                    return
                continue
            heard = time.monotonic()
            self.came.setdefault(got["body"], []).append(got["at"])
            done()

    def _receives(self, user):
        self._take(user.messages, self._room.release)

    def _alice_receives(self):
        self._take(self.alice.messages, lambda: None)

    def all_here(self):
        return len(self.came) >= len(self.sent)

    def __enter__(self):
        for thread in self._receivers + self._senders:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        for thread in self._senders + self._receivers:
            thread.join(timeout=40)
        time.sleep(0.3)  # a second copy would come by now
        for user in self.users:
            user.close()

    def faults(self):
        """What is wrong with what came, in words."""
        said = [str(failure) for failure in self.failures]
        said += [f"{what} did not arrive" for what in self.sent if what not in self.came]
        said += [f"{what} came {len(at)} times" for what, at in self.came.items() if len(at) != 1]
        said += [f"{what} was never sent" for what in self.came if what not in self.sent]
        left = [user.messages.qsize() for user in [self.alice, *self.users]]
        said += [f"{sum(left)} messages too many"] if any(left) else []
        said += [f"an error came back: {self.alice.errors.get()}" for _ in range(self.alice.errors.qsize())]
        last = {}
        for what, at in sorted(((w, a[0]) for w, a in self.came.items()), key=lambda pair: pair[1]):
            way, number = what.rsplit(" ", 1)
            if last.get(way, -1) >= int(number):
                said.append(f"{what} overtook {way} {last[way]}")
            last[way] = int(number)
        return said

    def longest_ms(self, begin, end):
        """The longest way of a message that was sent in this time, and how many there were."""
        took = [at[0] - self.sent[what] for what, at in self.came.items() if begin <= self.sent[what] < end]
        return max(took) * 1e3, len(took)


def documents(lab):
    """Two that differ in all but the partner of the traffic and its connections."""
    text = rules_text(lab)
    one = text.replace("partners:\n", "partners:\n" + OTHERS)
    one = one.replace("service:\n", "service:\n  ports: {xmpp: [5269, 5270]}\n")
    one = one.replace("prefixes: [", "prefixes: [203.0.113.128/25, ").replace("domains: [", "domains: [bad.example, ")
    two = text.replace("  - domain: second.example\n    protocol: xmpp\n", "")
    two = two.replace("  - domain: partner.example\n", "  - domain: partner.example\n" + TRAFFIC)
    two = two.replace("packets_per_s: 20000\n", "packets_per_s: 15000\n")
    assert len({text, one, two}) == 3
    return rules_file(lab, one, "one.yaml"), rules_file(lab, two, "two.yaml")


def connections(lab):
    """Those of XMPP and SIP as the kernel has them: both ends."""
    said = netns.run("ip", "netns", "exec", lab.ns("picket"), "ss", "-Htn", "state", "established")
    ends = {tuple(line.split()[2:4]) for line in said.splitlines()}
    return {pair for pair in ends if re.search(r":(5269|5061)\b", " ".join(pair))}


def ended(lab):
    """What is counted when a session begins, ends or fails."""
    return {name: n for name, n in lab.show("counters").items()
            if name.startswith(("xmpp.ended", "xmpp.refused", "xmpp.unreachable", "sip.closed", "sip.refused", "sip.outcome",
                                "filter.lost", "filter.refused", "session.refused", "accept.", "connect."))}


def causes(lab):
    """Frames that did not pass, by cause, and those of the partner."""
    seen = lab.packets()
    partner = next(row for row in seen["partners"] if row["partner"] == "partner.example")
    dropped = {cause: n for cause, n in seen["dropped"].items() if n and cause not in NOISE}
    return dropped, seen["refused"], partner.get("drops"), partner.get("refusals")


def descriptors(lab):
    return {program: len(os.listdir(f"/proc/{lab.pid(program)}/fd")) for program in ("control", "dataplane")}


def memory_kib(lab, program):
    with open(f"/proc/{lab.pid(program)}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s*(\d+)", status.read())[1])


def reload_for(lab, files, seconds):
    """Apply them in turn; returns the generations and how long each took."""
    generations, took = [], []
    end = time.monotonic() + seconds
    begin = time.monotonic()
    while begin < end:
        said = fine(lab, "apply", files[len(generations) % 2])
        took.append(time.monotonic() - begin)
        generations.append(int(re.match(r"generation (\d+) is in force", said)[1]))
        time.sleep(max(0.0, begin + EVERY_S - time.monotonic()))
        begin = time.monotonic()
    return generations, took


@pytest.fixture(autouse=True)
def the_original_rules_come_back(lab):
    yield
    fine(lab, "apply", rules_file(lab, rules_text(lab), "original.yaml"))


def test_reloads_under_load_lose_nothing(lab, alice, figure):
    files = documents(lab)
    with Load(lab, alice) as load:
        until(lambda: load.failures or len(load.came) > 4 * USERS, "no messages cross")
        fine(lab, "apply", files[1])
        before = connections(lab), ended(lab), causes(lab), descriptors(lab)
        changed = lab.show("counters")["rules.changed.apply"]
        kib = memory_kib(lab, "control")
        quiet = time.monotonic()
        time.sleep(QUIET_S)
        begin = time.monotonic()
        generations, took = reload_for(lab, files, RELOADS_S)
        end = time.monotonic()
        if len(generations) % 2 == 1:
            generations.append(int(re.search(r"\d+", fine(lab, "apply", files[1]))[0]))
        counted = lab.show("counters")["rules.changed.apply"] - changed
        shown = lab.show("rules")["generation"], lab.packets()["generation"]
        after = connections(lab), ended(lab), causes(lab), descriptors(lab)
        kib = memory_kib(lab, "control") - kib
    assert not load.faults()
    assert len(before[0]) >= 3, before[0]
    for was, now in zip(before[:3], after[:3]):
        assert was == now
    assert all(after[3][program] <= before[3][program] + 2 for program in after[3]), (before[3], after[3])
    assert counted == len(generations) >= RELOADS_S
    assert generations == sorted(set(generations))
    assert shown == (generations[-1], generations[-1])
    assert not lab.fate_faults()
    rows = [row for row in lab.show("sessions") if row["kind"] == "xmpp stream" and row["remote"] == "partner.example"]
    assert rows and all(row["age_s"] >= QUIET_S + RELOADS_S - 1 for row in rows), rows
    with_ms, many = load.longest_ms(begin, end)
    without_ms, few = load.longest_ms(quiet, begin)
    took.sort()
    figure(f"reload: {len(took) / (end - begin):.1f} applies/s, each {took[len(took) // 2] * 1e3:.0f} ms (longest "
           f"{took[-1] * 1e3:.0f} ms); {many / (end - begin):.0f} messages/s, the longest took {with_ms:.0f} ms "
           f"(without changes {few / (begin - quiet):.0f}/s, {without_ms:.0f} ms); control plane {kib:+} KiB")


def test_changes_that_meet_are_made_one_after_the_other_or_refused_as_busy(lab):
    files = documents(lab)
    changed = lab.show("counters")["rules.changed.apply"]
    codes = []
    for _ in range(10):
        both = [Tool(lab, "apply", file) for file in files]
        for one in both:
            code, _, err = one.end()
            assert code == 0 or "busy: apply of " in err, err
            codes.append(code)
    assert codes.count(0) >= 10
    assert lab.show("counters")["rules.changed.apply"] - changed == codes.count(0)
    assert lab.show("rules")["generation"] == lab.packets()["generation"]
