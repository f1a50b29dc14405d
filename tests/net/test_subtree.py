# SPDX-License-Identifier: BSD-3-Clause
"""A partner with the names below its own: a server with a certificate of such a name alone is the partner's, a
blocked name below is nobody's."""

import pytest
import s2s
from changes import both_ways, fine, refused_both_ways, rules_file, rules_text, streams, tool, until

BELOW, HOLE = "im.partner.example", "off.partner.example"
LAB = {"hosts": (BELOW, HOLE)}


@pytest.fixture(scope="module")
def below(lab):
    user = lab.xmpp_user("alice", BELOW)
    yield user
    user.close()


@pytest.fixture(scope="module")
def hole(lab):
    user = lab.xmpp_user("alice", HOLE)
    yield user
    user.close()


@pytest.fixture(scope="module")
def subtree(lab):
    """The rules name the whole tree of the partner, but for one name."""
    text = rules_text(lab).replace("  - domain: partner.example\n", "  - domain: partner.example\n    subtree: true\n")
    file = rules_file(lab, text.replace("domains: [", f"domains: [{HOLE}, "))
    assert "~ partner partner.example: subtree: + true\n" in tool(lab, "diff", file)[1]
    fine(lab, "apply", file)


def proven(lab):
    return {(row["direction"], row["remote"]): row["proven"] for row in streams(lab)}


def test_without_a_subtree_a_name_below_is_nobodys(alice, bob, below):
    both_ways(alice, bob, "the partner itself")
    refused_both_ways(below, bob)


def test_messages_cross_to_a_name_below(lab, alice, bob, below, subtree):
    both_ways(below, bob, "below")
    both_ways(alice, bob, "the partner itself, still")
    assert proven(lab) == {(way, name): True for way in ("in", "out") for name in (BELOW, "partner.example")}


def test_what_crosses_counts_for_the_partner(lab, bob, below, subtree):
    def counted():
        row = next(row for row in lab.show("messages") if row["partner"] == "partner.example")
        return row["in_delivered"], row["out_delivered"]

    came, went = counted()
    both_ways(below, bob, "below")
    assert counted() == (came + 1, went + 1)
    row = next(row for row in lab.packets()["partners"] if row["partner"] == "partner.example")
    assert row["flows"] >= 4, row


def test_a_blocked_name_below_is_refused(lab, bob, below, hole, subtree):
    refused_both_ways(hole, bob)
    both_ways(below, bob, "below")
    assert not any(remote == HOLE for _, remote in proven(lab))


def test_a_certificate_of_a_name_below_is_good_for_that_name_alone(lab, subtree):
    certificate, key = lab.ca.path(BELOW, "crt"), lab.ca.path(BELOW, "key")

    def log_in(domain):
        with s2s.Stream(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 5269)) as stream:
            stream.log_in(certificate, key, domain)

    log_in(BELOW)
    for other in ("partner.example", "deep." + BELOW, HOLE):
        with pytest.raises(s2s.Refused):
            log_in(other)


def test_without_its_subtree_the_partner_keeps_its_own_streams(lab, alice, bob, below, subtree):
    both_ways(alice, bob, "before")
    both_ways(below, bob, "below")
    fine(lab, "apply", rules_file(lab, rules_text(lab), "original.yaml"))
    # What its server writes into a stream that we have just closed, nobody answers.
    until(lambda: f"{BELOW}->corp.example closed: policy-violation" in lab.log_text("prosody"), "the stream goes on")
    refused_both_ways(below, bob)
    both_ways(alice, bob, "after")
    assert {name for _, name in proven(lab)} == {"partner.example"}
