# SPDX-License-Identifier: BSD-3-Clause
"""A domain that no rule names, with a Kamailio that DNS names: nobody, then somebody, then nobody again."""

import contextlib

import pytest
from changes import fine, rules_file, rules_text, until
from sip_peer import Ended, Peer
from sip_user import user_of

STRANGER, STRANGER4 = "stranger.example", "198.51.100.20"
LAB = {"sip_hosts": {STRANGER: STRANGER4}}


@pytest.fixture(scope="module")
def carol(lab):
    with contextlib.closing(lab.sip_servers[STRANGER].user("carol")) as user:
        yield user


def discover(lab, enabled, more=""):
    text = rules_text(lab) + f"discovery: {{enabled: {enabled}, protocols: [sip]{more}}}\n"
    fine(lab, "apply", rules_file(lab, text))


def crosses(sender, to, body):
    code, reason, _ = sender.send(to.uri, body)
    assert code == 200, reason
    got = to.receive(timeout_s=20)
    assert (got["body"], user_of(got["from"])) == (body, sender.uri)


def counted(lab, name):
    return lab.show("counters").get(name, 0)


def connections(lab):
    return sorted(row["direction"] for row in lab.show("sessions")
                  if row["kind"] == "sip connection" and row["peer"] == f"discovered {STRANGER}")


def one_more(lab):
    """A connection of its own making, and the answer to a message on it. Raises Ended."""
    with Peer.connect(lab, STRANGER4, lab.sip_servers[STRANGER].certificate(), STRANGER) as peer:
        return peer.ask(sender=f"sip:carol@{STRANGER}", body="one more")


def refused_both_ways(lab, bob, carol):
    before = counted(lab, "sip.refused.peer_unknown")
    assert bob.send(carol.uri, "refused")[0] == 403
    with pytest.raises(Ended):
        one_more(lab)
    assert counted(lab, "sip.refused.peer_unknown") == before + 1
    assert bob.messages.empty() and carol.messages.empty()


def test_without_discovery_a_stranger_is_nobody(lab, bob, carol):
    refused_both_ways(lab, bob, carol)


def test_with_discovery_messages_cross_both_ways(lab, bob, carol):
    discover(lab, "true")
    # Ours begins: what comes without a mark is for contacts.
    crosses(bob, carol, "hello out")
    crosses(carol, bob, "hello in")
    assert connections(lab) == ["in", "out"]
    row = next(row for row in lab.show("partners") if row["domain"] == STRANGER)
    assert (row["origin"], row["proven"], row["connections"]) == ("discovered", True, 2)


def test_over_its_connections_it_is_let_in_no_more(lab, bob, carol):
    discover(lab, "true", ", limits: {connections: 3}")
    assert one_more(lab).code == 200
    assert bob.receive()["body"] == "one more"
    discover(lab, "true", ", limits: {connections: 2}")
    until(lambda: len(connections(lab)) == 2, "it is still there")
    before = counted(lab, "discovery.refused.over_connections")
    with pytest.raises(Ended):
        one_more(lab)
    assert counted(lab, "discovery.refused.over_connections") == before + 1
    crosses(bob, carol, "ours goes on")
    crosses(carol, bob, "and so does its own")


def test_when_discovery_ends_so_do_its_connections(lab, bob, carol):
    before = counted(lab, "sip.closed.discovery_off")
    discover(lab, "false")
    until(lambda: counted(lab, "sip.closed.discovery_off") == before + 2, "they go on")
    assert not connections(lab)
    refused_both_ways(lab, bob, carol)
