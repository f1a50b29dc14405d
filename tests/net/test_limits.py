# SPDX-License-Identifier: BSD-3-Clause
"""One partner over its limits is held back; another one does not notice."""

import socket
import time

import pytest
import s2s
from knock import Knocking

KNOCKS_PER_S, BURST = 5, 5
LAB = {"guests": {
    "knocking.example": ("198.51.100.50", f"{{new_connections_per_s: {KNOCKS_PER_S}, new_connections_burst: {BURST}, "
                                          "connections: 1000}"),
    "talking.example": ("198.51.100.51", "{packets_per_s: 100, packets_burst: 50}"),
    "shouting.example": ("198.51.100.52", "{bytes_per_s: 100000, bytes_burst: 30000}"),
}}
MESSAGES = 100
# Causes of drops that are a partner's own limits.
LIMITS = {"over_new_connections", "over_connections", "over_handshakes", "over_packets", "over_bytes", "queue_full"}


def spread(seconds):
    """'p50 3.1 ms, p99 7.2 ms of 100'"""
    ordered = sorted(seconds)

    def at(share):
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    return f"p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms of {len(ordered)}"


def partner(lab, name):
    return next(row for row in lab.packets()["partners"] if row["partner"] == name)


def round_trips(alice, bob, word):
    """How long each of many messages took from the partner to the SIP user; every one arrives, in order."""
    took = []
    for number in range(MESSAGES):
        begun = time.monotonic()
        alice.send("bob@corp.example", f"{word} {number}")
        assert bob.receive(timeout_s=20)["body"] == f"{word} {number}"
        took.append(time.monotonic() - begun)
    return took


def accepted(alice, bob, word, count=10):
    """The same for the other way, with its outcome."""
    took = []
    for number in range(count):
        begun = time.monotonic()
        assert bob.send("sip:alice@partner.example", f"{word} {number}")[0] == 202
        took.append(time.monotonic() - begun)
        assert alice.receive()["body"] == f"{word} {number}"
    return took


@pytest.fixture
def unharmed(lab, alice, bob, figure):
    """Messages of another partner while the test runs: none is lost, none counted as limited."""
    accepted(alice, bob, "first", 1)
    before = round_trips(alice, bob, "before"), accepted(alice, bob, "before")

    def during():
        inwards, outwards = round_trips(alice, bob, "during"), accepted(alice, bob, "during")
        figure(f"another partner, XMPP to SIP: before {spread(before[0])}, meanwhile {spread(inwards)}")
        figure(f"another partner, SIP to XMPP: before {spread(before[1])}, meanwhile {spread(outwards)}")

    yield during
    assert not LIMITS & partner(lab, "partner.example").get("drops", {}).keys()
    assert alice.errors.empty()


def test_a_partner_over_its_new_connections_is_held_back(lab, unharmed, figure):
    address = LAB["guests"]["knocking.example"][0]
    begun = time.monotonic()
    opened = partner(lab, "knocking.example")["flows_opened"]
    knocking = Knocking(lab, address, per_s=300, seconds=4)
    try:
        lab.wait_for("knocks to be dropped", lambda: partner(lab, "knocking.example").get("drops", {}).get("over_new_connections"))
        unharmed()
        ended = knocking.wait()
    finally:
        knocking.stop()
    packets = lab.packets()  # all at one moment: what was held back may still try again
    seen = next(row for row in packets["partners"] if row["partner"] == "knocking.example")
    passed = seen["flows_opened"] - opened
    elapsed = time.monotonic() - begun
    figure(f"of {ended['tried']} knocks in 4 s {passed} passed, {seen['drops']['over_new_connections']} frames were dropped")
    assert BURST <= passed <= BURST + KNOCKS_PER_S * elapsed + 1
    assert seen["drops"]["over_new_connections"] == packets["dropped"]["over_new_connections"] > 0
    assert ended["refused"] == 0
    # It is held back, not shut out: at its rate connections go on to be accepted.
    for _ in range(3):
        assert s2s.header_answer(lab.ns("partner"), address, (lab.address("service4"), 5269), timeout_s=15) == "accepted"


@pytest.mark.parametrize("name, cause", [("talking.example", "over_packets"), ("shouting.example", "over_bytes")])
def test_a_partner_over_its_traffic_is_slowed_down(lab, unharmed, figure, name, cause):
    certificate, key = lab.ca.leaf(name, f"DNS:{name}")
    pings, padding = (300, "") if cause == "over_packets" else (100, " " * 1000)
    with s2s.Stream(lab.ns("partner"), LAB["guests"][name][0], timeout_s=60) as stream:
        stream.log_in(certificate, key, domain=name)
        sock = stream.sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(pings):
            sock.sendall(f"<iq from='{name}' to='corp.example' id='p{number}' type='get'>{padding}"
                         "<ping xmlns='urn:xmpp:ping'/></iq>".encode())
        unharmed()
        # What was dropped is sent again: all arrives in the end, and behind it the goodbye is answered.
        stream.send("</stream:stream>")
        stream.read_until("</stream:stream>")
    limited = {c: count for c, count in partner(lab, name)["drops"].items() if c in LIMITS}
    figure(f"{name}: {limited[cause]} packets were dropped")
    assert {c for c, count in limited.items() if count} == {cause}
