# SPDX-License-Identifier: BSD-3-Clause
"""Verdicts: an operator's block hits what exists and what begins, ends, and outlives both daemons."""

import signal
import threading
import time

import pytest
import s2s
from changes import until
from knock import Knocking
from netns import run
from picket import Client

FOREVER_S = "3600"


def both_ways(alice, bob, word, timeout_s=30):
    """Messages cross again, maybe after a pause that the two sides keep after a failure."""
    tries = []

    def taken():
        tries.append(f"{word} out {len(tries)}")
        return bob.send("sip:alice@partner.example", tries[-1])[0] == 202

    until(taken, "they are not taken", timeout_s, 0.5)
    # Prosody answers on a connection of its own. Where a block has eaten its SYNs, that comes some seconds later, and our
    # Kamailio has said 408 of what arrived.
    while (got := alice.receive(timeout_s=20)["body"]) != tries[-1]:
        assert got in tries
    alice.send("bob@corp.example", f"{word} in")
    assert bob.receive(timeout_s=20)["body"] == f"{word} in"


def flows(lab, *states):
    return [f for f in lab.show("flows") if f["state"] in states]


def partner_flows(lab):
    return [f for f in flows(lab, "established") if f["remote"] == lab.address("partner4")]


def established(lab):
    """The partner's connections as the kernel of the edge knows them."""
    said = run("ip", "netns", "exec", lab.ns("picket"), "ss", "-Htn", "state", "established")
    return [line for line in said.splitlines() if f"{lab.address('partner4')}:" in line]


def knock(lab):
    return s2s.header_answer(lab.ns("partner"), lab.address("partner4"), (lab.address("service4"), 5269))


def restart(lab, daemon):
    """Killed without a word, then started again."""
    lab.stop(daemon, signal.SIGKILL)
    if daemon == "dataplane":
        (lab.dir / "edge" / "dataplane.sock").unlink(missing_ok=True)
        time.sleep(0.5)  # the kernel takes the TAP back
        lab.start_dataplane()
    else:
        lab.start_control()
    lab.wait_ready()


@pytest.fixture(autouse=True)
def nothing_stays_blocked(lab):
    yield
    for row in lab.show("verdicts"):
        lab.ctl("unblock", row["target"], *(["--subtree"] if row["subtree"] else []))


def test_a_proven_partners_flow_is_verified(lab, alice, bob):
    both_ways(alice, bob, "first")
    ids = {p["domain"]: p["id"] for p in lab.show("partners")}
    until(lambda: any(f["class"] == "verified" for f in partner_flows(lab)), "no flow is verified")
    verified = [f for f in partner_flows(lab) if f["class"] == "verified"]
    assert {f["partner"] for f in verified} == {ids["partner.example"]}
    assert not any(f["outbound"] for f in verified)


def test_a_block_resets_what_exists_and_refuses_what_begins(lab, alice, bob, figure):
    both_ways(alice, bob, "before")
    assert partner_flows(lab) and established(lab)
    begun = time.monotonic()
    lab.ctl("block", lab.address("partner4"), "--for", FOREVER_S, "--reason", "a test")
    until(lambda: not established(lab), "the kernel's sockets are still there")
    figure(f"from picketctl block to the last reset of a partner: {(time.monotonic() - begun) * 1000:.0f} ms")
    assert not partner_flows(lab)
    assert knock(lab) == "refused"
    drops = {row["cause"]: row for row in lab.show("drops")}
    assert drops["blocked_by_verdict"]["refused"] > 0
    assert "verdict" in drops["blocked_by_verdict"]["words"]
    (row,) = lab.show("verdicts")
    assert (row["target"], row["kind"], row["reason"]) == (f"{lab.address('partner4')}/32", "source", "a test")
    assert 0 < row["seconds"] <= 3600
    lab.ctl("unblock", lab.address("partner4"))
    assert lab.show("verdicts") == []
    both_ways(alice, bob, "after")


def reset_at(stream, at):
    """A thread that notes when the stream is reset."""

    def wait():
        try:
            while stream.sock.recv(1):
                pass
        except ConnectionResetError:
            at.append(time.monotonic())

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_how_fast_a_block_works(lab, figure):
    """From the command, started as an operator starts it, to what the other end sees."""
    source = lab.address("stranger4")
    reset = []
    knocking = Knocking(lab, source, per_s=400, seconds=2)
    try:
        with s2s.Stream(lab.ns("partner"), source, timeout_s=15) as stream:
            stream.header()
            stream.read_until("</stream:features>")
            waiting = reset_at(stream, reset)
            time.sleep(0.5)
            begun = time.monotonic()
            lab.ctl("block", source, "--for", FOREVER_S)
            answered = time.monotonic()
            waiting.join(timeout=15)
        ended = knocking.wait()
    finally:
        knocking.stop()
    assert ended["accepted"] > 0
    assert reset and ended["first_refused"], "the block turned into nothing"
    assert ended["first_refused"] > begun
    for what, at in (("its answer", answered), ("the reset of an established connection", reset[0]),
                     ("the first refused SYN", ended["first_refused"])):
        figure(f"from picketctl block to {what}: {(at - begun) * 1000:.1f} ms (goal for the verdict: 100)")


def test_how_fast_a_proof_is_known_to_the_dataplane(lab, figure):
    """From the partner's login to its verified flow, as picketctl shows it."""
    certificate, key = lab.ca.path("partner.example", "crt"), lab.ca.path("partner.example", "key")
    with Client(lab.control_socket) as client, s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        ours = stream.sock.getsockname()
        stream.log_in(certificate, key)

        def known():
            return any((f["remote"], f["remote_port"], f["class"]) == (*ours, "verified")
                       for f in client.show("flows").rows)

        figure(f"from the end of a login to the verified flow: {until(known, 'the flow is not verified', pause_s=0.005) * 1000:.1f} ms "
               "(goal for the verdict: 100)")


def test_a_domain_block_hits_its_partner(lab, alice, bob):
    both_ways(alice, bob, "before")
    lab.ctl("block", "partner.example", "--for", FOREVER_S)
    until(lambda: not established(lab), "the kernel's sockets are still there")
    lab.ctl("unblock", "partner.example")
    both_ways(alice, bob, "after")


def test_a_subtree_block_hits_the_partners_in_it(lab, alice, bob):
    both_ways(alice, bob, "before")
    # Above the partner's name, and not in its place.
    lab.ctl("block", "tner.example", "--subtree", "--for", FOREVER_S)
    lab.ctl("block", "chat.partner.example", "--for", FOREVER_S)
    assert established(lab)
    lab.ctl("block", "partner.example", "--subtree", "--for", FOREVER_S)
    until(lambda: not established(lab), "the kernel's sockets are still there")
    assert {(row["target"], row["subtree"]) for row in lab.show("verdicts")} == {
        ("tner.example", True), ("chat.partner.example", False), ("partner.example", True)}
    with pytest.raises(RuntimeError, match="say --subtree"):
        lab.ctl("unblock", "partner.example")
    lab.ctl("unblock", "partner.example", "--subtree")
    both_ways(alice, bob, "after")


def test_a_block_ends_by_itself(lab, alice, bob):
    lab.ctl("block", lab.address("partner4"), "--for", "2")
    assert knock(lab) == "refused"
    until(lambda: knock(lab) != "refused", "the block does not end")
    assert lab.show("verdicts") == []
    both_ways(alice, bob, "after the end")


@pytest.mark.parametrize("daemon", ["dataplane", "control"])
def test_a_block_outlives_a_killed_daemon(lab, alice, bob, daemon):
    lab.ctl("block", lab.address("partner4"), "--for", FOREVER_S, "--reason", "lasting")
    restart(lab, daemon)
    until(lambda: lab.show("verdicts") != [], "the block is gone")
    (row,) = lab.show("verdicts")
    assert row["reason"] == "lasting"
    assert knock(lab) == "refused"
    lab.ctl("unblock", lab.address("partner4"))
    both_ways(alice, bob, "after")
    assert knock(lab) != "refused"


def test_a_verified_flow_is_verified_again_after_a_restart(lab, alice, bob):
    both_ways(alice, bob, "before")
    restart(lab, "dataplane")
    until(lambda: any(f["class"] == "verified" for f in partner_flows(lab)), "no flow is verified")
    both_ways(alice, bob, "after")


@pytest.mark.parametrize(
    "words, said",
    [
        (("block", "198.51.100.7/24", "--for", "5"), "neither an address nor a prefix"),
        (("block", "0.0.0.0/0", "--for", "5"), "would block everybody"),
        (("block", "corp.example", "--for", "5"), "a domain of ours"),
        (("block", "example", "--subtree", "--for", "5"), "a domain of ours"),
        (("block", "198.51.100.7", "--subtree", "--for", "5"), "a prefix has no subtree"),
        (("block", "bad_name.example", "--for", "5"), "no domain"),
        (("block", "bad.example", "--for", "0"), "'seconds' must be 1 to"),
        (("block", "bad.example", "--for", "5", "--reason", "two\nlines"), "one line"),
        (("block", "bad.example"), "--for SECONDS"),
        (("unblock", "bad.example"), "no such block"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words(lab, words, said):
    with pytest.raises(RuntimeError) as refused:
        lab.ctl(*words)
    assert said in str(refused.value)
    assert lab.show("verdicts") == []


def test_who_blocked_is_in_the_log(lab):
    lab.ctl("block", "bad.example", "--for", "5")
    assert "block of bad.example for 5 s, asked by uid 0" in lab.log_text("control")
