# SPDX-License-Identifier: BSD-3-Clause
"""Messages between our users and those of SIP partners, each with a Kamailio of its own: both ways, with all that
goes wrong, and what the rules make of them."""

import concurrent.futures
import contextlib
import json
import ssl

import netns
import pytest
from changes import fine, partners, rules_file, rules_text, tool, until
from sip_peer import Ended, Peer, Server
from sip_user import user_of

SIP = "sip-partner.example"
PUBLIC = "public.example"
ACME = "acme.public.example"
LAB = {"sip_hosts": {SIP: "198.51.100.20", PUBLIC: "198.51.100.21"}, "fr_timer_ms": 8000}
PARTNER = f"  - domain: {SIP}\n    protocol: sip\n"
# Nobody's server, until a test plays one; and one that never is there.
SCRIPTED, SCRIPTED4 = "scripted.example", "198.51.100.22"
NOWHERE, NOWHERE4 = "nowhere.example", "198.51.100.99"

TEXTS = {
    "plain": "hello",
    "markup": "<b>&amp; \"quoted\" 'too' </body>",
    "unicode": "Zoë 東京 🚀 \u0301",
    "lines": "first\nsecond\n\n  fourth ",
    "long": "0123456789" * 400,
    "longer than Kamailio takes by default": "0123456789" * 4000,
}


# ---- people ------------------------------------------------------------------------------------


def document(lab, terms="", more=""):
    """The lab's rules with these terms of the partner, and this besides."""
    others = "".join(f"  - {{domain: {domain}, protocol: sip, host: {host}}}\n"
                     for domain, host in ((SCRIPTED, SCRIPTED4), (NOWHERE, NOWHERE4)))
    text = rules_text(lab).replace(PARTNER, PARTNER + terms + others)
    assert others in text
    return text + more


def apply(lab, *args, **kwargs):
    fine(lab, "apply", rules_file(lab, document(lab, *args, **kwargs)))


@contextlib.contextmanager
def changed(lab, *args, **kwargs):
    """Other rules for a while."""
    apply(lab, *args, **kwargs)
    try:
        yield
    finally:
        apply(lab)


@pytest.fixture(scope="module")
def lab(lab):
    netns.run("ip", "-n", lab.ns("partner"), "address", "add", f"{SCRIPTED4}/24", "dev", "net0")
    lab.ca.leaf(SCRIPTED, f"DNS:{SCRIPTED}")
    apply(lab)
    return lab


@pytest.fixture(scope="module")
def server(lab):
    return lab.sip_servers[SIP]


@pytest.fixture(scope="module")
def carol(server):
    with contextlib.closing(server.user("carol")) as user:
        yield user


@pytest.fixture(scope="module")
def hasty(server):
    """Who hears after a second that nothing was heard."""
    with contextlib.closing(server.user("hasty")) as user:
        yield user


@pytest.fixture(scope="module")
def joe(lab):
    """A provider's user, by the name that he travels by."""
    with contextlib.closing(lab.sip_servers[PUBLIC].user(f"joe({ACME})")) as user:
        yield user


@contextlib.contextmanager
def sending(user, to, body):
    """Somebody who waits for an answer meanwhile: it is given once, as a future."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool.submit(user.send, to, body)


@pytest.fixture(scope="module", autouse=True)
def patient(lab, bob, carol):
    """Two who wait for long, while all else goes on: carol for what a user of ours never answers, and bob for a server that never
    does."""
    with contextlib.closing(lab.sip_user("silent")) as silent:
        silent.answer = None  # our Kamailio waits for fr_timer_ms
        with sending(carol, silent.uri, "anybody?") as hers, sending(bob, f"sip:x@{NOWHERE}", "anybody?") as his:
            yield hers, his


@pytest.fixture(autouse=True)
def nothing_is_left_over(bob, carol):
    yield
    left = []
    for user in (bob, carol):
        user.answer, user.more = 200, ()
        while not user.messages.empty():
            left.append((user.user, user.messages.get()["body"]))
    assert not left


def crosses(sender, to, body, **more):
    """Sent and taken; what arrived."""
    code, reason, _ = sender.send(to.uri, body, **more)
    assert code == 200, reason
    return to.receive(timeout_s=20)


def both_ways(ours, theirs, word):
    for sender, to in ((theirs, ours), (ours, theirs)):
        got = crosses(sender, to, word)
        assert (got["body"], user_of(got["from"])) == (word, sender.uri)


def again(ours, theirs):
    """After what ended their connections: each side tries again in its own time."""
    for sender, to in ((theirs, ours), (ours, theirs)):
        until(lambda: sender.send(to.uri, "again")[0] == 200, "it stays so", 30, 0.2)
        while not to.messages.empty():
            to.receive()
    both_ways(ours, theirs, "and as before")


def refused(sender, to, code, diagnostics=None):
    """What the sender heard: the header lines."""
    said, reason, headers = sender.send(to if isinstance(to, str) else to.uri, "refused")
    assert said == code, (said, reason, headers)
    if diagnostics is not None:
        assert headers.get("ms-diagnostics-public", "").startswith(f"{diagnostics};"), headers
    return headers


def counted(lab, name):
    return lab.show("counters").get(name, 0)


@contextlib.contextmanager
def grows(lab, name, by=1):
    before = counted(lab, name)
    yield
    until(lambda: counted(lab, name) >= before + by, f"{name} does not grow", 5)
    assert counted(lab, name) == before + by


# ---- messages ----------------------------------------------------------------------------------


def test_messages_cross_both_ways_and_both_senders_hear_200(bob, carol):
    both_ways(bob, carol, "hello")


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_crosses_both_ways_unchanged(bob, carol, name):
    for sender, to in ((bob, carol), (carol, bob)):
        got = crosses(sender, to, TEXTS[name])
        assert got["body"] == TEXTS[name]
        assert got["type"].replace(" ", "").lower() == "text/plain;charset=utf-8"


def test_subject_language_and_thread_cross_both_ways(bob, carol):
    for sender, to in ((bob, carol), (carol, bob)):
        got = crosses(sender, to, "ja", subject='Käse & "Wein"', lang="de-AT", call_id=f"{sender.user}-1@corp")
        assert (got["subject"], got["lang"], got["call_id"]) == ('Käse & "Wein"', "de-AT", f"{sender.user}-1@corp")


def test_whoever_takes_it_for_later_says_202_and_so_hears_the_sender(bob, carol):
    for sender, to in ((bob, carol), (carol, bob)):
        to.answer = 202
        code, reason, _ = sender.send(to.uri, "later")
        assert code == 202, reason
        assert to.receive()["body"] == "later"


def test_many_messages_keep_their_order(lab, bob, carol):
    bodies = [f"number {number}" for number in range(20)]
    for sender, to in ((bob, carol), (carol, bob)):
        for body in bodies:
            assert sender.send(to.uri, body)[0] == 200
        assert [to.receive()["body"] for _ in bodies] == bodies


def test_many_at_once_all_arrive_and_each_sender_hears_so(bob, carol):
    bodies = [f"number {number}" for number in range(30)]
    with concurrent.futures.ThreadPoolExecutor(15) as pool:
        for sender, to in ((bob, carol), (carol, bob)):
            assert {code for code, _, _ in pool.map(lambda body: sender.send(to.uri, body), bodies)} == {200}
            assert sorted(to.receive()["body"] for _ in bodies) == sorted(bodies)


# ---- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers, heard",
    [(202, 202), (299, 200), (302, 480), (401, 403), (404, 404), (405, 501), (407, 403), (408, 504), (480, 480), (486, 486),
     (488, 488), (499, 400), (500, 500), (503, 500), (600, 600), (603, 603), (699, 600)],
)
def test_what_a_partners_server_answers_reaches_our_user_without_its_header_lines(bob, answers, heard):
    code, reason, headers = bob.send(f"sip:answers-{answers}@{SIP}", "hello?")
    assert code == heard, reason
    assert reason != "Scripted"
    assert headers.get("retry-after") == ("7" if answers >= 300 else None)
    assert "x-internal" not in headers


@pytest.mark.parametrize("answers, heard", [(403, 403), (404, 404), (480, 480), (486, 486), (488, 488), (500, 500), (603, 603)])
def test_what_our_server_answers_reaches_the_partners_user_without_its_header_lines(bob, carol, answers, heard):
    bob.answer, bob.more = answers, ("Retry-After: 9", "X-Internal: 192.0.2.99", "Contact: <sip:bob@192.0.2.99>")
    headers = refused(carol, bob, heard)
    assert headers.get("retry-after") == "9"
    assert "x-internal" not in headers and "contact" not in headers
    # The refusing user has kept what it refused.
    bob.receive()


def test_a_user_whom_nobody_knows_is_404_on_both_sides(bob, carol):
    refused(bob, f"sip:nobody@{SIP}", 404)
    refused(carol, "sip:nobody@corp.example", 404)


@contextlib.contextmanager
def scripted(lab, certificate=SCRIPTED):
    with Server(lab, SCRIPTED4, files(lab, certificate), SCRIPTED) as server:
        yield server


def files(lab, name):
    return lab.ca.path(name, "crt"), lab.ca.path(name, "key")


# ---- who is who --------------------------------------------------------------------------------


def test_our_certificate_is_shown_and_nothing_of_our_network(lab, bob):
    with scripted(lab) as server, sending(bob, f"sip:x@{SCRIPTED}", "hello") as said:
        with server.peers.get(timeout=20) as peer:
            with open(lab.ca.path("corp.example", "crt"), encoding="ascii") as shown:
                assert peer.sock.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(shown.read())
            request = peer.read()
            assert request.start == f"MESSAGE sip:x@{SCRIPTED} SIP/2.0"
            assert user_of(request.get("from")) == bob.uri and request.body == b"hello"
            assert len([name for name, _ in request.headers if name == "via"]) == 1
            assert 0 < int(request.get("max-forwards")) < 69  # bob's, our Kamailio's and the edge's
            everything = "\n".join(value for _, value in request.headers)
            for inside in (lab.address("inside"), lab.address("sipuser"), lab.address("edge_inside")):
                assert inside not in everything
            assert not request.names() & {"record-route", "route", "contact"}
            peer.respond(request, 200)
            assert said.result()[0] == 200


def test_over_our_connection_the_partner_may_write_as_well(lab, bob):
    with scripted(lab) as server, sending(bob, f"sip:x@{SCRIPTED}", "there") as said:
        with server.peers.get(timeout=20) as peer:
            peer.respond(peer.read(), 200)
            assert said.result()[0] == 200
            assert peer.ask(body="and back").code == 200
            assert bob.receive()["body"] == "and back"
            assert peer.ask(sender=f"sip:alice@{SIP}", body="forged").code == 403


def test_a_connection_that_breaks_behind_a_message_is_504_and_it_may_have_arrived(lab, bob):
    with scripted(lab) as server, sending(bob, f"sip:x@{SCRIPTED}", "halfway") as said:
        with server.peers.get(timeout=20) as peer:
            assert peer.read().body == b"halfway"
        code, _, headers = said.result()
        assert code == 504 and "may have been delivered" in headers.get("warning", ""), headers


def test_a_server_with_somebody_elses_certificate_gets_nothing(lab, bob):
    before = counted(lab, "sip.refused.partner_identity")
    with scripted(lab, f"sip.{SIP}") as server:
        headers = {}

        def refused_by_us():
            nonlocal headers
            code, _, headers = bob.send(f"sip:x@{SCRIPTED}", "secret")
            return code == 502

        until(refused_by_us, "it is not refused", 20, 0.2)  # what the test before broke is not tried again at once
        assert "Identities could not be proven" in headers.get("warning", ""), headers
        peer = server.peers.get(timeout=20)
        with pytest.raises((Ended, TimeoutError)):
            peer.read(timeout_s=5)
        peer.close()
    assert counted(lab, "sip.refused.partner_identity") > before


@pytest.mark.parametrize("name", ["none", "somebody else's", "nobody signed it"])
def test_without_a_partners_certificate_nobody_comes_in(lab, server, name):
    if name == "somebody else's":
        lab.ca.leaf("elsewhere.example", "DNS:elsewhere.example,URI:sip:elsewhere.example")
    elif name == "nobody signed it":
        lab.ca.self_signed("selfmade", f"DNS:{SIP}")
    certificate = {"none": None, "somebody else's": "elsewhere.example", "nobody signed it": "selfmade"}[name]
    with pytest.raises(Ended):
        with Peer.connect(lab, server.address, certificate and files(lab, certificate)) as peer:
            peer.ask("OPTIONS", "sip:corp.example")
    until(lambda: all(row["ready"] for row in lab.show("sessions") if row.get("address") == server.address), "it is in")


def test_an_access_edge_is_the_partners_by_the_name_that_the_rules_have_for_it(lab, bob):
    edge = "access.host.example"
    lab.ca.leaf(edge, f"DNS:{edge}")
    text = document(lab).replace(f"{{domain: {SCRIPTED}, ", f"{{domain: {SCRIPTED}, certificate_names: [{edge}], ")
    with pytest.raises(Ended), Peer.connect(lab, SCRIPTED4, files(lab, edge), SCRIPTED) as peer:
        peer.ask(body="too early")
    fine(lab, "apply", rules_file(lab, text))
    try:
        with scripted(lab, edge) as server, sending(bob, f"sip:x@{SCRIPTED}", "hello") as said:
            with server.peers.get(timeout=20) as link:
                link.respond(link.read(), 200)
                assert said.result()[0] == 200
        with Peer.connect(lab, SCRIPTED4, files(lab, edge), SCRIPTED) as peer:
            assert peer.ask(body="and back").code == 200
            assert bob.receive()["body"] == "and back"
            for sender in (f"sip:x@{edge}", f"sip:alice@{SIP}"):
                assert peer.ask(sender=sender, body="forged").code == 403
            with grows(lab, "sip.closed.partner_identity"):
                apply(lab)
                with pytest.raises(Ended):
                    peer.read()
    finally:
        apply(lab)


@pytest.fixture(scope="module")
def peer(lab, server):
    with Peer.connect(lab, server.address, files(lab, f"sip.{SIP}")) as peer:
        yield peer


def test_nobody_writes_in_anothers_name(lab, bob, peer):
    for sender in ("sip:alice@partner.example", "sip:bob@corp.example", f"sip:x@{PUBLIC}", f"sip:x@sub.{SIP}", f"sip:x@x{SIP}"):
        with grows(lab, "sip.refused.from_not_of_peer"):
            assert peer.ask(sender=sender, body="forged").code == 403
    with grows(lab, "sip.refused.identity_not_of_peer"):
        assert peer.ask(body="forged", more={"P-Asserted-Identity": "<sip:ceo@corp.example>"}).code == 403
    assert peer.ask(body="his own").code == 200
    assert bob.receive()["body"] == "his own"


def test_a_text_that_is_no_utf8_is_refused(bob, peer):
    assert peer.ask(body=b"\xff\xfe no text").code in (400, 415, 488)


@pytest.mark.parametrize("to", ["sip:alice@partner.example", "sip:x@second.example", f"sip:joe@{ACME}", "sip:x@nobody-knows.example"])
def test_a_partner_reaches_nobody_else_through_us(lab, peer, to):
    before = lab.show("messages")
    answer = peer.ask(to=to, body="pass it on")
    assert answer.code in (403, 404), answer.start
    # Nor by a way past the recipient.
    assert peer.ask(to="sip:bob@corp.example", uri=to, body="pass it on").code == answer.code
    others = [[row for row in rows if row["partner"] != SIP] for rows in (before, lab.show("messages"))]
    assert others[0] == others[1]


@pytest.mark.parametrize(
    "code, asked",
    [(415, {"body": "<b>hello</b>", "more": {"Content-Type": "text/html"}}), (481, {"more": {"To": "<sip:bob@corp.example>;tag=1"}}),
     (483, {"more": {"Max-Forwards": "0"}}), (420, {"more": {"Require": "path"}}), (405, {"method": "INVITE"}),
     (416, {"uri": "sips:bob@corp.example"}), (200, {"method": "OPTIONS", "uri": "sip:corp.example"})],
)
def test_what_is_no_message_is_answered_by_the_edge(bob, peer, code, asked):
    assert peer.ask(**{"body": "", **asked}).code == code


def test_a_message_brings_no_header_lines_of_the_partners(lab, bob, peer):
    more = {"Record-Route": f"<sip:{SIP};lr>", "Contact": f"<sip:x@{SIP}>", "X-Internal": "10.9.9.9", "Organization": "Evil",
            "Subject": "fine"}
    assert peer.ask(body="hello", more=more).code == 200
    got = bob.receive()
    assert got["subject"] == "fine"
    assert not set(got["headers"]) & {"record-route", "contact", "x-internal", "organization"}


def test_what_is_written_without_waiting_arrives_in_its_order(bob, peer):
    bodies = [f"number {number}" for number in range(20)]
    for body in bodies:
        peer.tell(body=body)
    assert [peer.answer().code for _ in bodies] == [200] * 20
    assert [bob.receive()["body"] for _ in bodies] == bodies


# ---- the rules ---------------------------------------------------------------------------------

NOT_ALLOWED = "Not allowed by policy"
NOTHING = "policies: [{name: p}]\npolicy: {global: p}\n"


def flows(lab, partner=SIP):
    """Its connections, each with its ports: what is the same is the same connection."""
    return {(row["remote"], row["remote_port"], row["local"], row["local_port"]) for row in lab.show("flows")
            if row["state"] == "established" and row["partner"] == partners(lab)[partner]}


def refused_by_rule(lab, sender, to, reason, code, diagnostics):
    with grows(lab, f"policy.refused.{reason}"):
        headers = refused(sender, to, code, diagnostics or None)
    if not diagnostics:
        assert "ms-diagnostics-public" not in headers


@pytest.mark.parametrize(
    "terms, more, reason, code, diagnostics, ways",
    [
        pytest.param("", "federation: false\n", "federation_off", 403, 1002, "in out", id="federation off"),
        pytest.param("", NOTHING, "user_federation", 403, 1002, "in out", id="user"),
        pytest.param("", "policies: [{name: p, out: [federation]}]\npolicy: {global: p}\n", "user_federation", 403, 1002, "in",
                     id="user, in"),
        pytest.param("", "policies: [{name: p, in: [federation]}]\npolicy: {global: p}\n", "user_federation", 403, 1002, "out",
                     id="user, out"),
        pytest.param("    capabilities: [presence]\n", "", "capability", 488, 0, "in out", id="partner without im"),
        pytest.param("    message_bytes_max: 4\n", "", "too_large", 413, 0, "in out", id="message too large"),
        pytest.param("    archive: true\n", "", "archive_down", 500, 0, "in out", id="must be archived"),
        pytest.param("    verification: use-source\n    missing_mark: reject\n", "", "mark_missing", 403, 0, "in", id="no mark"),
        pytest.param("    limits: {users: 1}\n", "", "over_users", 403, 0, "", id="another user"),
    ],
)
def test_what_a_change_forbids_is_refused_on_the_same_connections(lab, bob, carol, terms, more, reason, code, diagnostics, ways):
    both_ways(bob, carol, "before")
    before = flows(lab)
    assert len(before) >= 2
    with changed(lab, terms, more):
        for way, sender, to in (("in", carol, bob), ("out", bob, carol)):
            if way in ways:
                refused_by_rule(lab, sender, to, reason, code, diagnostics)
            else:
                crosses(sender, to, "allowed")
    both_ways(bob, carol, "allowed again")
    assert flows(lab) >= before


def test_a_stranger_of_theirs_is_refused_until_our_user_has_written(lab, carol):
    with contextlib.closing(lab.sip_user("fresh")) as fresh, changed(lab, "    type: public-unverified\n"):
        refused_by_rule(lab, carol, fresh, "not_invited", 403, 0)
        both = crosses(fresh, carol, "come in")
        assert both["body"] == "come in"
        crosses(carol, fresh, "thanks")
        both_ways(fresh, carol, "and on")


def test_who_may_not_speak_xmpp_may_write_to_sip_partners(lab, bob, carol):
    with changed(lab, more="policies: [{name: p, in: [federation], out: [federation]}]\npolicy: {global: p}\n"):
        both_ways(bob, carol, "no XMPP here")
        refused(bob, "sip:alice@partner.example", 403, 1002)


def in_one_go(peer, count):
    """So many messages without waiting: their answers, each with its body."""
    told = {peer.tell(body=f"number {number}"): f"number {number}" for number in range(count)}
    answers = {}
    while len(answers) < count:
        answer = peer.answer()
        answers[told[answer.get("call-id")]] = answer
    return [(body, answers[body]) for body in told.values()]


def test_a_partner_that_sends_too_many_hears_when_to_come_back(lab, bob, peer):
    with changed(lab, "    limits: {messages_per_s: 2}\n"):
        answers = in_one_go(peer, 20)
        over = [(answer.code, answer.get("retry-after")) for _, answer in answers if answer.code != 200]
        assert answers[0][1].code == 200 and set(over) == {(480, "1")}
        assert counted(lab, "policy.refused.over_messages") == len(over)
        accepted = [body for body, answer in answers if answer.code == 200]
        assert [bob.receive()["body"] for _ in accepted] == accepted


def test_a_partner_that_guesses_names_is_suspicious_until_it_is_trusted(lab, bob, carol, peer):
    def classes():
        return {row["class"] for row in lab.show("flows") if row["state"] == "established" and row["partner"] == partners(lab)[SIP]}

    with changed(lab, more="  suspicious: {errors_least: 3, errors_percent: 1}\n"), contextlib.ExitStack() as trusted:
        trusted.callback(fine, lab, "trust", SIP)
        for number in range(4):
            assert peer.ask(to=f"sip:guess{number}@corp.example", body="anybody?").code in (404, 480)
        (row,) = [row for row in lab.show("verdicts") if row["kind"] == "suspicious"]
        assert row["target"] == SIP, row
        until(lambda: "suspicious" in classes(), "the dataplane does not hold it to be suspicious")
        answers = in_one_go(peer, 10)
        assert 480 in {answer.code for _, answer in answers} <= {200, 480}
        accepted = [body for body, answer in answers if answer.code == 200]
        assert [bob.receive()["body"] for _ in accepted] == accepted
        # Ours may write to it as before.
        crosses(bob, carol, "still")
    until(lambda: "suspicious" not in classes() and "verified" in classes(), "it is not trusted again")
    assert peer.ask(body="trusted").code == 200
    assert bob.receive()["body"] == "trusted"


LINK = "see http://www.a.example/x"


def test_links_are_defused_both_ways_and_refused_where_the_rules_say_so(lab, bob, carol):
    with changed(lab, "    links: {action: defuse}\n"):
        for sender, to in ((bob, carol), (carol, bob)):
            assert crosses(sender, to, LINK)["body"] == "see _http://www.a.example/x"
    with changed(lab, "    links: {action: block}\n"):
        for sender, to in ((bob, carol), (carol, bob)):
            with grows(lab, "policy.refused.link_blocked"):
                assert sender.send(to.uri, LINK)[0] == 403


def test_a_disclaimer_is_said_once(lab, carol):
    with contextlib.closing(lab.sip_user("dora")) as dora, changed(lab, "    disclaimer: This is archived.\n"):
        assert crosses(dora, carol, "first")["body"] == "This is archived.\n\nfirst"
        assert crosses(dora, carol, "second")["body"] == "second"
        assert crosses(carol, dora, "answer")["body"] == "answer"


def explained(lab, sender, to):
    _, out, err = tool(lab, "explain", "--from", f"{sender.user}@{sender.domain}", "--to", f"{to.user}@{to.domain}", "--json")
    assert out, err
    return json.loads(out)


def test_explain_says_by_which_protocol(lab, bob, carol):
    route = explained(lab, bob, carol)["steps"][-1]
    assert (route["step"], route["outcome"], route["words"]) == ("route", "passed", "by SIP to servers within the domain")
    assert explained(lab, carol, bob)["reason"] == "none"


class Joe:
    """As people inside know him."""

    user, domain, uri = "joe", ACME, f"sip:joe@{ACME}"


def provider(enabled="true", end="2999-01-01"):
    return ("providers:\n"
            f"  - {{name: successor, profile: yahoo, enabled: {enabled}, domains: [{{domain: {PUBLIC}, subtree: true}}],\n"
            f"     protocols: [sip], sell_until: never, service_end: never, name_decoration: {{routing_domain: {PUBLIC}}}}}\n"
            f"licences:\n  - {{agreement: EA-1, provider: successor, seats: 1, start: 2012-01-01, end: {end}}}\n")


def test_a_provider_is_served_by_sip_with_seats_and_decorated_names(lab, bob, joe):
    with contextlib.closing(lab.sip_user("eve")) as eve:
        with changed(lab, more=provider("false")):
            refused(bob, Joe, 403, 1027)
            with pytest.raises(Ended), Peer.connect(lab, lab.sip_servers[PUBLIC].address, files(lab, f"sip.{PUBLIC}")) as peer:
                peer.ask("OPTIONS", "sip:corp.example")
        with changed(lab, more=provider()):
            assert explained(lab, bob, Joe)["effects"]["takes_seat"]
            got = crosses(joe, bob, "in")
            assert (got["body"], user_of(got["from"])) == ("in", Joe.uri)
            code, reason, _ = bob.send(Joe.uri, "out")
            assert code == 200, reason
            got = joe.receive(timeout_s=20)
            assert (got["body"], user_of(got["from"])) == ("out", bob.uri)
            # The only seat is his.
            for sender, to in ((eve, Joe), (joe, eve)):
                refused_by_rule(lab, sender, to, "seats_exhausted", 403, 1001)
            refused(bob, f"sip:nobody@{ACME}", 404)
        with changed(lab, more=provider(end="2013-01-01")):
            for sender, to in ((bob, Joe), (joe, bob)):
                refused_by_rule(lab, sender, to, "licence_expired", 403, 1001)


# ---- the dataplane -----------------------------------------------------------------------------


def row_of(lab, what, key, name):
    return next((row for row in lab.show(what) if row[key] == name), {})


def connections(lab, server):
    return [row for row in lab.show("flows") if row["remote"] == server.address and row["state"] == "established"]


def test_connections_are_announced_verified_and_counted(lab, server, bob, carol):
    both_ways(bob, carol, "before")
    before, packets = row_of(lab, "messages", "partner", SIP), lab.packets()
    of_it = next(row for row in packets["partners"] if row["partner"] == SIP)
    both_ways(bob, carol, "counted")
    refused(bob, f"sip:answers-486@{SIP}", 486)
    after, now = row_of(lab, "messages", "partner", SIP), lab.packets()
    for way, came, delivered, turned_down in (("in", 1, 1, 0), ("out", 2, 1, 1)):
        grown = {name: after[name] - before.get(name, 0) for name in (way, f"{way}_delivered", f"{way}_refused")}
        assert grown == {way: came, f"{way}_delivered": delivered, f"{way}_refused": turned_down}
    moved = next(row for row in now["partners"] if row["partner"] == SIP)
    assert all(moved[name] > of_it[name] for name in ("packets_in", "packets_out", "bytes_in", "bytes_out"))
    assert now["dropped"]["outbound_unexpected"] == 0 and now["dropped"]["outbound_no_flow"] == 0
    until(lambda: {row["class"] for row in connections(lab, server)} == {"verified", "outbound"}, "they are not verified")
    for row in connections(lab, server):
        both_ends = [f"{row[end]}:{row[f'{end}_port']}" for end in ("remote", "local")]
        shown = json.loads(lab.ctl("show", "flow", *both_ends, "--json"))
        ours = row["remote_port"] == 5061
        assert (shown["class"], shown["partner"]) == ("outbound" if ours else "verified", partners(lab)[SIP])
    ways = {(row["direction"], row["ready"]) for row in lab.show("sessions") if row["protocol"] == "sip" and SIP in row["peer"]}
    assert ways == {("in", True), ("out", True)}
    (listed,) = [row for row in lab.show("partners") if row["domain"] == SIP]
    assert listed["classes"]["verified"] >= 1 and listed["learned"] >= 1


def test_whoever_waited_long_has_heard_meanwhile(patient):
    """And so much else was not kept waiting."""
    (code, _, _), (code_out, _, headers) = (waiting.result(timeout=40) for waiting in patient)
    assert code == 504
    assert code_out == 504 and "not delivered" in headers.get("warning", ""), headers


# ---- ends --------------------------------------------------------------------------------------


def test_an_operators_block_ends_the_connections_and_both_hear_so(lab, bob, carol, hasty):
    both_ways(bob, carol, "before")
    fine(lab, "block", SIP, "--for", "60", "--reason", "for now")
    until(lambda: not flows(lab), "its connections go on")
    for sender, to in ((bob, carol), (hasty, bob)):
        code, _, _ = sender.send(to.uri, "refused")
        assert code >= 400
    fine(lab, "unblock", SIP)
    again(bob, carol)


def test_a_block_in_the_rules_ends_the_connections_and_both_hear_so(lab, bob, carol, hasty):
    both_ways(bob, carol, "before")
    text = document(lab).replace(PARTNER, "").replace("domains: [{domain: blocked", f"domains: [{SIP}, {{domain: blocked")
    fine(lab, "apply", rules_file(lab, text))
    until(lambda: not any(row["remote"] == lab.sip_servers[SIP].address and row["state"] == "established"
                          for row in lab.show("flows")), "its connections go on")
    refused(bob, carol, 403, 1027)
    assert hasty.send(bob.uri, "refused")[0] >= 400
    apply(lab)
    again(bob, carol)


def test_while_the_partners_server_is_down_our_user_is_told_and_then_messages_cross_again(lab, server, bob, carol):
    server.stop()
    headers = refused(bob, carol, 504)
    assert "not delivered" in headers.get("warning", ""), headers
    # And at once, as long as it is not tried again.
    refused(bob, carol, 504)
    server.start()
    carol.register()
    again(bob, carol)


def test_while_our_server_is_down_the_partners_user_is_told_and_then_messages_cross_again(lab, bob, carol):
    lab.stop("kamailio")
    headers = refused(carol, bob, 504)
    assert "not delivered" in headers.get("warning", ""), headers
    lab.start_kamailio()
    bob.register()
    again(bob, carol)
