# SPDX-License-Identifier: BSD-3-Clause
"""Either daemon is killed in each phase of a change, and both together: what is in force then is the old
rules or the new ones, whole, in both, as docs/operations.md has it."""

import contextlib
import os
import queue
import re
import shutil
import signal
import time

import netns
import pytest
import s2s
from between import Between
from changes import NEW, Tool, fine, partners, rules_file, rules_text, shown_certificate, tool, until

GUEST, GUEST4 = "guest.example", "198.51.100.51"
LAB = {"guests": {GUEST: (GUEST4, "{new_connections_per_s: 100}")}}

# What of the change is kept back when the daemons are killed, and whether it comes about.
# (phase, packet, goes on to who lives, control plane killed, dataplane killed)
PHASES = {
    "compiling": (None, None, "old", "old"),
    "preparing": ((True, "prepare"), False, "old", "old"),
    "prepare arrives": ((True, "prepare"), True, "old", "old"),
    "prepared": ((False, "prepare"), False, "old", "old"),
    "writing": ((False, "prepare"), True, "old", "new"),
    "decided": ((True, "commit"), False, "new", "new"),
    "commit arrives": ((True, "commit"), True, "new", "new"),
    "committed": ((False, "commit"), False, "new", "new"),
    "listeners": ((True, "listeners"), False, "new", "new"),
    "adopted": (None, None, "new", "new"),
}


class Edge:
    """The edge of the lab with somebody between the daemons, and with two documents that take turns."""

    def __init__(self, lab):
        self.lab = lab
        edge = lab.dir / "edge"
        self.between = Between(edge / "between.sock", edge / "dataplane.sock")
        self.authorities = edge / "authorities.crt"
        shutil.copy(lab.ca.file, self.authorities)
        text = rules_text(lab)
        with_more = text.replace("partners:\n", "partners:\n" + NEW).replace("service:\n", "service:\n  ports: {xmpp: [5269, 5270]}\n")
        without_guest = text.replace(f" sources: [{GUEST4}/32],", "").replace("prefixes: [", f"prefixes: [{GUEST4}/32, ")
        assert text != with_more and text.count(GUEST4) == without_guest.count(GUEST4) == 1
        self.files = [rules_file(lab, with_more, "more.yaml"), rules_file(lab, without_guest, "less.yaml")]
        lab.stop("control")
        self.start_control()
        lab.wait_ready()
        self.apply(0)

    def apply(self, number):
        fine(self.lab, "apply", self.files[number])
        self.now = number

    def start_control(self):
        self.lab.start_control("--dataplane", self.between.path, "--ca", self.authorities)

    def kill(self, *programs):
        for program in programs:
            os.kill(self.lab.pid(program), signal.SIGKILL)
        for program in programs:
            self.lab.stop(program)

    def start(self, *programs):
        if "dataplane" in programs:
            self.lab.start_dataplane()
        if "control" in programs:
            self.start_control()
        self.lab.wait_ready()

    def close(self):
        self.between.close()

    # ---- what is in force -------------------------------------------------------------------

    def generations(self):
        """In the control plane, on its channel, in the dataplane, and on the disk."""
        with contextlib.suppress(RuntimeError, KeyError):
            written = (self.lab.dir / "edge" / "control-state" / "rules" / "current").read_text(encoding="utf-8")
            return {self.lab.show("rules")["generation"], self.lab.show("dataplane")["generation"],
                    self.lab.packets()["generation"], int(re.search(r"\d{9,}", written)[0])}
        return set()

    def check(self, number, begun):
        """Both daemons serve this document and nothing of the other one."""
        lab = self.lab
        until(lambda: len(self.generations()) == 1, "the generations differ", 10)
        assert tool(lab, "diff", self.files[number])[0] == 0
        assert ("new.example" in partners(lab)) == (number == 0)
        assert s2s.syn_answer(lab.ns("partner"), GUEST4, (lab.address("service4"), 5269)) == ("accepted", "refused")[number]
        until(lambda: lab.listens("picket", lab.address("service4"), 5270) == (number == 0), "the wrong listeners", 10)
        states = [row["state"] for row in lab.show("rules")["rows"]]
        assert states.count("in force") == states.count("rollback goes here") == 1
        said = lab.log_text("control")[begun:]
        assert "<3>" not in said and "damaged" not in said, said
        self.now = number


@pytest.fixture(scope="module")
def edge(lab):
    made = Edge(lab)
    yield made
    made.close()


def cross(alice, bob, word):
    """Messages cross both ways again, within the time that partners need to come back."""
    until(lambda: bob.send("sip:alice@partner.example", word)[0] == 202, "bob is not heard", 30)
    while alice.receive(timeout_s=10)["body"] != word:
        pass
    end = time.monotonic() + 30
    while True:
        alice.send("bob@corp.example", word)
        with contextlib.suppress(queue.Empty):
            if bob.receive(timeout_s=2)["body"] == word:
                return
        assert time.monotonic() < end, "alice is not heard"


@contextlib.contextmanager
def compiling(edge):
    """The file of the authorities, which every change reads, does not end."""
    os.unlink(edge.authorities)
    os.mkfifo(edge.authorities, 0o644)
    try:
        yield
    finally:
        beside = edge.authorities.with_suffix(".new")
        shutil.copy(edge.lab.ca.file, beside)
        # Whoever still waits gets them, who comes later too.
        with contextlib.suppress(OSError):
            pipe = os.open(edge.authorities, os.O_WRONLY | os.O_NONBLOCK)
            os.write(pipe, beside.read_bytes())
            os.close(pipe)
        os.rename(beside, edge.authorities)


def kill_compiling(edge, change, victims):
    with compiling(edge):
        first = change()
        until(lambda: edge.lab.show("rules")["change"] != "none", "it does not begin")
        edge.kill(*victims)
        if "control" not in victims:
            until(lambda: edge.lab.show("dataplane")["state"] != "ready", "the loss is not seen")
    return first


def kill_writing(edge, packet):
    """No file can grow any more: the kernel kills the control plane when it writes the document."""
    netns.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "prlimit", "--fsize=0:0", "--core=0:0",
              "--pid", str(edge.lab.pid("control")))
    packet.pass_on()
    assert edge.lab._processes["control"].wait(timeout=10) == -signal.SIGXFSZ
    edge.lab.stop("control")


def kill_waiting(edge, change, victims, phase):
    """What is awaited is kept back while they are killed."""
    wanted, goes_on, *_ = PHASES[phase]
    packet = edge.between.next(*wanted)
    first = change()
    packet.wait()
    if phase == "listeners":
        first.process.wait(timeout=10)
    else:
        code, _, err = tool(edge.lab, "apply", edge.files[edge.now])
        assert code == 1 and "busy: " in err
    if phase == "writing" and "control" in victims:
        kill_writing(edge, packet)
        edge.kill(*set(victims) - {"control"})
        return first
    if goes_on and wanted[0] and "dataplane" in victims:
        # It comes to the dataplane, which does no more about it.
        os.kill(edge.lab.pid("dataplane"), signal.SIGSTOP)
        edge.kill(*set(victims) - {"dataplane"})
        packet.pass_on()
        edge.kill("dataplane")
        return first
    edge.kill(*victims)
    if goes_on:
        packet.pass_on()
    else:
        packet.lose()
    return first


def killed_in(edge, change, phase, victims):
    """Returns what became of the command."""
    if phase == "compiling":
        first = kill_compiling(edge, change, victims)
    elif phase == "adopted":
        first = change()
        ended = first.end()
        edge.kill(*victims)
        return ended
    else:
        first = kill_waiting(edge, change, victims, phase)
    return first.end()


def check_words(phase, victims, outcome, ended):
    """What the command says of it."""
    code, _, err = ended
    if phase in ("listeners", "adopted"):
        assert code == 0, err
    elif "control" in victims:
        assert code == 3 and "'picketctl show rules' says what is in force" in err
    elif outcome == "old":
        assert code == 1 and "nothing was changed" in err
    else:
        assert code == 0 and "is brought to the new rules" in err


def outcome_of(phase, victims):
    return PHASES[phase][2 if "control" in victims else 3]


def try_it(edge, alice, bob, command, phase, victims):
    """Kill them in this phase of the command, which would bring the other document, and look."""
    other = 1 - edge.now
    outcome = outcome_of(phase, victims)
    ended = killed_in(edge, lambda: Tool(edge.lab, *command), phase, victims)
    check_words(phase, victims, outcome, ended)
    begun = len(edge.lab.log_text("control"))
    edge.start(*victims)
    edge.check(other if outcome == "new" else edge.now, begun)
    cross(alice, bob, f"{phase} {victims}")


@pytest.mark.parametrize("victim", ["control", "dataplane"])
@pytest.mark.parametrize("phase", PHASES)
def test_one_is_killed_while(edge, alice, bob, phase, victim):
    try_it(edge, alice, bob, ("apply", edge.files[1 - edge.now]), phase, [victim])


@pytest.mark.parametrize("phase", ["compiling", "prepared", "writing", "decided", "committed"])
def test_both_are_killed_while(edge, alice, bob, phase):
    """As when the power fails: partners' connections are found dead by who speaks next."""
    try_it(edge, alice, bob, ("apply", edge.files[1 - edge.now]), phase, ["control", "dataplane"])


@pytest.mark.parametrize("phase, victim", [("prepared", "dataplane"), ("decided", "control")])
def test_a_rollback_is_as_whole(edge, alice, bob, phase, victim):
    edge.apply(1 - edge.now)
    edge.apply(1 - edge.now)
    try_it(edge, alice, bob, ("rollback",), phase, [victim])


@pytest.mark.parametrize("phase", ["prepared", "decided"])
def test_certificates_come_with_the_decision(edge, lab, alice, bob, phase):
    before, generation = shown_certificate(lab), lab.show("rules")["generation"]
    lab.ca.leaf("corp.example", "DNS:corp.example,URI:sip:corp.example")
    ended = killed_in(edge, lambda: Tool(lab, "reload", "certificates"), phase, ["dataplane"])
    check_words(phase, ["dataplane"], outcome_of(phase, ["dataplane"]), ended)
    begun = len(lab.log_text("control"))
    edge.start("dataplane")
    edge.check(edge.now, begun)
    is_new = phase == "decided"
    assert (shown_certificate(lab) != before) == (lab.show("rules")["generation"] > generation) == is_new
    cross(alice, bob, f"certificates {phase}")
