# SPDX-License-Identifier: BSD-3-Clause
"""Several lcores, and then several ports too: real threads, more of them than processors."""

import os
import socket
import threading
import time

import lab as lab_module
import netns
import pytest
import s2s

FAR4, FAR6 = "198.51.100.20", "2001:db8:1::20"
THREE = ("--lcores", "0@0,1@1,2@0")  # 0 serves the TAP, 1 and 2 are workers


def new_lab(name, **how):
    problem = lab_module.missing_for_lab()
    if problem:
        pytest.skip(problem)
    made = lab_module.Lab(name, os.environ.get("PICKET_BUILD"), **how)
    made.down()
    return made


@pytest.fixture(scope="module")
def lab():
    made = new_lab("tlcores", lcores=THREE, queues=2, ports=("port0", "port1"))
    far = "pk-tlcores-far"
    rules = (lab_module.TEMPLATES / "rules.yaml").read_text(encoding="utf-8")
    for key, value in made.values.items():
        rules = rules.replace(f"@{key}@", value)
    second = "  - domain: second.example\n    protocol: xmpp\n"
    assert second in rules
    rules = rules.replace(second, second + f"    host: {FAR4}\n    port: 5269\n")
    try:
        made.up(edge=False, rules=rules)
        make_far_leg(made, far)
        made.start_dataplane()
        made.start_control()
        made.wait_ready()
        made.far = far
        yield made
    finally:
        made.down()
        if os.path.exists(netns.path(far)):
            netns.run("ip", "netns", "delete", far)


def make_far_leg(lab, far):
    """A neighbour behind a second port of the edge, in the same networks as the partner."""
    if os.path.exists(netns.path(far)):
        netns.run("ip", "netns", "delete", far)
    netns.run("ip", "netns", "add", far)
    edge = lab.ns("edge")
    netns.run("ip", "-n", edge, "link", "add", "port1", "type", "veth", "peer", "name", "net0", "netns", far)
    netns.run("ip", "netns", "exec", edge, "sysctl", "-qw", "net.ipv6.conf.port1.disable_ipv6=1")
    netns.run("ip", "netns", "exec", far, "ethtool", "-K", "net0", "tx", "off")
    netns.run("ip", "-n", far, "link", "set", "lo", "up")
    netns.run("ip", "-n", far, "address", "add", f"{FAR4}/24", "dev", "net0")
    netns.run("ip", "-n", far, "address", "add", f"{FAR6}/64", "dev", "net0", "nodad")
    netns.run("ip", "-n", far, "link", "set", "net0", "up")
    netns.run("ip", "-n", edge, "link", "set", "port1", "up")


def assert_every_frame_has_one_fate(lab):
    """Once nothing moves: the numbers of three threads add up."""
    end = time.monotonic() + 10
    while True:
        counters = lab.packets()
        right = all(f["received"] == f["forwarded"] + f["answered"] + f["consumed"] + f["dropped"] + f["held"]
                    for f in (counters["in"], counters["out"]))
        if right and counters["in"]["held"] == counters["out"]["held"] == 0:
            break
        assert time.monotonic() < end, counters
        time.sleep(0.2)
    assert sum(counters["dropped"].values()) == counters["in"]["dropped"] + counters["out"]["dropped"]
    return counters


def header_answered(namespace, source, to):
    with s2s.Stream(namespace, source, (to, 5269)) as stream:
        stream.header(sender="second.example")
        return "<stream:features" in stream.read_until("</stream:features>|<stream:features/>")


def test_messages_cross_both_ways(lab, alice, bob):
    for i in range(20):
        alice.send("bob@corp.example", f"in {i}")
        assert bob.receive(timeout_s=20)["body"] == f"in {i}"
        code, reason, _ = bob.send("sip:alice@partner.example", f"out {i}")
        assert code == 202, reason
        assert alice.receive(timeout_s=20)["body"] == f"out {i}"
    counters = assert_every_frame_has_one_fate(lab)
    assert counters["workers"] == 2
    assert counters["dropped"]["lcore_full"] == 0


def strangers_opened(counters):
    return next(p for p in counters["partners"] if p["partner"] == "(unknown)")["flows_opened"]


def test_connections_are_spread_and_told(lab):
    """Each with a port of its own, so that both workers have some; all at once and one after the other."""
    before = lab.packets()
    failures = []

    def knock():
        for _ in range(10):
            if not header_answered(lab.ns("partner"), lab.address("stranger4"), lab.address("service4")):
                failures.append("no features")

    threads = [threading.Thread(target=knock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    counters = assert_every_frame_has_one_fate(lab)
    assert strangers_opened(counters) - strangers_opened(before) == 40
    flows = lab.show("flows")
    assert len([f for f in flows if f["remote"] == lab.address("stranger4")]) >= 40


def test_each_port_is_a_way_to_the_service(lab):
    for source, to in ((FAR4, lab.address("service4")), (FAR6, lab.address("service6"))):
        assert header_answered(lab.far, source, to)
    for source, to in ((lab.address("stranger4"), lab.address("service4")),
                       (lab.address("partner6"), lab.address("service6"))):
        assert header_answered(lab.ns("partner"), source, to)
    # Each neighbour knows the service by the MAC of the port where it is.
    for namespace, port in ((lab.far, "port1"), (lab.ns("partner"), "port0")):
        mac = netns.run("ip", "-br", "-n", lab.ns("edge"), "link", "show", port).split()[2]
        known = netns.run("ip", "-n", namespace, "neigh", "show", "dev", "net0")
        for service in (lab.address("service4"), lab.address("service6")):
            assert any(line.startswith(f"{service} ") and mac in line for line in known.splitlines()), known


def test_a_refusal_reaches_who_is_refused(lab):
    before = lab.packets()["refused"]["wrong_protocol"]
    for namespace, source in ((lab.far, FAR4), (lab.ns("partner"), lab.address("stranger4"))):
        how, said = s2s.plain(namespace, source, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (how, said) == ("ConnectionResetError", b"")
    assert lab.packets()["refused"]["wrong_protocol"] == before + 2


def test_our_own_connection_leaves_by_the_port_of_its_neighbour(lab, bob):
    """The server of second.example listens behind the other port; its stream header is all that it says."""
    with netns.inside(lab.far):
        server = socket.create_server((FAR4, 5269))
    said = []

    def accept():
        server.settimeout(15)
        connection, _ = server.accept()
        connection.settimeout(5)
        said.append(connection.recv(4096))
        connection.close()

    listening = threading.Thread(target=accept)
    listening.start()
    code, _, _ = bob.send("sip:x@second.example", "hello")
    listening.join()
    server.close()
    assert code == 504
    assert b"to='second.example'" in said[0].replace(b'"', b"'")


def test_a_block_is_in_force_with_every_worker(lab):
    """Open connections of one source, with both workers: all are reset, and new ones refused."""
    streams = [s2s.Stream(lab.far, FAR4, (lab.address("service4"), 5269)) for _ in range(8)]
    for stream in streams:
        stream.header(sender="second.example")
        stream.read_until("</stream:features>|<stream:features/>")
    lab.ctl("block", FAR4, "--for", "60")
    for stream in streams:
        _, how = stream.read_end()
        assert how == "ConnectionResetError"
        stream.close()
    assert s2s.syn_answer(lab.far, FAR4, (lab.address("service4"), 5269)) == "refused"
    lab.ctl("unblock", FAR4)
    assert header_answered(lab.far, FAR4, lab.address("service4"))


def test_sessions_outlive_a_killed_dataplane(lab, alice, bob):
    lab.stop("dataplane", 9)
    (lab.dir / "edge" / "dataplane.sock").unlink(missing_ok=True)
    lab.start_dataplane()
    lab.wait_ready()
    alice.send("bob@corp.example", "after the crash")
    assert bob.receive(timeout_s=20)["body"] == "after the crash"
    code, reason, _ = bob.send("sip:alice@partner.example", "and back")
    assert code == 202, reason
    assert_every_frame_has_one_fate(lab)


def test_an_orderly_stop_ends_all_threads(lab):
    assert lab.stop("control") == 0
    assert lab.stop("dataplane") == 0
    lab.start_dataplane()
    lab.start_control()
    lab.wait_ready()
