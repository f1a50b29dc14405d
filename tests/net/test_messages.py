# SPDX-License-Identifier: BSD-3-Clause
"""Messages and errors cross the edge both ways, between real servers."""

import queue
import time

import pytest
from sip_user import user_of

TEXTS = {
    "plain": "hello",
    "markup": "<b>&amp; \"quoted\" 'too' </body>",
    "unicode": "Zoë 東京 🚀 \u0301",
    "lines": "first\nsecond\n\n  fourth ",
    "long": "0123456789" * 400,
}


@pytest.fixture(autouse=True)
def nothing_left_over(alice, bob):
    yield
    for box in (alice.messages, alice.errors, bob.messages):
        while not box.empty():
            box.get()
    bob.answer = 200


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_reaches_the_sip_user_unchanged(alice, bob, name):
    alice.send("bob@corp.example", TEXTS[name])
    got = bob.receive()
    assert got["body"] == TEXTS[name]
    assert got["type"].replace(" ", "").lower() == "text/plain;charset=utf-8"


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_reaches_the_xmpp_user_unchanged(alice, bob, name):
    code, reason, _ = bob.send("sip:alice@partner.example", TEXTS[name])
    assert (code, reason) == (202, "Accepted")
    assert alice.receive()["body"] == TEXTS[name]


def test_subject_thread_and_language_cross_to_sip(alice, bob):
    alice.send("bob@corp.example", "ja", subject="Käse & \"Wein\"", thread="thread-1@corp", lang="de-AT")
    got = bob.receive()
    assert got["subject"] == 'Käse & "Wein"'
    assert got["call_id"] == "thread-1@corp"
    assert got["lang"] == "de-AT"


def test_subject_thread_and_language_cross_to_xmpp(alice, bob):
    bob.send("sip:alice@partner.example", "oui", subject="Fromage <1>", lang="fr", call_id="abc-1@host")
    got = alice.receive()
    assert (got["subject"], got["thread"], got["lang"]) == ("Fromage <1>", "abc-1@host", "fr")
    assert got["type"] == "normal"


def test_a_thread_that_is_no_call_id_is_mapped_the_same_way_every_time(alice, bob):
    for _ in range(2):
        alice.send("bob@corp.example", "x", thread="not a call-id: \r\n<>")
    first, second = bob.receive(), bob.receive()
    assert first["call_id"] == second["call_id"]
    assert "not a" not in first["call_id"]


def test_users_with_odd_names_keep_them(lab, alice):
    odd = lab.sip_user("o'malley")
    try:
        alice.send("o\\27malley@corp.example", "hi")
        assert odd.receive()["body"] == "hi"
        code, _, _ = odd.send("sip:alice@partner.example", "back")
        assert code == 202
        assert alice.receive()["from"] == "o\\27malley@corp.example"
    finally:
        odd.close()


def test_many_messages_keep_their_order(alice, bob):
    for number in range(40):
        alice.send("bob@corp.example", f"number {number}")
        if number % 10 == 9:
            time.sleep(0.3)
    assert [bob.receive()["body"] for _ in range(40)] == [f"number {n}" for n in range(40)]


def test_an_unknown_sip_user_comes_back_as_item_not_found(alice, bob):
    sent = alice.send("nobody@corp.example", "hello?")
    back = alice.receive_error()
    assert (back["id"], back["from"], back["condition"]) == (sent, "nobody@corp.example", "item-not-found")
    assert bob.messages.empty()


@pytest.mark.parametrize(
    "answer, condition",
    [(403, "forbidden"), (480, "recipient-unavailable"), (486, "recipient-unavailable"),
     (488, "not-acceptable"), (500, "internal-server-error"), (603, "recipient-unavailable")],
)
def test_a_refusal_of_the_sip_user_reaches_the_sender(alice, bob, answer, condition):
    bob.answer = answer
    sent = alice.send("bob@corp.example", "no?")
    back = alice.receive_error()
    assert (back["id"], back["condition"]) == (sent, condition)


def test_a_silent_sip_user_is_a_timeout_for_the_sender(lab, alice):
    silent = lab.sip_user("silent")
    silent.answer = None
    try:
        sent = alice.send("silent@corp.example", "anybody there?")
        back = alice.receive_error(timeout_s=40)
        assert (back["id"], back["condition"]) == (sent, "remote-server-timeout")
    finally:
        silent.close()


def test_an_unknown_xmpp_user_is_480(bob):
    code, _, _ = bob.send("sip:nobody@partner.example", "hello?")
    assert code == 480


def test_a_partner_without_a_server_is_504(bob):
    code, _, _ = bob.send("sip:x@gone.example", "hello?")
    assert code == 504


def test_a_partner_without_dns_is_404(bob):
    code, _, _ = bob.send("sip:x@second.example", "hello?")
    assert code == 404


@pytest.mark.parametrize(
    "to, expected",
    [("sip:x@blocked.example", 403), ("sip:x@sub.blocked.example", 403), ("sip:x@nobody-knows.example", 403),
     ("sips:alice@partner.example", 416)],
)
def test_where_a_message_may_not_go_its_sender_is_told(bob, to, expected):
    code, reason, _ = bob.send(to, "hello?")
    assert code == expected, reason


def test_a_groupchat_message_comes_back(alice, bob):
    alice.send("bob@corp.example", "to the room", kind="groupchat", stanza_id="gc1")
    back = alice.receive_error()
    assert back["id"] == "gc1"
    assert back["condition"] in ("not-allowed", "service-unavailable")
    assert bob.messages.empty()


def test_a_message_without_text_does_not_cross(alice, bob):
    alice.send_raw(
        "<message to='bob@corp.example' type='chat' id='cs1'>"
        "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
    alice.send("bob@corp.example", "marker")
    assert bob.receive()["body"] == "marker"


def test_header_injection_stays_text(alice, bob):
    alice.send("bob@corp.example", "x", subject="a\r\nFrom: <sip:ceo@corp.example>\r\nX: y")
    got = bob.receive()
    assert user_of(got["from"]) == "sip:alice@partner.example"
    assert "\r" not in got["subject"] and "\n" not in got["subject"]


def test_carbons_of_others_never_cross(alice, bob):
    alice.send_raw(
        "<message to='bob@corp.example' type='chat' id='cc1'><sent xmlns='urn:xmpp:carbons:2'>"
        "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='bob@corp.example' "
        "to='x@corp.example'><body>forged</body></message></forwarded></sent></message>"
    )
    alice.send("bob@corp.example", "marker")
    assert bob.receive()["body"] == "marker"


def test_a_ping_to_our_domain_is_answered(lab, alice):
    got = queue.Queue()

    def ask():
        from slixmpp.xmlstream.handler import Callback
        from slixmpp.xmlstream.matcher import MatcherId

        alice._client.register_handler(Callback("ping", MatcherId("png1"), got.put, once=True))
        alice._client.send_raw("<iq to='corp.example' type='get' id='png1'><ping xmlns='urn:xmpp:ping'/></iq>")

    alice._call(ask)
    assert got.get(timeout=10)["type"] == "result"


def test_a_restart_of_prosody_is_survived(lab, bob):
    lab.stop("prosody")
    code, _, _ = bob.send("sip:alice@partner.example", "while it is away")
    assert code in (480, 504)
    lab.start_prosody()
    again = lab.xmpp_user("anna")
    try:
        end = time.monotonic() + 30
        while True:
            code, _, _ = bob.send("sip:anna@partner.example", "back again")
            if code == 202 or time.monotonic() > end:
                break
            time.sleep(1)
        assert code == 202
        assert again.receive()["body"] == "back again"
    finally:
        again.close()
