# SPDX-License-Identifier: BSD-3-Clause
"""A provider's domain, served by a Prosody of its own name: while it is enabled messages cross both ways, while it
is not, and when its service has ended, both senders hear so."""

import netns
import pytest
from changes import both_ways, fine, rules_file, rules_text, tool, until

PUBLIC = "public.example"
ACME = "acme.public.example"
LAB = {"hosts": (PUBLIC,)}


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


def provider(lab, more="", domain=PUBLIC):
    """The lab's rules, and a provider."""
    entry = f"providers:\n  - {{name: talk, protocols: [xmpp], domains: [{{domain: {domain}, subtree: true}}]{more}}}\n"
    return rules_file(lab, rules_text(lab) + entry)


def cross(user, bob, word):
    user.send("bob@corp.example", f"{word} in")
    assert bob.receive(timeout_s=20)["body"] == f"{word} in"
    code, reason, _ = bob.send(f"sip:{user.jid}", f"{word} out")
    assert code == 202, reason
    got = user.receive(timeout_s=20)
    assert (got["body"], got["from"]) == (f"{word} out", "bob@corp.example")


def refused(user, bob, code, condition=None):
    sent = user.send("bob@corp.example", "refused")
    back = user.receive_error(timeout_s=20)
    assert back["id"] == sent
    assert condition is None or back["condition"] == condition, back
    said, reason, headers = bob.send(f"sip:{user.jid}", "refused")
    assert said == code, reason
    return headers


def row(lab, domain):
    return next((row for row in lab.show("partners") if row["domain"] == domain), None)


def test_a_provider_that_is_not_enabled_is_refused_both_ways(lab, alice, bob, piet):
    fine(lab, "apply", provider(lab))
    refused(piet, bob, 403)
    assert row(lab, PUBLIC) is None
    assert lab.show("counters")["policy.refused.provider_off"] >= 1
    both_ways(alice, bob, "meanwhile")


def test_messages_cross_while_it_is_enabled(lab, bob, piet):
    file = provider(lab, ", enabled: true")
    assert "~ provider talk: enabled: + true\n" in tool(lab, "diff", file)[1]
    fine(lab, "apply", file)
    cross(piet, bob, "provider")
    shown = row(lab, PUBLIC)
    assert (shown["origin"], shown["provider"], shown["subtree"]) == ("provider", "talk", True)
    counted = next(row for row in lab.show("messages") if row["partner"] == PUBLIC)
    assert (counted["to_sip_delivered"], counted["to_xmpp_delivered"]) == (1, 1)
    until(lambda: row(lab, PUBLIC).get("classes", {}).get("verified"), "the connection is not the provider's")


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
    refused(piet, bob, 403, "service-unavailable")
    assert "the provider's service has ended, since 2020-02-01" in lab.log_text("control")


def test_switched_off_its_streams_end(lab, alice, bob, piet):
    fine(lab, "apply", provider(lab, ", enabled: true"))
    cross(piet, bob, "again")
    fine(lab, "apply", provider(lab))
    until(lambda: f"{PUBLIC}->corp.example closed: policy-violation" in lab.log_text("prosody"), "the stream goes on")
    refused(piet, bob, 403)
    both_ways(alice, bob, "after")
