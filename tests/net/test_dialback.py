# SPDX-License-Identifier: BSD-3-Clause
"""A partner whose certificate nobody signed: by dialback messages cross both ways, over TLS and in clear text, where the
rules take that, and come back as errors where they want a certificate."""

import contextlib

import s2s
from changes import fine, rules_file, rules_text, until

LAB = {"dialback": True}
OVER_TLS = "{tls: required, sasl: not-supported, dialback: true}"
IN_CLEAR = "{tls: not-supported, sasl: not-supported, dialback: true}"
STRICT = "{tls: required, sasl: required}"
PARTNER = "domain: partner.example\n    protocol: xmpp\n"


def take(lab, security):
    """The lab's rules, but the partner is proven by this."""
    text = rules_text(lab).replace(PARTNER, f"{PARTNER}    security: {security}\n")
    fine(lab, "apply", rules_file(lab, text, "dialback.yaml"))


def proofs(lab):
    """How the streams with the partner are proven, those in and those out."""
    rows = [row for row in lab.show("sessions") if row["kind"] == "xmpp stream" and row["remote"] == "partner.example"]
    return [{row["proof"] for row in rows if row["direction"] == way and row["state"] == "ready"} for way in ("in", "out")]


def cross(alice, bob, word):
    """Both ways. After a change the first may meet a stream that is ending, or a pause."""
    until(lambda: bob.send("sip:alice@partner.example", f"{word} out")[0] == 202, "nothing goes out", 30)
    while alice.receive(timeout_s=20)["body"] != f"{word} out":
        pass

    def comes_in():
        sent = alice.send("bob@corp.example", f"{word} in")
        until(lambda: not bob.messages.empty() or not alice.errors.empty(), "neither message nor error")
        if not alice.errors.empty():
            assert alice.receive_error()["id"] == sent
            return False
        return bob.receive()["body"] == f"{word} in"

    until(comes_in, "nothing comes in", 30)


def counted(lab, name):
    return lab.show("counters").get(name, 0)


def test_messages_cross_by_dialback_over_tls(lab, alice, bob):
    take(lab, OVER_TLS)
    cross(alice, bob, "over TLS")
    assert proofs(lab) == [{"dialback over TLS"}] * 2
    assert counted(lab, "dialback.proven_tls") >= 1
    assert counted(lab, "dialback.answered.valid") >= 1
    partner = next(row for row in lab.show("partners") if row["domain"] == "partner.example")
    assert partner["proofs"] == "dialback over TLS"
    until(lambda: next(row for row in lab.show("partners") if row["domain"] == "partner.example")
          .get("classes", {}).get("verified"), "the connection is not the partner's")


def test_whoever_takes_the_partners_name_is_found_out(lab, bob):
    """His key is not the partner's: so its server says, whom DNS names."""
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 5269)) as stream:
        features = stream.starttls(sender="partner.example")
        assert "urn:xmpp:features:dialback" in features and "EXTERNAL" not in features
        pair = "xmlns:db='jabber:server:dialback' from='partner.example' to='corp.example'"
        stream.send(f"<db:verify {pair} id='1'>0123456789</db:verify>")
        assert "type='invalid'" in stream.read_until("<db:verify[^>]*/>")
        stream.send(f"<db:result {pair}>0123456789</db:result>")
        assert "type='invalid'" in stream.read_until("<db:result[^>]*/>")
        with contextlib.suppress(s2s.Refused):
            stream.send("<message from='alice@partner.example' to='bob@corp.example'><body>forged</body></message>")
        said, _ = stream.read_end()
        assert "not-authorized" in said
    assert counted(lab, "dialback.verified.invalid") >= 1
    assert bob.messages.empty()


def test_messages_cross_by_dialback_in_the_clear(lab, alice, bob):
    take(lab, IN_CLEAR)
    cross(alice, bob, "in the clear")
    assert proofs(lab) == [{"dialback in the clear"}] * 2
    assert counted(lab, "dialback.proven_tcp") >= 1


def test_where_a_certificate_is_wanted_both_senders_hear_of_it(lab, alice, bob):
    take(lab, STRICT)
    until(lambda: bob.send("sip:alice@partner.example", "secret")[0] == 502, "it is not refused", 30)
    sent = alice.send("bob@corp.example", "secret")
    assert alice.receive_error(timeout_s=30)["id"] == sent
    assert bob.messages.empty()
    assert proofs(lab) == [set(), set()]
