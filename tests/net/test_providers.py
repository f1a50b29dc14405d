# SPDX-License-Identifier: BSD-3-Clause
"""A provider's domain, served by a Prosody of its own name: while it is enabled messages cross both ways, while it
is not, and when its service has ended, both senders hear so. The same with a domain that no rule names, while
discovery is on."""

import json
from datetime import datetime, timedelta, timezone

import netns
import pytest
import s2s
from changes import both_ways, fine, refused_both_ways, rules_file, rules_text, streams, tool, until

PUBLIC = "public.example"
ACME = "acme.public.example"
STRANGER = "stranger.example"
LAB = {"hosts": (PUBLIC, STRANGER)}


@pytest.fixture(scope="module")
def piet(lab):
    user = lab.xmpp_user("alice", PUBLIC)
    yield user
    user.close()


@pytest.fixture(scope="module")
def decorated(lab):
    name = f"joe({ACME})"
    netns.run("prosodyctl", "--config", str(lab.dir / "prosody" / "prosody.cfg.lua"), "register", name, PUBLIC, "secret")
    user = lab.xmpp_user(name, PUBLIC)
    yield user
    user.close()


def provider(lab, more="", domain=PUBLIC, more_rules=""):
    """The lab's rules, and a provider."""
    entry = f"providers:\n  - {{name: talk, protocols: [xmpp], domains: [{{domain: {domain}, subtree: true}}]{more}}}\n"
    return rules_file(lab, rules_text(lab) + entry + more_rules)


def row(lab, domain):
    return next((row for row in lab.show("partners") if row["domain"] == domain), None)


def test_a_provider_that_is_not_enabled_is_refused_both_ways(lab, alice, bob, piet):
    fine(lab, "apply", provider(lab))
    refused_both_ways(piet, bob)
    assert row(lab, PUBLIC) is None
    assert lab.show("counters")["policy.refused.provider_off"] >= 1
    both_ways(alice, bob, "meanwhile")


def test_messages_cross_while_it_is_enabled(lab, bob, piet):
    file = provider(lab, ", enabled: true")
    assert "~ provider talk: enabled: + true\n" in tool(lab, "diff", file)[1]
    fine(lab, "apply", file)
    both_ways(piet, bob, "provider")
    shown = row(lab, PUBLIC)
    assert (shown["origin"], shown["provider"], shown["subtree"]) == ("provider", "talk", True)
    counted = next(row for row in lab.show("messages") if row["partner"] == PUBLIC)
    assert (counted["in_delivered"], counted["out_delivered"]) == (1, 1)
    until(lambda: row(lab, PUBLIC).get("classes", {}).get("verified"), "the connection is not the provider's")


def test_in_days_of_grace_our_user_hears_so_once(lab, bob, piet):
    ended = (datetime.now(timezone.utc) - timedelta(days=2)).strftime("%Y-%m-%d")
    licence = (f"licences:\n  - {{agreement: EA-1, provider: talk, seats: 5, start: 2020-01-01, end: {ended}, "
               "grace_days: 30, notice: It has ended.}\n")
    file = provider(lab, ", enabled: true, licence: seat", more_rules=licence)
    fine(lab, "apply", file)
    for word in ("first", "second"):
        piet.send("bob@corp.example", word)
        heard = bob.receive(timeout_s=20)["body"]
        assert heard == ("It has ended.\n\nfirst" if word == "first" else "second")
    code, reason, _ = bob.send(f"sip:{piet.jid}", "answer")
    assert code == 202, reason
    assert piet.receive(timeout_s=20)["body"] == "answer"
    said = tool(lab, "explain", "--from", piet.jid, "--to", "bob@corp.example")[1]
    assert "notice to our user: It has ended." in said and ", in grace, " in said


def test_a_name_of_another_domain_travels_decorated(lab, bob, decorated):
    """Its Prosody knows the user by the name with brackets, people inside by its own."""
    fine(lab, "apply", provider(lab, f", enabled: true, name_decoration: {{routing_domain: {PUBLIC}}}"))
    decorated.send("bob@corp.example", "decorated in")
    got = bob.receive(timeout_s=20)
    assert got["body"] == "decorated in" and f"sip:joe@{ACME}>" in got["from"] + ">", got
    code, reason, _ = bob.send(f"sip:joe@{ACME}", "decorated out")
    assert code == 202, reason
    got = decorated.receive(timeout_s=20)
    assert (got["body"], got["from"]) == ("decorated out", "bob@corp.example")
    sent = decorated.send("nobody@corp.example", "an error")
    assert decorated.receive_error(timeout_s=20)["id"] == sent
    code, _, _ = bob.send(f"sip:nobody@{ACME}", "an error")
    assert code == 480


def test_when_its_service_has_ended_both_hear_so_and_the_log_has_the_date(lab, bob, piet):
    fine(lab, "apply", provider(lab, ", enabled: true, service_end: 2020-02-01"))
    refused_both_ways(piet, bob, 403, "service-unavailable")
    assert "the provider's service has ended, since 2020-02-01" in lab.log_text("control")


def test_switched_off_its_streams_end(lab, alice, bob, piet):
    fine(lab, "apply", provider(lab, ", enabled: true"))
    both_ways(piet, bob, "again")
    fine(lab, "apply", provider(lab))
    until(lambda: f"{PUBLIC}->corp.example closed: policy-violation" in lab.log_text("prosody"), "the stream goes on")
    refused_both_ways(piet, bob)
    both_ways(alice, bob, "after")


# ---- domains that no rule names ----


@pytest.fixture(scope="module")
def stranger(lab):
    user = lab.xmpp_user("alice", STRANGER)
    yield user
    user.close()


def discovery(lab, enabled="true", blocked="", more="", name="discovery.yaml"):
    text = rules_text(lab).replace("domains: [", f"domains: [{blocked}")
    return rules_file(lab, text + f"discovery: {{enabled: {enabled}, protocols: [xmpp]{more}}}\n", name)


def test_without_discovery_a_stranger_is_nobody(lab, bob, stranger):
    fine(lab, "apply", discovery(lab, "false"))
    refused_both_ways(stranger, bob)
    assert row(lab, STRANGER) is None


def test_with_discovery_messages_cross_with_a_stranger(lab, alice, bob, stranger):
    fine(lab, "apply", discovery(lab))
    both_ways(stranger, bob, "stranger")
    shown = row(lab, STRANGER)
    assert (shown["origin"], shown["proven"], shown["connections"]) == ("discovered", True, 2)
    counted = next(row for row in lab.show("messages") if row["partner"] == "(discovered)")
    assert counted["in_delivered"] >= 1 and counted["out_delivered"] >= 1
    flows = next(row for row in lab.packets()["partners"] if row["partner"] == "(unknown)")
    assert flows["flows"] >= 2, flows
    code, _, _ = bob.send("sip:alice@nowhere.example", "nobody has this domain")
    assert code == 404
    both_ways(alice, bob, "meanwhile")


def counted_by_name(lab):
    """Of all connections that are counted by a domain: class, and what the dataplane says of their limits."""
    found = {}
    for flow in lab.show("flows"):
        if flow["partner"] == 0 and flow["state"] == "established":
            bracket = "[{}]:{}" if ":" in flow["remote"] else "{}:{}"
            ends = (bracket.format(flow[end], flow[f"{end}_port"]) for end in ("remote", "local"))
            told = json.loads(lab.ctl("show", "flow", *ends, "--json"))["limits"]
            if "domain" in told:
                found[flow["class"]] = told["domain"]
    return found


def test_the_dataplane_counts_a_proven_stranger_by_its_name(lab, bob, stranger):
    fine(lab, "apply", discovery(lab, more=", limits: {packets_per_s: 777}"))
    both_ways(stranger, bob, "counted")
    # Its connection to us, and ours to it.
    until(lambda: set(counted_by_name(lab)) == {"verified", "outbound"}, "one is counted by its network")
    for told in counted_by_name(lab).values():
        assert told["packets"]["per_s"] == 777 and told["connections"]["open"] == 2, told
    fine(lab, "apply", discovery(lab))


def test_a_stranger_has_its_messages_per_second_and_a_partner_what_it_needs(lab, alice, bob, stranger):
    many, few = 60, 30
    sent = [stranger.send("bob@corp.example", f"strange {number}") for number in range(many)]
    for number in range(few):
        alice.send("bob@corp.example", f"known {number}")
    bodies, errors = [], []
    until(lambda: stranger.errors.qsize() + bob.messages.qsize() >= many + few, "some are neither here nor there")
    while not bob.messages.empty():
        bodies.append(bob.receive()["body"])
    while not stranger.errors.empty():
        errors.append(stranger.receive_error())
    assert [body for body in bodies if body.startswith("known")] == [f"known {number}" for number in range(few)]
    assert "strange 0" in bodies and errors, "nothing was held back"
    for error in errors:
        assert (error["condition"], error["error_type"]) == ("resource-constraint", "wait") and error["id"] in sent
    assert lab.show("counters")["policy.refused.over_messages"] == len(errors)


def test_a_stranger_has_its_number_of_users_and_a_partner_more(lab, alice, bob, stranger):
    # As many as it likes a second: the test before has used up what a second has.
    fine(lab, "apply", discovery(lab, more=", limits: {users: 1, messages_per_s: 1000}"))
    stranger.send("bob@corp.example", "the first")
    assert bob.receive(timeout_s=20)["body"] == "the first"
    sent = stranger.send("eve@corp.example", "one too many")
    back = stranger.receive_error(timeout_s=20)
    assert (back["id"], back["condition"]) == (sent, "policy-violation")
    stranger.send("bob@corp.example", "again")
    assert bob.receive(timeout_s=20)["body"] == "again"
    assert lab.show("counters")["policy.refused.over_users"] == 1
    for number in range(3):
        alice.send(f"eve{number}@corp.example", "whoever")
        assert alice.receive_error(timeout_s=20)["condition"] == "item-not-found"
    fine(lab, "apply", discovery(lab))


def test_a_certificate_of_another_name_discovers_nobody(lab):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 5269)) as stream:
        with pytest.raises(s2s.Refused):
            stream.log_in(lab.ca.path(STRANGER, "crt"), lab.ca.path(STRANGER, "key"), "elsewhere.example")
    assert row(lab, "elsewhere.example") is None


def test_an_operator_shuts_a_stranger_out_for_a_time(lab, bob, stranger):
    both_ways(stranger, bob, "before")
    fine(lab, "block", STRANGER, "--for", "60", "--reason", "too curious")
    until(lambda: not any(row["remote"] == STRANGER for row in streams(lab)), "its streams go on")
    refused_both_ways(stranger, bob)
    fine(lab, "unblock", STRANGER)
    until(lambda: bob.send(f"sip:{stranger.jid}", "unblocked")[0] == 202, "it stays shut")
    assert stranger.receive(timeout_s=20)["body"] == "unblocked"


def test_a_block_in_the_rules_ends_a_stranger_alone(lab, alice, bob, stranger):
    until(lambda: bob.send(f"sip:{stranger.jid}", "still")[0] == 202, "it is not there")
    assert stranger.receive(timeout_s=20)["body"] == "still"
    fine(lab, "apply", discovery(lab, blocked=f"{STRANGER}, ", name="blocked.yaml"))
    until(lambda: not any(row["remote"] == STRANGER for row in streams(lab)), "its streams go on")
    refused_both_ways(stranger, bob)
    both_ways(alice, bob, "after a block")


def test_switched_off_its_streams_end_with_the_reason(lab, alice, bob, stranger):
    fine(lab, "apply", discovery(lab))
    until(lambda: bob.send(f"sip:{stranger.jid}", "again")[0] == 202, "it does not come back")
    assert stranger.receive(timeout_s=20)["body"] == "again"
    closed = f"{STRANGER}->corp.example closed: policy-violation"
    before, seen = lab.show("counters").get("xmpp.ended.discovery_off", 0), lab.log_text("prosody").count(closed)
    fine(lab, "apply", rules_file(lab, rules_text(lab), "original.yaml"))
    until(lambda: lab.show("counters").get("xmpp.ended.discovery_off", 0) > before, "its streams go on")
    # What its server writes before it has seen the end is nobody's.
    until(lambda: lab.log_text("prosody").count(closed) > seen, "its server has not seen the end")
    refused_both_ways(stranger, bob)
    assert row(lab, STRANGER) is None
    both_ways(alice, bob, "after all")


def test_a_stranger_whose_server_is_elsewhere_is_not_connected_to_where_only_own_servers_count(lab, bob, stranger):
    fine(lab, "apply", discovery(lab, more=", srv_hosts: own"))
    code, reason, headers = bob.send(f"sip:{stranger.jid}", "elsewhere")
    assert code == 504, reason
    assert "1009;" in next(value for name, value in headers.items() if name.lower() == "ms-diagnostics-public")
    assert f"SRV of {STRANGER}: xmpp.partner.example is not within {STRANGER}" in lab.log_text("control")
    counters = lab.show("counters")
    assert counters["policy.refused.srv_conflict"] >= 1 and counters["xmpp.unreachable.srv_conflict"] == 1
    # It proves itself by its certificate, wherever it comes from.
    stranger.send("bob@corp.example", "from elsewhere")
    assert bob.receive(timeout_s=20)["body"] == "from elsewhere"
    said = tool(lab, "explain", "--from", "bob@corp.example", "--to", stranger.jid)[1]
    assert "srv_conflict" in said or "to servers within the domain" in said
    fine(lab, "apply", discovery(lab, more=", srv_hosts: any"))
    until(lambda: bob.send(f"sip:{stranger.jid}", "anywhere")[0] == 202, "it is not connected to")
    assert stranger.receive(timeout_s=20)["body"] == "anywhere"
