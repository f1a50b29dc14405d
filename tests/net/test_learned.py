# SPDX-License-Identifier: BSD-3-Clause
"""Where partners' connections come from, learned from DNS: what claims, what does not, and what becomes of it
when DNS says something else, or nothing at all."""

import signal
import time

import lab as lab_module
import pytest
import s2s
from changes import until
from netns import run

TTL_S = 30  # the shortest that is believed; the lab's records have less
MOVED = "198.51.100.78"
NAMED = "198.51.100.79"
SHARED = "198.51.100.80"
STATED = "198.51.100.81"

RULES = """
service:
  addresses: ["{SERVICE4}", "{SERVICE6}"]
local:
  - domain: corp.example
    certificate: {DIR}/ca/corp.example.crt
    key: {DIR}/ca/corp.example.key
    inside: {{protocol: sip, host: {INSIDE}, port: 5061}}
partners:
  - {{domain: partner.example, protocol: xmpp}}
  - {{domain: moving.example, protocol: xmpp}}
  - {{domain: named.example, protocol: xmpp, host: host.named.example}}
  - {{domain: stated.example, protocol: xmpp, host: %s}}
  - {{domain: first.example, protocol: xmpp}}
  - {{domain: second.example, protocol: xmpp}}
  - {{domain: sip.example, protocol: sip}}
  - {{domain: outside.example, protocol: sip}}
  - {{domain: nowhere.example, protocol: xmpp}}
  - {{domain: rogue.example, protocol: xmpp}}
  - {{domain: taker.example, protocol: xmpp, sources: [192.0.2.128/25]}}
blocked:
  prefixes: [{BLOCKED4}/32]
limits:
  unknown: {{new_connections_per_s: 500, new_connections_burst: 1000, connections: 5000, packets_per_s: 20000,
            packets_burst: 40000, bytes_per_s: 25000000, bytes_burst: 50000000}}
""" % STATED


def serve_names(lab, moving):
    """A name server for the edge alone, which knows more than the lab's."""
    lab.stop("dns-inside")
    text = (lab_module.TEMPLATES / "dnsmasq.conf").read_text(encoding="utf-8")
    for key, value in lab.values.items():
        text = text.replace(f"@{key}@", value)
    text += f"""
host-record=host.moving.example,{moving}
srv-host=_xmpp-server._tcp.moving.example,host.moving.example,5269,10,5
host-record=host.named.example,{NAMED}
host-record=first.example,{SHARED}
host-record=second.example,{SHARED}
srv-host=_sipfederationtls._tcp.sip.example,edge.sip.example,5061,10,5
srv-host=_sipfederationtls._tcp.outside.example,edge.sip.example,5061,10,5
host-record=outside.example,{NAMED}
host-record=edge.sip.example,{lab.values["BLOCKED4"]}
host-record=rogue.example,127.0.0.1
host-record=rogue.example,{lab.values["SERVICE4"]}
host-record=taker.example,{STATED}
"""
    config = lab.dir / "dnsmasq-learned.conf"
    config.write_text(text, encoding="utf-8")
    lab.start("dns-inside", "inside", "dnsmasq", "-k", "-C", config, f"--listen-address={lab.values['INSIDE']}",
              "--port=53", "--log-facility=-")


@pytest.fixture(scope="module")
def lab(lab):
    for address in (MOVED, NAMED, SHARED, STATED):
        run("ip", "-n", lab.ns("partner"), "address", "add", f"{address}/24", "dev", "net0")
    serve_names(lab, lab.values["STRANGER4"])
    lab.stop("control")
    lab.write_rules(RULES.format(**lab.values))
    lab.start_control()
    lab.wait_ready()
    return lab


def prefixes(lab, partner=None):
    return [row for row in lab.show("prefixes") if partner in (None, row["partner"])]


def all_asked(lab):
    return not any(row["state"] == "waiting" for row in prefixes(lab))


def learned(lab):
    """How many addresses the dataplane knows."""
    return lab.packets()["learned"]


def ids(lab):
    return {row["domain"]: row["id"] for row in lab.show("partners")}


def class_of(lab, source):
    """What the dataplane makes of a connection from there: its class and the partner's domain."""
    names = {number: name for name, number in ids(lab).items()}
    with s2s.Stream(lab.ns("partner"), source) as stream:
        port = stream.sock.getsockname()[1]
        stream.send(s2s.HEADER)  # in hand-off mode reqsk nothing is known of a connection that says nothing
        stream.read_until("<stream:features")
        (flow,) = [f for f in lab.show("flows") if (f["remote"], f["remote_port"]) == (source, port)]
    return flow["class"], names.get(flow["partner"])


def test_what_is_known_is_shown_with_its_origin(lab):
    until(lambda: all_asked(lab), "not all partners have been asked about")
    time.sleep(1.2)  # the dataplane is told once a second
    until(lambda: learned(lab) == 6, "the dataplane is not told")
    partner4, partner6 = lab.address("partner4"), lab.address("partner6")
    shown = {(row["prefix"], row["partner"], row["origin"], row["state"]) for row in prefixes(lab)}
    origin = "srv _xmpp-server._tcp.partner.example -> xmpp.partner.example"
    assert shown == {
        (f"{partner4}/32", "partner.example", origin, "fresh"),
        (f"{partner6}/128", "partner.example", origin, "fresh"),
        (f"{lab.address('stranger4')}/32", "moving.example", "srv _xmpp-server._tcp.moving.example -> host.moving.example", "fresh"),
        (f"{NAMED}/32", "named.example", "host host.named.example", "fresh"),
        (f"{STATED}/32", "stated.example", "host", "fixed"),
        (f"{SHARED}/32", "first.example", "domain first.example", "shared"),
        (f"{SHARED}/32", "second.example", "domain second.example", "shared"),
        (f"{lab.address('blocked4')}/32", "sip.example", "srv _sipfederationtls._tcp.sip.example -> edge.sip.example", "fresh"),
        # Of SIP partners only servers within the domain count, and this one said that it has others.
        (None, "outside.example", "srv _sipfederationtls._tcp.outside.example", "none"),
        (None, "nowhere.example", "srv _xmpp-server._tcp.nowhere.example", "none"),
        (None, "rogue.example", "srv _xmpp-server._tcp.rogue.example", "none"),
        ("192.0.2.128/25", "taker.example", "rules", "fixed"),
        (f"{STATED}/32", "taker.example", "domain taker.example", "shared"),
    }
    for row in prefixes(lab):
        assert 0 <= row["seconds"] <= TTL_S if row["state"] == "fresh" else row["seconds"] is None or row["state"] == "shared"
    counts = {row["domain"]: row["learned"] for row in lab.show("partners")}
    assert (counts["partner.example"], counts["named.example"], counts["nowhere.example"]) == (2, 1, 0)
    print(lab.ctl("show", "prefixes"))


def test_a_partner_without_sources_is_claimed_and_a_stranger_is_not(lab):
    assert class_of(lab, lab.address("partner4")) == ("claimed", "partner.example")
    assert class_of(lab, NAMED) == ("claimed", "named.example")
    assert class_of(lab, STATED) == ("claimed", "stated.example")
    # Two partners at one provider: it cannot be told whose it is.
    assert class_of(lab, SHARED) == ("unknown", None)
    assert class_of(lab, MOVED) == ("unknown", None)


def test_what_the_rules_block_stays_blocked(lab):
    service = (lab.address("service4"), 5269)
    assert s2s.syn_answer(lab.ns("partner"), lab.address("blocked4"), service) == "refused"


def test_addresses_that_can_be_nobodys_are_refused_and_counted(lab):
    counters = lab.show("counters")
    assert counters["learn.refused.loopback"] > 0
    assert counters["learn.refused.ours"] > 0
    assert counters["resolve.refused.srv_conflict"] > 0
    assert "SRV of outside.example: edge.sip.example is not within outside.example" in lab.log_text("control")


def test_messages_cross_and_prove_the_partner(lab, alice, bob):
    code, _, _ = bob.send("sip:alice@partner.example", "out")
    assert code == 202
    assert alice.receive(timeout_s=20)["body"] == "out"
    alice.send("bob@corp.example", "in")
    assert bob.receive(timeout_s=20)["body"] == "in"
    until(lambda: any(f["class"] == "verified" for f in lab.show("flows")), "no flow is verified")


def test_a_new_dataplane_is_told_again(lab):
    before = learned(lab)
    lab.stop("dataplane", signal.SIGKILL)
    (lab.dir / "edge" / "dataplane.sock").unlink(missing_ok=True)
    time.sleep(0.5)  # the kernel takes the TAP back
    lab.start_dataplane()
    lab.wait_ready()
    took = until(lambda: learned(lab) == before, "it is not told")
    print(f"from ready to told: {took:.2f} s")
    assert class_of(lab, NAMED) == ("claimed", "named.example")


def test_a_change_of_a_record_is_followed_after_its_ttl(lab):
    assert class_of(lab, lab.address("stranger4")) == ("claimed", "moving.example")
    (row,) = prefixes(lab, "moving.example")
    serve_names(lab, MOVED)
    took = until(lambda: [r["prefix"] for r in prefixes(lab, "moving.example")] == [f"{MOVED}/32"],
                 "the change is not followed", timeout_s=TTL_S * 1.1 + 15)
    print(f"{row['seconds']} s were left of its TTL; the new address was known after {took:.1f} s")
    assert took >= row["seconds"] - 1
    until(lambda: class_of(lab, MOVED) == ("claimed", "moving.example"), "the dataplane is not told")
    assert class_of(lab, lab.address("stranger4")) == ("unknown", None)


def test_what_is_known_stays_while_nobody_answers(lab):
    lab.stop("dns-inside")
    try:
        until(lambda: all(r["state"] == "stale" for r in prefixes(lab, "named.example")), "it is not stale",
              timeout_s=TTL_S * 1.1 + 15)
        assert class_of(lab, NAMED) == ("claimed", "named.example")
        until(lambda: lab.show("counters").get("learn.failed", 0) > 0, "no failure is counted", timeout_s=30)
        assert [r["prefix"] for r in prefixes(lab, "named.example")] == [f"{NAMED}/32"]
    finally:
        serve_names(lab, MOVED)


def test_every_packet_has_one_fate(lab):
    seen = lab.packets()
    for way in ("in", "out"):
        part = seen[way]
        assert part["received"] == sum(part[f] for f in ("forwarded", "answered", "consumed", "dropped", "held")), way
