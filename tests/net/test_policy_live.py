# SPDX-License-Identifier: BSD-3-Clause
"""Messages that were allowed are refused after each kind of rule change, both senders hear why, and what was not
meant goes on. A provider's domain lies below a partner's here, whose stream carries it."""

import contextlib
import json
import pathlib
import re
import signal
import sqlite3
import types

import pytest
from changes import fine, partners, rules_file, rules_text, tool, until

OTHER, CHAT = "other.example", "chat.partner.example"
LAB = {"hosts": (OTHER, CHAT)}

# What the two sides hear: bob's code and the id in his answer, alice's condition and its text.
NOT_ALLOWED = "Not allowed by policy"
BY_USER = (403, 1002, "forbidden", NOT_ALLOWED)
NO_SERVICE = (403, 1001, "service-unavailable", "Service unavailable")

NOTHING = "policies: [{name: p}]\n"
ALL = "[federation, xmpp]"


def document(lab, terms="", more="", partner=True, protocol="xmpp"):
    """The lab's rules with these terms of partner.example, and this besides."""
    entry = f"  - domain: {OTHER}\n    protocol: xmpp\n"
    kept = "  - domain: partner.example\n    subtree: true\n" + terms
    text = rules_text(lab).replace("  - domain: partner.example\n    protocol: xmpp\n", entry + kept + f"    protocol: {protocol}\n")
    if not partner:
        begin = text.index("  - domain: partner.example")
        text = text[:begin] + text[text.index("  - domain: second.example"):]
    return text + more


def apply(lab, *args, **kwargs):
    fine(lab, "apply", rules_file(lab, document(lab, *args, **kwargs)))


@contextlib.contextmanager
def changed(lab, *args, **kwargs):
    """Other rules for a while; what is under way is not waited for."""
    back = kwargs.pop("back", "")
    apply(lab, *args, **kwargs)
    try:
        yield
    finally:
        apply(lab, more=back)


@pytest.fixture(scope="module")
def world(lab, alice, bob):
    """Everybody, after messages crossed on all streams."""
    apply(lab)
    other = lab.xmpp_user("alice", OTHER)
    made = types.SimpleNamespace(lab=lab, alice=alice, bob=bob, other=other)
    cross(bob, alice)
    cross(bob, other)
    yield made
    other.close()


def cross(ours, theirs):
    """Both ways, with whatever is allowed just now."""
    theirs.send(f"{ours.user}@corp.example", "in")
    assert ours.receive(timeout_s=20)["body"] == "in"
    code, reason, _ = ours.send(f"sip:{theirs.jid}", "out")
    assert code == 202, reason
    assert theirs.receive(timeout_s=20)["body"].endswith("out")


def again(ours, theirs):
    """As soon as a stream that was ended is there again."""
    until(lambda: ours.send(f"sip:{theirs.jid}", "again")[0] == 202, "not served again", 30)
    while theirs.receive(timeout_s=20)["body"] != "again":
        pass
    cross(ours, theirs)


def counted(lab, reason):
    return next((row["value"] for row in shown_counters(lab) if row["name"] == f"policy.refused.{reason}"), 0)


def shown_counters(lab):
    return [{"name": name, "value": value} for name, value in lab.show("counters").items()]


def flows(lab, partner):
    """Its connections, each with its ports: what is the same is the same connection."""
    found = {(row["remote"], row["remote_port"], row["local"], row["local_port"]) for row in lab.show("flows")
             if row["state"] == "established" and row["partner"] == partners(lab)[partner]}
    assert len(found) >= 2, f"{partner} has no connections"
    return found


def out_refused(ours, theirs, code, diagnostics, text, body="refused"):
    said, _, headers = ours.send(f"sip:{theirs.jid}", body)
    assert said == code
    header = headers.get("ms-diagnostics-public")
    if diagnostics:
        assert header == f'{diagnostics};reason="{text}";source="corp.example"'
    else:
        assert header is None


def in_refused(ours, theirs, condition, text, body="refused"):
    sent = theirs.send(f"{ours.user}@corp.example", body)
    error = theirs.receive_error(timeout_s=20)
    assert (error["id"], error["condition"], error["text"]) == (sent, condition, text)


def refused(lab, ours, theirs, reason, heard, ways="in out", body="refused"):
    """In each of these ways, counted and in the log by its reason; the other way goes."""
    code, diagnostics, condition, text = heard
    before = counted(lab, reason)
    begun = len(lab.log_text("control"))
    if "in" in ways:
        in_refused(ours, theirs, condition, text, body)
    else:
        theirs.send(f"{ours.user}@corp.example", "in")
        assert ours.receive(timeout_s=20)["body"] == "in"
    if "out" in ways:
        out_refused(ours, theirs, code, diagnostics, text, body)
    else:
        assert ours.send(f"sip:{theirs.jid}", "out")[0] == 202
        assert theirs.receive(timeout_s=20)["body"] == "out"
    assert ours.messages.empty() and theirs.messages.empty()
    assert counted(lab, reason) == before + len(ways.split())
    logged = re.findall(rf"policy: (\S+) to (\S+): message refused at step \w+: .*\({reason}; rules line \d+ of generation \d+\)",
                        lab.log_text("control")[begun:])
    us = f"{ours.user}@corp.example"
    expected = {"in": (theirs.jid, us), "out": (us, theirs.jid)}
    assert logged == [expected[way] for way in ways.split()]


def named(*rows):
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


@pytest.mark.parametrize(
    "terms, more, reason, heard, ways",
    named(
        ("federation off", "", "federation: false\n", "federation_off", (403, 1002, "policy-violation", NOT_ALLOWED), "in out"),
        ("user", "", NOTHING + "users: [{address: bob@corp.example, policy: p}]\n", "user_federation", BY_USER, "in out"),
        ("user, in", "", f"policies: [{{name: p, out: {ALL}}}]\nusers: [{{address: bob@corp.example, policy: p}}]\n",
         "user_federation", BY_USER, "in"),
        ("user, out", "", f"policies: [{{name: p, in: {ALL}}}]\nusers: [{{address: bob@corp.example, policy: p}}]\n",
         "user_federation", BY_USER, "out"),
        ("group", "", NOTHING + "groups: [{name: g, policy: p, members: [bob@corp.example]}]\n", "user_federation", BY_USER, "in out"),
        ("group, in", "", f"policies: [{{name: p, out: {ALL}}}]\ngroups: [{{name: g, policy: p, members: [bob@corp.example]}}]\n",
         "user_federation", BY_USER, "in"),
        ("site, out", "", f"policies: [{{name: p, in: {ALL}}}]\nsites: [{{name: s, policy: p, domains: [corp.example]}}]\n",
         "user_federation", BY_USER, "out"),
        ("site", "", NOTHING + "sites: [{name: s, policy: p, domains: [corp.example]}]\n", "user_federation", BY_USER, "in out"),
        ("global", "", NOTHING + "policy: {global: p}\n", "user_federation", BY_USER, "in out"),
        ("global, in", "", f"policies: [{{name: p, out: {ALL}}}]\npolicy: {{global: p}}\n", "user_federation", BY_USER, "in"),
        ("no xmpp", "", "policies: [{name: p, in: [federation], out: [federation]}]\npolicy: {global: p}\n", "user_xmpp", BY_USER, "in out"),
        ("partner without im", "    capabilities: [presence]\n", "", "capability",
         (488, 0, "feature-not-implemented", "Not supported here"), "in out"),
        ("user without im", "", f"policies: [{{name: p, in: {ALL}, out: {ALL}, capabilities: [presence]}}]\npolicy: {{global: p}}\n",
         "capability", (488, 0, "feature-not-implemented", "Not supported here"), "in out"),
        ("message too large", "    message_bytes_max: 4\n", "", "too_large", (413, 0, "policy-violation", "Too large"), "in out"),
        ("must be archived", "    archive: true\n", "", "archive_down", (500, 0, "service-unavailable", "Service unavailable"), "in out"),
    ),
)
def test_what_a_change_forbids_is_refused_both_ways_on_the_same_connections(world, terms, more, reason, heard, ways):
    before = {name: flows(world.lab, name) for name in ("partner.example", OTHER)}
    with changed(world.lab, terms, more):
        refused(world.lab, world.bob, world.alice, reason, heard, ways)
    cross(world.bob, world.alice)
    assert {name: flows(world.lab, name) for name in before} == before


@pytest.mark.parametrize(
    "terms, reason",
    named(
        ("our user begins", "    type: public-unverified\n", "not_invited"),
        ("nobody is verified", "    verification: always-unverifiable\n", "not_a_contact"),
    ),
)
def test_a_stranger_is_refused_until_our_user_has_written(world, terms, reason):
    before = flows(world.lab, "partner.example")
    fresh = world.lab.sip_user(f"fresh-{reason.replace('_', '-')}")
    with contextlib.closing(fresh):
        world.alice.send(f"{fresh.user}@corp.example", "allowed")
        assert fresh.receive(timeout_s=20)["body"] == "allowed"
        heard = (0, 0, "forbidden", "Recipient accepts contacts only")
        with changed(world.lab, terms):
            refused(world.lab, fresh, world.alice, reason, heard, "in")
            # Now she is a contact.
            cross(fresh, world.alice)
    assert flows(world.lab, "partner.example") == before


@pytest.mark.parametrize(
    "how, heard",
    named(
        ("domain blocked", {"more": "domain_blocked"}, (403, 1027, NOT_ALLOWED)),
        ("partner removed", {"partner": False}, (403, 1027, "No route to domain")),
        ("another protocol", {"protocol": "sip"}, (404, 1008, "No server of the domain in DNS")),
    ),
)
def test_sessions_that_new_rules_forbid_end_with_the_reason_and_others_go_on(world, how, heard):
    lab = world.lab
    code, diagnostics, text = heard
    cross(world.bob, world.alice)
    untouched = flows(lab, OTHER)
    begun = len(lab.log_text("prosody"))
    if how.get("more"):
        # A domain has one role.
        file = rules_file(lab, document(lab, partner=False).replace("domains: [{domain: blocked", "domains: [partner.example, {domain: blocked"))
        fine(lab, "apply", file)
    else:
        apply(lab, **how)
    until(lambda: "partner.example->corp.example closed: policy-violation" in lab.log_text("prosody")[begun:], "the stream goes on")
    until(lambda: not any(row["remote"] == "partner.example" for row in lab.show("sessions") if row["kind"] == "xmpp stream"),
          "a stream is left")
    # Her own server tells alice.
    sent = world.alice.send("bob@corp.example", "refused")
    assert world.alice.receive_error(timeout_s=20)["id"] == sent
    out_refused(world.bob, world.alice, code, diagnostics, text)
    cross(world.bob, world.other)
    assert flows(lab, OTHER) == untouched
    apply(lab)
    again(world.bob, world.alice)
    assert flows(lab, OTHER) == untouched


# ---- links -----------------------------------------------------------------------------------

LINK, PROGRAM = "see http://www.a.example/x", "HTTP://a.example/setup%2eexe."
CAREFUL = "Careful: links."


def becomes(ours, theirs, body, expected):
    """Both ways."""
    theirs.send(f"{ours.user}@corp.example", body)
    assert ours.receive(timeout_s=20)["body"] == expected
    assert ours.send(f"sip:{theirs.jid}", body)[0] == 202
    assert theirs.receive(timeout_s=20)["body"] == expected


@pytest.mark.parametrize(
    "terms, more, body, reason, heard",
    named(
        ("links", "    links: {action: block}\n", "", LINK, "link_blocked", (403, 16002, "policy-violation", "Links not allowed")),
        ("programs", "", "links: {extensions: [default]}\n", PROGRAM, "file_blocked",
         (403, 16001, "policy-violation", "Links to such files not allowed")),
    ),
)
def test_links_that_a_change_forbids_are_refused_both_ways_and_other_messages_go(world, terms, more, body, reason, heard):
    becomes(world.bob, world.alice, body, body)
    with changed(world.lab, terms, more):
        refused(world.lab, world.bob, world.alice, reason, heard, body=body)
        _, out, err = tool(world.lab, "explain", "--from", world.alice.jid, "--to", "bob@corp.example", "--text", body, "--json")
        assert json.loads(out)["reason"] == reason, err
        cross(world.bob, world.alice)
    becomes(world.bob, world.alice, body, body)


def test_links_are_defused_and_warned_of_both_ways(world):
    for links, expected in (("{action: defuse}", "see _http://www.a.example/x"),
                            (f'{{action: warn, notice: "{CAREFUL}"}}', f"{CAREFUL}\n\n{LINK}")):
        with changed(world.lab, more=f"links: {links}\n"):
            becomes(world.bob, world.alice, LINK, expected)
            # What has been through such a filter stays as it is.
            becomes(world.bob, world.alice, expected, expected)
            cross(world.bob, world.alice)


# ---- licences --------------------------------------------------------------------------------


def licensed(licence="seats: 2, start: 2012-01-01, end: 2999-01-01", provider="sell_until: never, service_end: never", enabled="true"):
    agreement = f"licences:\n  - {{agreement: EA-1, provider: successor, {licence}}}\n" if licence else ""
    return ("providers:\n"
            f"  - {{name: successor, profile: yahoo, enabled: {enabled}, domains: [{CHAT}], protocols: [xmpp],\n"
            f"     {provider}}}\n" + agreement)


@pytest.fixture(scope="module")
def chat(world):
    """With bob, who has a seat of two."""
    apply(world.lab, more=licensed())
    user = world.lab.xmpp_user("alice", CHAT)
    cross(world.bob, user)
    yield user
    user.close()


def report(lab):
    code, out, err = tool(lab, "licence", "report", "--json")
    assert code in (0, 1), err
    return code, json.loads(out)


def seats(lab):
    row = next(row for row in report(lab)[1]["agreements"] if row["agreement"] == "EA-1")
    return row["months"][-1]["seats"] if row["months"] else 0


def explained(lab, ours, theirs):
    _, out, err = tool(lab, "explain", "--from", f"{ours.user}@corp.example", "--to", theirs.jid, "--json")
    assert out, err
    return json.loads(out)["reason"]


@pytest.mark.parametrize(
    "more, reason, heard",
    named(
        ("ended", licensed("seats: 2, start: 2012-01-01, end: 2013-01-01"), "licence_expired", NO_SERVICE),
        ("not begun", licensed("seats: 2, start: 2990-01-01, end: 2999-01-01"), "licence_not_started", NO_SERVICE),
        ("gone", licensed(None), "no_agreement", NO_SERVICE),
        ("of others", licensed("model: assigned, seats: 2, start: 2012-01-01, end: 2999-01-01, assignments: [eve@corp.example]"),
         "no_seat", NO_SERVICE),
        ("retired", licensed("seats: 2, start: 2012-01-01, end: 2999-01-01", "service_end: 2014-07-01"), "provider_retired", NO_SERVICE),
        ("not public", licensed() + "policies: [{name: p, in: [federation, xmpp], out: [federation, xmpp]}]\npolicy: {global: p}\n",
         "user_public", (403, 1001, "forbidden", NOT_ALLOWED)),
    ),
)
def test_without_a_licence_a_provider_is_refused(world, chat, more, reason, heard):
    before = {name: flows(world.lab, name) for name in ("partner.example", OTHER)}
    with changed(world.lab, more=more, back=licensed()):
        refused(world.lab, world.bob, chat, reason, heard)
        assert explained(world.lab, world.bob, chat) == reason
        if reason != "user_public":
            cross(world.bob, world.alice)
    cross(world.bob, chat)
    assert {name: flows(world.lab, name) for name in before} == before


def test_a_provider_that_is_switched_off_is_refused_and_others_are_not(world, chat):
    before = flows(world.lab, OTHER)
    with changed(world.lab, more=licensed(enabled="false"), back=licensed()):
        # Its sessions end, so that what its users write may be lost on the way to us.
        out_refused(world.bob, chat, 403, 1027, "No route to domain")
        assert explained(world.lab, world.bob, chat) == "provider_off"
        cross(world.bob, world.alice)
    again(world.bob, chat)
    assert flows(world.lab, OTHER) == before


def test_fewer_seats_leave_those_that_are_taken(world, chat):
    with contextlib.closing(world.lab.sip_user("carol")) as carol, contextlib.closing(world.lab.sip_user("dora")) as dora:
        cross(carol, chat)
        assert seats(world.lab) == 2
        assert explained(world.lab, dora, chat) == "seats_exhausted"
        refused(world.lab, dora, chat, "seats_exhausted", NO_SERVICE)
        assert "policy: 2 of the 2 seats of EA-1 are taken this month" in world.lab.log_text("control")
        apply(world.lab, more=licensed("seats: 1, start: 2012-01-01, end: 2999-01-01"))
        refused(world.lab, dora, chat, "seats_exhausted", NO_SERVICE)
        cross(carol, chat)
        cross(world.bob, chat)
        apply(world.lab, more=licensed("seats: 3, start: 2012-01-01, end: 2999-01-01"))
        cross(dora, chat)
        assert seats(world.lab) == 3


# ---- the record ------------------------------------------------------------------------------


def state(lab):
    return pathlib.Path(lab.dir) / "edge" / "control-state"


@contextlib.contextmanager
def record(lab):
    database = sqlite3.connect(state(lab) / "facts.db", isolation_level=None)
    try:
        yield database
    finally:
        database.close()


def many_seats(lab):
    apply(lab, more=licensed("seats: 100, start: 2012-01-01, end: 2999-01-01"))


def test_a_seat_that_cannot_be_written_refuses_the_message_that_needs_it(world, chat):
    lab = world.lab
    many_seats(lab)
    before = seats(lab)
    with contextlib.closing(lab.sip_user("frank")) as frank:
        with record(lab) as database:
            database.execute("CREATE TRIGGER full BEFORE INSERT ON usage BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
            counter = counted(lab, "seat_not_written")
            in_refused(frank, chat, "resource-constraint", "Service unavailable")
            out_refused(frank, chat, 500, 0, None)
            assert counted(lab, "seat_not_written") == counter + 2
            assert explained(lab, frank, chat) == "seat_not_written"
            assert "message refused at step licence: the user needs a seat, and seats cannot be written down" in lab.log_text("control")
            assert frank.messages.empty() and chat.messages.empty()
            # Who has one is served.
            cross(world.bob, chat)
            assert seats(lab) == before
            database.execute("DROP TRIGGER full")
        cross(frank, chat)
    assert seats(lab) == before + 1


def restart(lab, how=signal.SIGTERM):
    lab.stop("control", how)
    begun = len(lab.log_text("control"))
    lab.start_control()
    lab.wait_ready()
    return begun


def test_a_kill_before_the_seat_is_on_disk_leaves_neither_seat_nor_message(world, chat):
    lab = world.lab
    many_seats(lab)
    before = seats(lab)
    with contextlib.closing(lab.sip_user("grace")) as grace, record(lab) as database:
        database.execute("BEGIN IMMEDIATE")  # the disk is ours for a while
        chat.send("grace@corp.example", "on its way")
        until(lambda: explained(lab, grace, chat) == "none" and taken(lab, grace, chat), "the message is not there")
        lab.stop("control", signal.SIGKILL)
        database.execute("ROLLBACK")
        assert grace.messages.empty()
        code, out, err = tool(lab, "licence", "report", "--json", "--state", state(lab))
        assert code == 0, err
        assert json.loads(out)["record"] == "whole"
        lab.start_control()
        lab.wait_ready()
        assert seats(lab) == before
        assert grace.messages.empty()
        again(grace, chat)
    assert seats(lab) == before + 1


def taken(lab, ours, theirs):
    """Has this user a seat, on disk or not?"""
    _, out, _ = tool(lab, "explain", "--from", f"{ours.user}@corp.example", "--to", theirs.jid, "--json")
    return not json.loads(out)["effects"]["takes_seat"]


def test_a_row_that_is_edited_and_a_tail_that_is_cut_off_are_named_at_the_next_start(world, chat):
    lab = world.lab
    rows = report(lab)[1]["whole_rows"]
    head = (state(lab) / "usage-head").read_text(encoding="ascii").strip()
    assert f", head {head}" in lab.log_text("control")
    assert report(lab)[1]["whole_head"] == head
    with record(lab) as database:
        user = database.execute("SELECT user FROM usage WHERE seq = 2").fetchone()[0]
        database.execute("UPDATE usage SET user = 'eve@corp.example' WHERE seq = 2")
    assert report(lab)[0] == 1
    begun = restart(lab)
    assert "usage: row 2 of the record is not the one that was written; whole up to 1:" in lab.log_text("control")[begun:]
    with record(lab) as database:
        database.execute("UPDATE usage SET user = ? WHERE seq = 2", (user,))
    begun = restart(lab)
    assert f"usage: the record is whole, head {head}" in lab.log_text("control")[begun:]
    with record(lab) as database:
        database.execute("DELETE FROM usage WHERE seq = ?", (rows,))
    code, said = report(lab)
    assert (code, said["record"], said["wrong_from_row"], said["whole_rows"]) == (1, "cut off", rows, rows - 1)
    begun = restart(lab)
    assert f"usage: row {rows} and what came after it are missing; whole up to {rows - 1}:" in lab.log_text("control")[begun:]
    again(world.bob, chat)


def test_a_domain_of_both_protocols_is_reached_by_the_other_where_the_preferred_cannot_be(world):
    """Its domain has no SIP server: each message goes by XMPP, until the edge knows and after."""
    lab = world.lab
    again(world.bob, world.alice)
    before = flows(lab, "partner.example")
    fine(lab, "apply", rules_file(lab, document(lab, protocol="BOTH").replace("protocol: BOTH\n", "protocols: [sip, xmpp]\n")))
    for _ in range(2):
        cross(world.bob, world.alice)
    assert lab.show("counters").get("session.fell_back", 0) >= 1
    assert "corp.example to partner.example: not by SIP (" in lab.log_text("control")
    _, out, _ = tool(lab, "explain", "--from", f"{world.bob.user}@corp.example", "--to", world.alice.jid, "--json")
    route = next(row for row in json.loads(out)["steps"] if row["step"] == "route")
    assert route["outcome"] == "passed"
    assert "XMPP" in route["words"] or "else by the other" in route["words"], route
    assert before <= flows(lab, "partner.example")
    apply(lab)
