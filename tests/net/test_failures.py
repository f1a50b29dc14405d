# SPDX-License-Identifier: BSD-3-Clause
"""Somebody behind the edge does not answer, is gone, or is not who it should be: the sender is told what became
of the message, and whether it may have arrived."""

import os
import shutil
import signal
import time

import netns
import pytest
from knock import Knocking

LAB = {"fr_timer_ms": 10000}  # Kamailio waits longer than the edge does


def told(answer):
    """The code, and the text of the edge's Warning."""
    code, _, headers = answer
    agent, _, text = headers.get("warning", "").partition(' "')
    assert agent == "399 corp.example", headers
    return code, text.rstrip('"')


def until_accepted(send, timeout_s=40):
    """Again until it works: after a failure both sides keep a pause."""
    end = time.monotonic() + timeout_s
    while not send():
        assert time.monotonic() < end, "it stays so"
        time.sleep(0.3)


def both_ways(alice, bob, word):
    until_accepted(lambda: bob.send("sip:alice@partner.example", f"{word} out")[0] == 202)
    while alice.receive(timeout_s=20)["body"] != f"{word} out":
        pass

    def crosses():
        sent = alice.send("bob@corp.example", f"{word} in")
        while True:
            if not bob.messages.empty():
                return bob.receive()["body"] == f"{word} in"
            if not alice.errors.empty():
                assert alice.receive_error()["id"] == sent
                return False
            time.sleep(0.02)

    until_accepted(crosses)


@pytest.fixture
def prosody_with(lab):
    """Start the partner's server again, with a certificate."""
    own = lab.dir / "prosody" / "certs"

    def start(certificate, key):
        lab.stop("prosody")
        shutil.copy(certificate, own / "partner.example.crt")
        shutil.copy(key, own / "partner.example.key")
        lab.start_prosody()

    yield start
    start(lab.ca.path("partner.example", "crt"), lab.ca.path("partner.example", "key"))


@pytest.fixture
def kamailio_with(lab):
    """The same for the inside server. Its users register anew."""
    paths = [lab.ca.path("inside", suffix) for suffix in ("crt", "key")]
    kept = [open(path, "rb").read() for path in paths]

    def start(*octets):
        lab.stop("kamailio")
        for path, content in zip(paths, octets):
            with open(path, "wb") as file:
                file.write(content)
        lab.start_kamailio()

    yield start
    start(*kept)


def test_a_tap_that_takes_nothing_loses_nobody(lab, alice, bob):
    """The kernel refuses every write: what waits is held, what finds no room has its cause, and then it goes on."""
    both_ways(alice, bob, "before")
    tap = ("ip", "-n", lab.ns("picket"), "link", "set", "picket0")
    netns.run("ip", "netns", "exec", lab.ns("picket"), "sysctl", "-qw", "net.ipv6.conf.picket0.keep_addr_on_down=1")
    netns.run(*tap, "down")
    try:
        knocking = Knocking(lab, lab.address("stranger4"), per_s=300, seconds=2)
        try:
            lab.wait_for("no room", lambda: lab.packets()["dropped"]["queue_full"])
            assert lab.packets()["in"]["held"] > 0
            assert not lab.fate_faults()
            assert knocking.wait()["accepted"] == 0
        finally:
            knocking.stop()
    finally:
        netns.run(*tap, "up")
    lab.wait_for("nothing to be held", lambda: lab.packets()["in"]["held"] == 0)
    both_ways(alice, bob, "after")


def test_a_message_that_nobody_confirms_is_504_and_may_have_arrived(lab, alice, bob):
    both_ways(alice, bob, "before")
    prosody = lab.pid("prosody")
    os.kill(prosody, signal.SIGSTOP)
    try:
        assert told(bob.send("sip:alice@partner.example", "anybody there?")) == (
            504, "The recipient's server did not confirm. It may have been delivered.")
    finally:
        os.kill(prosody, signal.SIGCONT)
    # And so it was.
    assert alice.receive(timeout_s=20)["body"] == "anybody there?"
    both_ways(alice, bob, "after")


def test_without_the_inside_server_the_xmpp_sender_hears_of_a_timeout(lab, alice, bob):
    both_ways(alice, bob, "before")
    lab.stop("kamailio")
    sent = alice.send("bob@corp.example", "anybody there?")
    back = alice.receive_error(timeout_s=20)
    assert (back["id"], back["from"], back["condition"]) == (sent, "bob@corp.example", "remote-server-timeout")
    assert back["text"] == "The SIP server cannot be reached. The message was not delivered."
    lab.start_kamailio()
    bob.register()
    both_ways(alice, bob, "after")


def test_a_partner_whose_certificate_is_not_its_own_gets_nothing(lab, prosody_with, bob):
    prosody_with(*lab.ca.leaf("impostor", "DNS:stranger.example"))
    assert told(bob.send("sip:alice@partner.example", "secret")) == (
        502, "Identities could not be proven. The message was not delivered.")
    prosody_with(lab.ca.path("partner.example", "crt"), lab.ca.path("partner.example", "key"))
    alice = lab.xmpp_user("alice")
    try:
        both_ways(alice, bob, "with its own again")
    finally:
        alice.close()


def test_an_inside_server_whose_certificate_is_not_its_own_gets_nothing(lab, kamailio_with, bob):
    alice = lab.xmpp_user("anna")
    try:
        certificate, key = lab.ca.leaf("impostor", "DNS:stranger.example,URI:sip:stranger.example")
        kamailio_with(open(certificate, "rb").read(), open(key, "rb").read())
        sent = alice.send("bob@corp.example", "secret")
        back = alice.receive_error(timeout_s=20)
        assert (back["id"], back["condition"]) == (sent, "remote-server-not-found")
        assert back["text"] == "The SIP server did not prove its identity. The message was not delivered."
        assert bob.messages.empty()
    finally:
        alice.close()
