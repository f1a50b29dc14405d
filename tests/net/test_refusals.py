# SPDX-License-Identifier: BSD-3-Clause
"""Bad input of every kind: refused with a named cause, counted, and the service goes on."""

import ssl
import time

import certs
import pytest
import s2s

HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    "from='{sender}' to='{to}' version='1.0'>"
)


@pytest.fixture(autouse=True)
def the_service_goes_on(lab, alice, bob):
    yield
    alice.send("bob@corp.example", "still here?")
    assert bob.receive()["body"] == "still here?"
    lab.check_alive("dataplane", "control")


def refused(lab):
    return dict(lab.packets()["refused"])


def grown(before, after):
    return {cause: after[cause] - before.get(cause, 0) for cause in after if after[cause] != before.get(cause, 0)}


def partner_leaf(lab):
    return lab.ca.path("partner.example", "crt"), lab.ca.path("partner.example", "key")


# ---- before the kernel -------------------------------------------------------------------------


def named(*rows):
    """Parametrize by rows whose first column is the name of the case (bytes make poor names)."""
    return [pytest.param(*row, id=row[0]) for row in rows]


@pytest.mark.parametrize(
    "name, data, cause",
    named(
        ("http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "wrong_protocol"),
        ("garbage", bytes(range(128, 255)), "wrong_protocol"),
        ("tls on the starttls port", b"\x16\x03\x01\x00\x05hello", "wrong_protocol"),
        ("doctype", b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>", "bad_stream_header"),
        ("comment", b"<?xml version='1.0'?><!-- hello -->", "bad_stream_header"),
        ("foreign domain", HEADER.format(sender="second.example", to="bank.example").encode(), "to_not_ours"),
        ("blocked domain", HEADER.format(sender="a.blocked.example", to="corp.example").encode(), "from_blocked"),
        ("endless header", b"<stream:stream " + b"a" * 20000, "bad_stream_header"),
    ),
)
def test_first_bytes_that_are_wrong_are_reset_before_tls(lab, name, data, cause):
    before = refused(lab)
    how, said = s2s.plain(lab.ns("partner"), lab.address("stranger4"), data)
    assert (how, said) == ("ConnectionResetError", b"")
    causes = grown(before, refused(lab))
    assert cause in causes


def test_a_header_in_single_bytes_is_read_all_the_same(lab):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        for byte in HEADER.format(sender="a.blocked.example", to="corp.example").encode():
            try:
                stream.send(bytes((byte,)))
            except s2s.Refused as refused:
                assert refused.how in ("ConnectionResetError", "BrokenPipeError")
                return
        said, how = stream.read_end()
        assert (how, said) == ("ConnectionResetError", "")


@pytest.mark.parametrize("source, family_to", [("BLOCKED4", "SERVICE4")])
def test_a_blocked_source_is_refused_at_its_syn(lab, source, family_to):
    before = refused(lab)
    assert s2s.syn_answer(lab.ns("partner"), lab.address(source), (lab.address(family_to), 5269)) == "refused"
    assert "blocked_source" in grown(before, refused(lab))


def test_a_port_without_service_is_silent(lab):
    assert s2s.syn_answer(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 22)) == "silent"


def test_ipv6_reaches_the_edge_as_ipv4_does(lab):
    with s2s.Stream(lab.ns("partner"), lab.address("partner6"), (lab.address("service6"), 5269)) as stream:
        stream.header()
        assert "starttls" in stream.read_until("</stream:features>")


def test_garbage_on_the_sip_port_is_reset(lab):
    how, said = s2s.plain(
        lab.ns("partner"), lab.address("stranger4"), b"OPTIONS sip:corp.example SIP/2.0\r\n\r\n",
        to=(lab.address("service4"), 5061),
    )
    assert (how, said) == ("ConnectionResetError", b"")


# ---- XMPP in the control plane -------------------------------------------------------------------


def refused_counters(lab):
    return {k: v for k, v in lab.show("counters").items() if "refused" in k}


@pytest.fixture
def counted(lab):
    before = refused_counters(lab)

    def check(*parts):
        """Wait until a refusal is counted: the peer may see its end before the edge has counted it."""
        end = time.monotonic() + 5
        while True:
            causes = grown(before, refused_counters(lab))
            if causes and (not parts or any(all(part in cause for part in parts) for cause in causes)):
                return
            assert time.monotonic() < end, causes or "no refusal was counted"
            time.sleep(0.05)

    return check


def test_a_stanza_before_authentication_ends_the_stream(lab, counted):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        stream.header()
        stream.read_until("</stream:features>")
        stream.send("<message from='alice@partner.example' to='bob@corp.example'><body>x</body></message>")
        said, _ = stream.read_end()
        assert "not-authorized" in said
    counted("xmpp")


def test_bytes_behind_starttls_end_the_connection(lab, counted):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        stream.header()
        stream.read_until("</stream:features>")
        stream.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message/>")
        said, _ = stream.read_end()
        assert "<policy-violation" in said
        assert "<proceed" not in said
    counted("xmpp")


@pytest.mark.parametrize(
    "name", ["none", "other domain", "expired", "self-signed", "other authority", "wildcard of another domain"]
)
def test_a_certificate_that_proves_nothing_gets_no_authentication(lab, counted, name):
    other = certs.Authority(lab.dir / "other-ca", "other")
    made = {
        "none": (None, None),
        "other domain": lambda: lab.ca.leaf("n1", "DNS:stranger.example"),
        "expired": lambda: lab.ca.leaf("n2", "DNS:partner.example", days=-1),
        "self-signed": lambda: (other.path("other", "crt"), other.path("other", "key")),
        "other authority": lambda: other.leaf("n3", "DNS:partner.example"),
        "wildcard of another domain": lambda: lab.ca.leaf("n4", "DNS:*.example.com"),
    }[name]
    certificate, key = made if isinstance(made, tuple) else made()
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        try:
            features = stream.starttls(certificate, key)
            assert "EXTERNAL" not in features
            said = stream.authenticate()
            assert "<success" not in said
        except (s2s.Refused, ssl.SSLError):
            pass
    counted("xmpp")


def test_the_common_name_alone_proves_nothing(lab, counted):
    certificate, key = lab.ca.leaf("n5", None, subject="partner.example")
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        try:
            assert "EXTERNAL" not in stream.starttls(certificate, key)
            stream.send("<message from='alice@partner.example' to='bob@corp.example'><body>x</body></message>")
            stream.read_end()
        except s2s.Refused:
            pass
    counted("xmpp")


def test_a_certificate_with_the_right_name_is_let_in_from_any_address(lab):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        stream.log_in(*partner_leaf(lab))


@pytest.mark.parametrize("authzid", ["second.example", "x@partner.example", "partner.example/x"])
def test_an_authorisation_identity_of_somebody_else_is_refused(lab, counted, authzid):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        stream.starttls(*partner_leaf(lab))
        assert "<failure" in stream.authenticate(authzid)
    counted("xmpp")


MESSAGE = "<message from='{}' to='{}' id='neg1'>{}</message>"


@pytest.mark.parametrize(
    "name, stanza, condition",
    named(
        ("from of another domain", MESSAGE.format("eve@second.example", "bob@corp.example", "<body>x</body>"),
         "invalid-from"),
        ("from of our own domain", MESSAGE.format("ceo@corp.example", "bob@corp.example", "<body>x</body>"),
         "invalid-from"),
        ("to a foreign domain", MESSAGE.format("eve@partner.example", "bob@bank.example", "<body>x</body>"),
         "host-unknown"),
        ("no from", "<message to='bob@corp.example'><body>x</body></message>", "improper-addressing"),
        ("no to", "<message from='eve@partner.example'><body>x</body></message>", "improper-addressing"),
        ("comment", "<!-- x -->", "restricted-xml"),
        ("processing instruction", "<?php x ?>", "restricted-xml"),
        ("entity", MESSAGE.format("eve@partner.example", "bob@corp.example", "<body>&undefined;</body>"), ""),
        ("not well-formed", MESSAGE.format("eve@partner.example", "bob@corp.example", "<body>x</subject>"),
         "not-well-formed"),
        ("client namespace", "<message xmlns='jabber:client' from='eve@partner.example' to='bob@corp.example'/>", ""),
        ("unknown element", "<hello xmlns='jabber:server'/>", "unsupported-stanza-type"),
        ("over the limit", MESSAGE.format("eve@partner.example", "bob@corp.example", "<body>" + "x" * 300000),
         "policy-violation"),
        ("deep nesting", MESSAGE.format("eve@partner.example", "bob@corp.example", "<a>" * 80), ""),
        ("invalid utf-8", b"<message from='eve@partner.example' to='bob@corp.example'><body>\xff\xfe</body></message>",
         ""),
    ),
)
def test_a_stanza_that_breaks_the_rules_ends_the_stream(lab, bob, counted, name, stanza, condition):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        stream.log_in(*partner_leaf(lab))
        stream.send(stanza)
        said, _ = stream.read_end()
        assert "<stream:error" in said
        assert condition in said
    assert bob.messages.empty()
    counted("xmpp")


def test_a_stanza_in_single_bytes_is_delivered(lab, bob):
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        stream.log_in(*partner_leaf(lab))
        for byte in MESSAGE.format("eve@partner.example", "bob@corp.example", "<body>slow</body>").encode():
            stream.send(bytes((byte,)))
        assert bob.receive()["body"] == "slow"


def test_a_domain_that_is_no_partner_is_refused(lab, counted):
    certificate, key = lab.ca.leaf("n6", "DNS:stranger.example")
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4")) as stream:
        with pytest.raises(s2s.Refused):
            stream.log_in(certificate, key, "stranger.example")
    counted("xmpp")


# ---- SIP in the control plane --------------------------------------------------------------------


def sip_tls(lab, certificate, key, node="inside", source="SIPUSER", to=("EDGE_INSIDE", 5061)):
    import netns

    sock = netns.connect(lab.ns(node), lab.address(source), (lab.address(to[0]), to[1]))
    context = ssl.create_default_context(cafile=lab.ca.file)
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(certificate, key)
    return context.wrap_socket(sock, server_hostname="corp.example")


def inside_leaf(lab):
    return lab.ca.path("inside", "crt"), lab.ca.path("inside", "key")


REQUEST = [
    "MESSAGE sip:alice@partner.example SIP/2.0",
    "Via: SIP/2.0/TLS 192.0.2.20:5061;branch=z9hG4bKneg{n}",
    "Max-Forwards: 70",
    "From: <sip:bob@corp.example>;tag=1",
    "To: <sip:alice@partner.example>",
    "Call-ID: neg{n}@host",
    "CSeq: 1 MESSAGE",
    "Content-Type: text/plain",
    "Content-Length: 2",
]


def exchange(lab, lines, body="hi", certificate=None, number=[0]):
    number[0] += 1
    text = "\r\n".join(lines).replace("{n}", str(number[0])) + "\r\n\r\n" + body
    with sip_tls(lab, *(certificate or inside_leaf(lab))) as sock:
        sock.sendall(text.encode("utf-8", "surrogateescape"))
        sock.settimeout(8)
        try:
            got = sock.recv(65536).decode()
        except (ConnectionError, ssl.SSLError):
            got = ""
    return int(got.split(" ")[1]) if got.startswith("SIP/2.0 ") else None


def changed(index, line):
    lines = list(REQUEST)
    if line is None:
        del lines[index]
    elif isinstance(line, list):
        lines[index:index + 1] = line
    else:
        lines[index] = line
    return lines


@pytest.mark.parametrize(
    "name, lines, code",
    named(
        ("two From", changed(3, [REQUEST[3], "From: <sip:ceo@corp.example>;tag=2"]), 400),
        ("From and its compact form", changed(3, [REQUEST[3], "f: <sip:ceo@corp.example>;tag=2"]), 400),
        ("two Content-Length", changed(8, [REQUEST[8], "l: 3"]), 400),
        ("negative length", changed(8, "Content-Length: -1"), 400),
        ("huge length", changed(8, "Content-Length: 4294967298"), 513),
        ("no length", changed(8, None), 400),
        ("no Call-ID", changed(5, None), 400),
        ("no From", changed(3, None), 400),
        ("CR in a display name", changed(3, 'From: "a\rb" <sip:bob@corp.example>;tag=1'), 400),
        ("LF in a display name", changed(3, 'From: "a\nb" <sip:bob@corp.example>;tag=1'), 400),
        ("CSeq of another method", changed(6, "CSeq: 1 INVITE"), 400),
        ("control before the colon", changed(5, "Call-ID\x0b: x"), 400),
        ("From of another domain", changed(3, "From: <sip:eve@second.example>;tag=1"), 403),
        ("asserted identity of another domain",
         changed(4, [REQUEST[4], "P-Asserted-Identity: <sip:eve@second.example>"]), 403),
        ("other version", changed(0, "MESSAGE sip:alice@partner.example SIP/3.0"), 505),
        ("no hops left", changed(2, "Max-Forwards: 0"), 483),
        ("unknown extension", changed(4, [REQUEST[4], "Require: teleport"]), 420),
        ("other content", changed(7, "Content-Type: application/sdp"), 415),
        ("other scheme", changed(0, "MESSAGE tel:+1234 SIP/2.0"), 416),
        ("escaped NUL in the user", changed(0, "MESSAGE sip:al%00ice@partner.example SIP/2.0"), None),
    ),
)
def test_a_sip_request_that_breaks_the_rules_gets_its_code(lab, alice, name, lines, code):
    got = exchange(lab, lines)
    if code is None:
        assert got in (400, 404)
    else:
        assert got == code
    assert alice.messages.empty()


def test_folded_headers_are_read_as_one_line(lab, alice):
    assert exchange(lab, changed(4, [REQUEST[4], "Subject: first", "  second"])) == 202
    assert alice.receive()["subject"] == "first second"


@pytest.mark.parametrize(
    "method, code",
    [("REGISTER", (405,)), ("OPTIONS", (200,)), ("SUBSCRIBE", (405, 489)), ("NOTIFY", (481,)), ("PUBLISH", (405, 489)),
     ("BYE", (481,)), ("FOOBAR", (501,)), ("INVITE", (405, 488, 501)), ("INFO", (405, 481, 501))],
)
def test_every_other_method_is_answered_properly(lab, method, code):
    uri = "sip:192.0.2.1:5061" if method == "OPTIONS" else "sip:alice@partner.example"
    lines = [line.replace("MESSAGE", method) for line in REQUEST]
    lines[0] = f"{method} {uri} SIP/2.0"
    lines[7] = "Event: presence"
    lines[8] = "Content-Length: 0"
    assert exchange(lab, lines, body="") in code


@pytest.mark.parametrize("name", ["none", "other domain", "expired", "other authority", "wildcard"])
def test_an_inside_peer_without_the_right_certificate_gets_nothing(lab, name):
    other = certs.Authority(lab.dir / "other-ca", "other")
    certificate = {
        "none": lambda: (None, None),
        "other domain": lambda: lab.ca.leaf("s1", "DNS:stranger.example"),
        "expired": lambda: lab.ca.leaf("s2", "DNS:corp.example", days=-1),
        "other authority": lambda: other.leaf("s3", "DNS:corp.example"),
        "wildcard": lambda: lab.ca.leaf("s4", "DNS:*.example"),
    }[name]()
    try:
        code = exchange(lab, REQUEST, certificate=certificate)
    except (ssl.SSLError, ConnectionError):
        code = None
    assert code in (None, 403)
    assert refused_counters(lab)


def test_a_sip_partner_is_served_and_not_to_another_partner(lab, bob):
    certificate = lab.ca.leaf("s5", "DNS:sip-partner.example")
    with sip_tls(lab, *certificate, node="partner", source="STRANGER4", to=("SERVICE4", 5061)) as sock:
        sock.settimeout(20)
        for number, to, expected in (("1", "bob@corp.example", b"SIP/2.0 200 "), ("2", "alice@partner.example", b"SIP/2.0 403 ")):
            lines = [line.replace("corp.example", "sip-partner.example") for line in REQUEST]
            lines[0] = f"MESSAGE sip:{to} SIP/2.0"
            lines[4] = f"To: <sip:{to}>"
            sock.sendall(("\r\n".join(lines).replace("{n}", "partner" + number) + "\r\n\r\nhi").encode())
            assert sock.recv(65536).startswith(expected)
    got = bob.receive()
    assert got["body"] == "hi" and "sip:bob@sip-partner.example" in got["from"], got


def test_a_connection_that_did_not_pass_the_filter_is_closed(lab):
    """From inside the namespace itself: no dataplane, no mark."""
    import netns

    before = lab.show("counters").get("accept.refused.no_mark", 0)
    sock = netns.connect(lab.ns("picket"), lab.address("service4"), (lab.address("service4"), 5269))
    sock.settimeout(5)
    with sock:
        assert sock.recv(100) == b""
    assert lab.show("counters")["accept.refused.no_mark"] == before + 1
