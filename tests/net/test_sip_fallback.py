# SPDX-License-Identifier: BSD-3-Clause
"""One domain that speaks both protocols, with a Kamailio and a Prosody that know the same user: the preferred way is taken,
the other one while it cannot be, and who writes by either is heard."""

import concurrent.futures
import contextlib
import json

import pytest
from changes import fine, rules_file, rules_text, tool, until
from sip_peer import Server
from sip_user import user_of

BOTH = "both.example"
LAB = {"hosts": (BOTH,), "sip_hosts": {BOTH: "198.51.100.20"}}
URI = f"sip:alice@{BOTH}"


def prefer(lab, protocols):
    text = rules_text(lab).replace("partners:\n", f"partners:\n  - {{domain: {BOTH}, protocols: [{protocols}]}}\n")
    fine(lab, "apply", rules_file(lab, text))


class Alice:
    """She has both: a SIP user and, while Prosody runs, an XMPP user."""

    def __init__(self, lab):
        self.lab, self.server = lab, lab.sip_servers[BOTH]
        self.sip = self.server.user("alice")
        self.xmpp = lab.xmpp_user("alice", BOTH)

    def close(self):
        self.sip.close()
        self.xmpp.close()

    def stop(self, way):
        """Its server."""
        if way == "sip":
            self.server.stop()
        else:
            self.xmpp.close()
            self.lab.stop("prosody")

    def start(self, way):
        if way == "sip":
            self.server.start()
            self.sip.register()
        else:
            self.lab.start_prosody()
            self.xmpp = self.lab.xmpp_user("alice", BOTH)

    def arrived(self):
        """What came and by which way, in pairs."""
        found = []
        for way, user in (("sip", self.sip), ("xmpp", self.xmpp)):
            while not user.messages.empty():
                found.append((way, user.messages.get()["body"]))
        return found


@pytest.fixture(scope="module")
def alice(lab):
    with contextlib.closing(Alice(lab)) as made:
        yield made


def goes(bob, alice, way, body):
    """Once, and by this way; the sender hears so."""
    code, reason, _ = bob.send(URI, body)
    assert code == (200 if way == "sip" else 202), reason
    found = []
    until(lambda: found.extend(alice.arrived()) or found, "it does not arrive")
    assert found == [(way, body)]


def comes_in(bob, alice):
    """By both ways, whichever is preferred."""
    code, reason, _ = alice.sip.send(bob.uri, "by SIP")
    assert code == 200, reason
    alice.xmpp.send("bob@corp.example", "by XMPP")
    for body in ("by SIP", "by XMPP"):
        got = bob.receive(timeout_s=20)
        assert (got["body"], user_of(got["from"])) == (body, URI)


def explained(lab):
    _, out, err = tool(lab, "explain", "--from", "bob@corp.example", "--to", f"alice@{BOTH}", "--json")
    assert out, err
    return json.loads(out)["steps"][-1]["words"]


OTHER = {"sip": "xmpp", "xmpp": "sip"}
WORDS = {"sip": "by SIP", "xmpp": "by XMPP"}


@pytest.mark.parametrize("first", ["sip", "xmpp"])
def test_the_preferred_way_is_taken_the_other_one_while_it_is_down_and_then_the_preferred_again(lab, bob, alice, first):
    prefer(lab, f"{first}, {OTHER[first]}")
    assert explained(lab).startswith(WORDS[first])
    goes(bob, alice, first, "as preferred")
    comes_in(bob, alice)
    alice.stop(first)
    # The first meets a connection that has ended, or that ends behind it: it must not come twice.
    goes(bob, alice, OTHER[first], "first while it is down")
    for number in range(3):
        goes(bob, alice, OTHER[first], f"while it is down {number}")
    assert explained(lab).startswith(WORDS[OTHER[first]])
    alice.start(first)

    def as_before():
        assert bob.send(URI, "which way?")[0] in (200, 202)
        found = []
        until(lambda: found.extend(alice.arrived()) or found, "it does not arrive")
        assert len(found) == 1
        return found[0][0] == first

    until(as_before, "it stays with the other one", 30, 0.3)
    goes(bob, alice, first, "as preferred again")
    comes_in(bob, alice)


def test_while_both_are_down_the_sender_hears_and_then_messages_cross_again(lab, bob, alice):
    alice.stop("sip")
    alice.stop("xmpp")
    code, _, headers = bob.send(URI, "anybody?")
    assert code in (480, 504) and "not delivered" in headers.get("warning", ""), headers
    alice.start("xmpp")
    alice.start("sip")
    until(lambda: bob.send(URI, "anybody now?")[0] in (200, 202), "it stays so", 30, 0.3)
    until(alice.arrived, "it does not arrive")
    comes_in(bob, alice)


def test_what_one_way_refuses_does_not_go_by_the_other(lab, bob, alice):
    """An answer is an answer: the user is asked once."""
    prefer(lab, "sip, xmpp")
    until(lambda: bob.send(URI, "there?")[0] == 200, "it stays with the other one", 30, 0.3)
    until(alice.arrived, "it does not arrive")
    alice.sip.answer = 486
    assert bob.send(URI, "refused")[0] == 486
    assert alice.arrived() == [("sip", "refused")]
    alice.sip.answer = 200


def test_what_may_have_arrived_does_not_go_by_the_other_way_as_well(lab, bob, alice):
    until(lambda: bob.send(URI, "there?")[0] == 200, "it stays with the other one", 30, 0.3)
    until(alice.arrived, "it does not arrive")
    alice.stop("sip")
    certificate = [lab.ca.path(f"sip.{BOTH}", suffix) for suffix in ("crt", "key")]
    with Server(lab, alice.server.address, certificate, BOTH) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
        tries = []

        def by_sip():
            """The first may still go by the other one."""
            tries.append(pool.submit(bob.send, URI, "halfway"))
            until(lambda: not server.peers.empty() or tries[-1].done(), "neither answered nor connected")
            return not server.peers.empty()

        until(by_sip, "it stays with the other one", 30, 0.3)
        with server.peers.get() as peer:
            assert peer.read().body == b"halfway"
        code, _, headers = tries[-1].result()
        assert code == 504 and "may have been delivered" in headers.get("warning", ""), headers
    assert [way for way, _ in alice.arrived()] == ["xmpp"] * (len(tries) - 1)
    alice.start("sip")


def test_a_server_that_is_not_who_it_should_be_is_no_way(lab, bob, alice):
    """What it would have been told goes to the one that proves itself."""
    alice.stop("sip")
    alice.server.start(lab.ca.leaf("impostor", "DNS:elsewhere.example"))
    alice.sip.register()
    for number in range(2):
        goes(bob, alice, "xmpp", f"secret {number}")
    alice.stop("sip")
    alice.start("sip")
    until(lambda: bob.send(URI, "there?")[0] == 200, "it stays with the other one", 30, 0.3)
    until(alice.arrived, "it does not arrive")
