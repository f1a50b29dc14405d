# SPDX-License-Identifier: BSD-3-Clause
"""What verdict prints: its shape for every kind, and cases of each, as somebody from outside would try them."""

import json
import os
import pathlib
import ssl
import subprocess

import pytest

VERDICT = os.environ.get("PICKET_VERDICT", "build/tests/tools/verdict")
ROOT = pathlib.Path(__file__).resolve().parents[2]
RFC4475 = ROOT / "tests" / "unit" / "data" / "rfc4475"
STREAM = ("<stream:stream xmlns='{}' xmlns:stream='http://etherx.jabber.org/streams' "
          "to='corp.example' from='partner.example' version='1.0'>")
HEADER = STREAM.format("jabber:server").encode()
PAIR = {"to": "corp.example", "from": "partner.example"}


def run(*arguments, given=b""):
    return subprocess.run([VERDICT, *arguments], input=given, capture_output=True, check=False)


def judge(kind, given):
    given = given if isinstance(given, bytes) else given.encode()
    done = run(kind, given=given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 1
    line = json.loads(done.stdout)
    assert list(line) == ["kind", "verdict", "cause", "value"]
    assert line["kind"] == kind
    assert (line["cause"] is None) == (line["verdict"] != "reject")
    return line["verdict"], line["cause"], line["value"]


def client_hello(name, protocols):
    context = ssl.create_default_context()
    context.set_alpn_protocols(protocols)
    out = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return out.read()


def domain(ascii_form, unicode_form):
    return {"ascii": ascii_form, "unicode": unicode_form}


def jid(local, host, resource, uri):
    return {"local": local, "domain": host, "resource": resource, "sip_uri": uri}


def uri(scheme, user, host, port, address):
    return {"scheme": scheme, "user": user, "host": host, "port": port, "jid": address}


ACCEPTED = [
    ("domain", "Example.COM.", domain("example.com", "example.com")),
    ("domain", "bücher.example", domain("xn--bcher-kva.example", "bücher.example")),
    ("domain", "XN--BCHER-KVA.example", domain("xn--bcher-kva.example", "bücher.example")),
    ("domain", "faß.example", domain("xn--fa-hia.example", "faß.example")),
    ("jid", "Juliet@Example.COM", jid("juliet", "example.com", None, "sip:juliet@example.com")),
    ("jid", "example.com", jid(None, "example.com", None, "sip:example.com")),
    ("jid", "juliet@example.com/foo bar",
     jid("juliet", "example.com", "foo bar", "sip:juliet@example.com;gr=foo%20bar")),
    ("jid", "a.example.com/b@example.net",
     jid(None, "a.example.com", "b@example.net", "sip:a.example.com;gr=b%40example.net")),
    ("jid", "Σ@example.com", jid("σ", "example.com", None, "sip:%CF%83@example.com")),
    ("jid", r"space\20cadet@example.com",
     jid(r"space\20cadet", "example.com", None, "sip:space%20cadet@example.com")),
    ("jid", r"user\40host@example.com",
     jid(r"user\40host", "example.com", None, "sip:user%40host@example.com")),
    ("jid", r"c\3a\5c5commas@example.com",
     jid(r"c\3a\5c5commas", "example.com", None, "sip:c%3A%5C5commas@example.com")),
    ("jid", r"\20foo@example.com", jid(r"\20foo", "example.com", None, None)),
    ("sip-uri", "SIP:alice@example.com:5061", uri("sip", "alice", "example.com", 5061, None)),
    ("sip-uri", "sips:%61lice@example.com", uri("sips", "%61lice", "example.com", None, "alice@example.com")),
    ("sip-uri", "sip:d'artagnan@example.com;gr=x",
     uri("sip", "d'artagnan", "example.com", None, r"d\27artagnan@example.com/x")),
    ("sip-uri", "sip:a%00b@example.com", uri("sip", "a%00b", "example.com", None, None)),
    ("sip-uri", "sip:[2001:db8::10]", uri("sip", None, "[2001:db8::10]", None, None)),
    ("sip-uri", "tel:+1-201-555-0123", uri("tel", None, None, None, None)),
    ("xmpp-stream", HEADER, {**PAIR, "error": None}),
    ("xmpp-header", HEADER, PAIR),
    ("rules", (ROOT / "rules" / "examples" / "minimal.yaml").read_bytes(), {"errors": []}),
]

REFUSED = [
    ("domain", "", "domain_empty", None),
    ("domain", "192.0.2.1", "domain_is_address", None),
    ("domain", "a..b", "label_empty", None),
    ("jid", '"juliet"@example.com', "local_excluded", None),
    ("jid", "@example.com/", "resource_empty", None),
    ("jid", "henry\u2163@example.com", "local_disallowed", None),
    ("jid", "juliet@", "domain_empty", None),
    ("sip-uri", "sip:a%zz@example.com", "uri_user", None),
    ("sip-uri", "sip:u@example.com:65536", "uri_port", None),
    ("sip-uri", "sip:u@example.com\r\nVia: x", "uri_port", None),
    ("xmpp-stream", HEADER + b"<!-- x -->", "comment", {**PAIR, "error": "restricted-xml"}),
    ("xmpp-stream", STREAM.format("jabber:client"), "content_namespace",
     {"to": None, "from": None, "error": "invalid-namespace"}),
    ("xmpp-header", "GET / HTTP/1.1\r\n\r\n", "xmpp_not_xml", None),
    ("clienthello", "GET / HTTP/1.1\r\n\r\n", "tls_not_handshake", None),
]


@pytest.mark.parametrize("kind,given,value", ACCEPTED)
def test_what_is_right_is_accepted_with_its_parts(kind, given, value):
    assert judge(kind, given) == ("accept", None, value)


@pytest.mark.parametrize("kind,given,cause,value", REFUSED)
def test_what_is_wrong_is_rejected_with_its_cause_and_what_is_known(kind, given, cause, value):
    assert judge(kind, given) == ("reject", cause, value)


@pytest.mark.parametrize("kind,given", [("domain", "example.com"), ("jid", "a@example.com"), ("sip-uri", "sip:a@b.example")])
def test_exactly_one_newline_behind_a_line_is_not_part_of_it(kind, given):
    assert judge(kind, given + "\n") == judge(kind, given)
    for more in ("\n\n", "\r\n", " \n"):
        assert judge(kind, given + more)[0] == "reject", repr(more)


# What the sender of each message of RFC 4475 hears; None: nothing is sent for it.
TORTURE = {
    "wsinv": ("accept", 481), "intmeth": ("accept", 501), "esc01": ("accept", 405), "escnull": ("accept", 405),
    "esc02": ("accept", 501), "lwsdisp": ("accept", 200), "longreq": ("accept", 405), "dblreq": ("accept", 405),
    "semiuri": ("accept", 200), "transports": ("accept", 200), "mpart01": ("accept", 415), "unreason": ("accept", None),
    "noreason": ("accept", None), "badinv01": ("reject", 400), "ncl": ("reject", 400), "scalar02": ("reject", 400),
    "scalarlg": ("reject", None), "quotbal": ("reject", 400), "ltgtruri": ("reject", 400), "lwsruri": ("reject", 400),
    "lwsstart": ("reject", 400), "trws": ("reject", 400), "escruri": ("reject", 400), "baddate": ("accept", 405),
    "regbadct": ("reject", 400), "badaspec": ("reject", 400), "badvers": ("reject", 505), "mismatch01": ("reject", 400),
    "mismatch02": ("reject", 501), "bigcode": ("reject", None), "badbranch": ("accept", 400), "insuf": ("reject", 400),
    "unkscm": ("accept", 416), "novelsc": ("accept", 416), "unksm2": ("accept", 405), "bext01": ("accept", 420),
    "invut": ("accept", 405), "regaut01": ("accept", 405), "multi01": ("reject", 400), "mcl01": ("reject", 400),
    "bcast": ("accept", None), "zeromf": ("accept", 483), "cparam01": ("accept", 405), "cparam02": ("accept", 405),
    "regescrt": ("accept", 405), "sdp01": ("accept", 405), "inv2543": ("reject", 400), "test": ("reject", None),
}


@pytest.mark.parametrize("name", sorted(TORTURE))
def test_each_message_of_rfc4475_gets_its_verdict_and_its_answer(name):
    verdict, _, value = judge("sip", (RFC4475 / (name + ".dat")).read_bytes())
    first = "code" if "code" in value else "method"
    assert list(value) == [first, "from", "to", "respond"]
    assert (verdict, value["respond"]) == TORTURE[name]


@pytest.mark.parametrize("name", ["baddn", "clerr"])
def test_a_message_of_rfc4475_that_its_file_does_not_end_wants_more(name):
    assert judge("sip", (RFC4475 / (name + ".dat")).read_bytes()) == ("more", None, None)
    assert name != "baddn" or judge("sip", (RFC4475 / "baddn.dat").read_bytes() + b"\r\n")[2]["respond"] == 400


def test_a_client_hello_shows_its_name_and_protocols_and_every_prefix_wants_more():
    hello = client_hello("corp.example", ["xmpp-server", "sip"])
    assert judge("clienthello", hello) == ("accept", None, {"sni": "corp.example", "alpn": ["xmpp-server", "sip"]})
    for size in range(0, len(hello), 37):
        assert judge("clienthello", hello[:size]) == ("more", None, None), size


def test_a_client_hello_that_lies_about_its_lengths_is_rejected():
    hello = client_hello("corp.example", ["sip"])
    where = hello.index(b"corp.example")
    for offset in (3, 6, 8, where - 1, where - 3):
        lying = bytearray(hello)
        lying[offset] = (lying[offset] + 1) % 256
        assert judge("clienthello", bytes(lying))[0] != "accept", offset


@pytest.mark.parametrize("kind,value", [
    ("sip", None), ("clienthello", None), ("xmpp-header", None),
    ("xmpp-stream", {"to": None, "from": None, "error": None})])
def test_nothing_at_all_wants_more_where_a_stream_is_read(kind, value):
    assert judge(kind, "") == ("more", None, value)


def test_rules_name_line_key_and_text_of_every_error():
    verdict, cause, value = judge("rules", "service: {addresses: [198.51.100.1]}\nlocal: []\nfoo: 1\n")
    assert (verdict, cause) == ("reject", "rules_refused")
    assert [(e["line"], e["key"]) for e in value["errors"]] == [(2, "local"), (3, "foo")]
    assert all(list(e) == ["line", "key", "text"] and e["text"] for e in value["errors"])


def test_wrong_usage_is_told_from_a_verdict():
    assert run("--help").returncode == 0
    for wrong in ((), ("nothing",), ("jid", "more")):
        done = run(*wrong)
        assert (done.returncode, done.stdout) == (2, b""), wrong
    assert b"'nothing'" in run("nothing").stderr
