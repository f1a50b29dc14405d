# SPDX-License-Identifier: BSD-3-Clause
"""Limits of messages and users, and partners that guess names: they hear so, others do not notice."""

import json
import signal

import pytest
from changes import both_ways, fine, partners, rules_file, rules_text, tool, until

HASTY, CURIOUS, GUESSING = "hasty.example", "curious.example", "guessing.example"
LAB = {"hosts": (HASTY, CURIOUS, GUESSING)}
PARTNERS = f"""
  - {{domain: {HASTY}, protocol: xmpp, limits: {{messages_per_s: 1}}}}
  - {{domain: {CURIOUS}, protocol: xmpp, limits: {{users: 1}}}}
  - {{domain: {GUESSING}, protocol: xmpp}}
"""
COUNT = 20
ERRORS_LEAST = 5
SUSPICIOUS_CONNECTIONS, PARTNER_CONNECTIONS = 4, 20


@pytest.fixture(scope="module", autouse=True)
def limited(lab):
    text = rules_text(lab).replace("partners:\n", "partners:" + PARTNERS)
    text = text.replace("limits:\n", f"limits:\n  suspicious: {{errors_least: {ERRORS_LEAST}}}\n")
    fine(lab, "apply", rules_file(lab, text))


def user_at(name):
    @pytest.fixture(scope="module", name=name.partition(".")[0])
    def made(lab):
        user = lab.xmpp_user("alice", name)
        yield user
        user.close()

    return made


hasty, curious, guessing = user_at(HASTY), user_at(CURIOUS), user_at(GUESSING)


def suspects(lab):
    return [row for row in lab.show("verdicts") if row["kind"] == "suspicious"]


def most_connections(lab, partner):
    """That the dataplane gives it just now, by one of its connections."""
    ids = partners(lab)
    for flow in lab.show("flows"):
        if flow["partner"] == ids[partner] and flow["state"] == "established":
            bracket = "[{}]:{}" if ":" in flow["remote"] else "{}:{}"
            ends = (bracket.format(flow[end], flow[f"{end}_port"]) for end in ("remote", "local"))
            told = json.loads(lab.ctl("show", "flow", *ends, "--json"))
            return told["limits"]["partner"]["connections"]["most"]
    return None


def classes(lab, partner):
    return next(row for row in lab.packets()["partners"] if row["partner"] == partner)["classes"]


def test_a_partner_above_its_messages_per_second_hears_it_and_the_rest_goes(lab, alice, bob, hasty):
    sent = [hasty.send("bob@corp.example", f"number {number}") for number in range(COUNT)]
    alice.send("bob@corp.example", "meanwhile")
    bodies, held_back = [], []
    while len(bodies) + len(held_back) < COUNT + 1:
        if not hasty.errors.empty():
            held_back.append(hasty.receive_error())
        else:
            bodies.append(bob.receive(timeout_s=20)["body"]) if not bob.messages.empty() else until(
                lambda: not bob.messages.empty() or not hasty.errors.empty(), "neither message nor error")
    assert "meanwhile" in bodies
    assert any(body.startswith("number") for body in bodies) and held_back
    for error in held_back:
        assert (error["condition"], error["error_type"]) == ("resource-constraint", "wait")
        assert error["id"] in sent
    both_ways(alice, bob, "another partner")


def test_so_does_our_user(lab, alice, bob, hasty):
    codes = []
    while not codes or codes[-1] == 202:
        assert len(codes) < COUNT, "nothing was held back"
        code, reason, headers = bob.send(f"sip:alice@{HASTY}", "one more")
        codes.append(code)
    assert code == 480, reason
    assert bob.send("sip:alice@partner.example", "to another")[0] == 202
    assert alice.receive()["body"] == "to another"
    assert {headers[name] for name in headers if name.lower() == "retry-after"} == {"1"}
    assert lab.show("counters")["policy.refused.over_messages"] >= 2


def test_beyond_its_number_of_users_only_new_ones_fail(bob, curious):
    curious.send("bob@corp.example", "the first")
    assert bob.receive(timeout_s=20)["body"] == "the first"
    sent = curious.send("eve@corp.example", "one too many")
    back = curious.receive_error(timeout_s=20)
    assert (back["id"], back["condition"]) == (sent, "policy-violation")
    curious.send("bob@corp.example", "again")
    assert bob.receive(timeout_s=20)["body"] == "again"


def test_who_guesses_names_is_suspicious_and_the_dataplane_obeys(lab, alice, bob, guessing):
    for number in range(ERRORS_LEAST):
        assert not suspects(lab)
        guessing.send(f"nobody{number}@corp.example", "is there anybody?")
        assert guessing.receive_error(timeout_s=20)["condition"] == "item-not-found"
    row, = suspects(lab)
    assert row["target"] == GUESSING and 0 < row["seconds"] <= 3600 and "whom there are not" in row["reason"]
    until(lambda: classes(lab, GUESSING).get("suspicious") and not classes(lab, GUESSING).get("verified"),
          "the dataplane does not obey")
    until(lambda: most_connections(lab, GUESSING) == SUSPICIOUS_CONNECTIONS, "it has a partner's limits")
    assert lab.packets()["suspects"] == 1
    assert f"{GUESSING} is suspicious" in lab.log_text("control")
    sent = [guessing.send("bob@corp.example", f"number {number}") for number in range(COUNT)]
    back = guessing.receive_error(timeout_s=20)
    assert back["id"] in sent and back["condition"] == "resource-constraint"
    # Others are what they were.
    assert not classes(lab, "partner.example").get("suspicious")
    while not bob.messages.empty():
        bob.receive()


def test_an_operator_vouches_for_it(lab, alice, bob, guessing):
    assert tool(lab, "trust", "partner.example")[0] == 1
    fine(lab, "trust", GUESSING)
    assert not suspects(lab)
    until(lambda: classes(lab, GUESSING).get("verified") and not classes(lab, GUESSING).get("suspicious"),
          "the dataplane still holds it to be suspicious")
    until(lambda: most_connections(lab, GUESSING) == PARTNER_CONNECTIONS, "it has no partner's limits")
    assert lab.packets()["suspects"] == 0
    sent = {guessing.send("bob@corp.example", f"trusted {number}") for number in range(COUNT)}
    got = []
    while len(got) < COUNT:
        body = bob.receive(timeout_s=20)["body"]
        got += [body] if body.startswith("trusted") else []
    while not guessing.errors.empty():
        assert guessing.receive_error()["id"] not in sent
    both_ways(alice, bob, "and others")


def test_a_restart_of_the_control_plane_forgets_it(lab, guessing):
    # As many as were delivered since it was trusted, and some more.
    for number in range(2 * COUNT):
        guessing.send(f"nobody{number}@corp.example", "is there anybody?")
        assert guessing.receive_error(timeout_s=20)["condition"] == "item-not-found"
        if suspects(lab):
            break
    until(lambda: lab.packets()["suspects"] == 1, "the dataplane does not obey")
    lab.stop("control", signal.SIGKILL)
    lab.start_control()
    lab.wait_ready()
    assert not suspects(lab)
    until(lambda: lab.packets()["suspects"] == 0, "the dataplane still holds it to be suspicious")
