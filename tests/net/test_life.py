# SPDX-License-Identifier: BSD-3-Clause
"""Starting, stopping and dying: what goes on and what is given back."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time

import netns
import pytest
import s2s
from changes import both_ways


def sessions(lab):
    return lab.show("sessions")


def test_messages_cross_before_anything_is_killed(alice, bob):
    both_ways(alice, bob, "first")


def test_sessions_outlive_a_killed_dataplane(lab, alice, bob):
    both_ways(alice, bob, "before")
    before = netns.run("ip", "netns", "exec", lab.ns("picket"), "ss", "-Htn", "state", "established")
    lab.stop("dataplane", signal.SIGKILL)
    (lab.dir / "edge" / "dataplane.sock").unlink(missing_ok=True)
    time.sleep(0.5)
    lab.start_dataplane()
    lab.wait_ready()
    both_ways(alice, bob, "after the crash")
    after = netns.run("ip", "netns", "exec", lab.ns("picket"), "ss", "-Htn", "state", "established")
    ports = {line.split()[2] + line.split()[3] for line in before.splitlines() if ":5269" in line}
    assert ports <= {line.split()[2] + line.split()[3] for line in after.splitlines()}


def test_a_killed_dataplane_can_be_started_at_once(lab, alice, bob):
    for _ in range(3):
        lab.stop("dataplane", signal.SIGKILL)
        lab.start_dataplane()
    lab.wait_ready()
    both_ways(alice, bob, "after several crashes")


def test_a_second_dataplane_leaves_the_tap_to_the_first(lab, alice, bob):
    done = subprocess.run(
        ["nsenter", f"--net={netns.path(lab.ns('edge'))}", lab.build / "dataplane" / "picket-dataplane", "-l", "0", "--no-pci",
         "--no-huge", "-m", "256", "--no-shconf", "--file-prefix", f"pk-{lab.name}", "--vdev", "net_null0", "--", "--netns",
         lab.ns("picket"), "--socket", lab.dir / "second.sock", "--state", lab.dir], capture_output=True, text=True,
        timeout=30, check=False)
    assert done.returncode == 1 and "TAP 'picket0' is in use by another process" in done.stderr, done.stderr
    both_ways(alice, bob, "undisturbed")


def test_partners_notice_that_the_edge_has_booted(lab, alice, bob):
    """All that the kernel knew of connections is gone, and nobody said so."""
    both_ways(alice, bob, "before the power failed")
    lab.stop("dataplane", signal.SIGKILL)
    lab.stop("control", signal.SIGKILL)
    netns.run("ip", "netns", "exec", lab.ns("picket"), "ss", "-K", "-a")
    assert ":5269" not in netns.run("ip", "netns", "exec", lab.ns("picket"), "ss", "-Htna")
    lab.start_dataplane()
    lab.start_control()
    lab.wait_ready()
    end = time.monotonic() + 20
    while True:
        alice.send("bob@corp.example", "back?")  # what its server writes into the dead stream is lost
        with contextlib.suppress(queue.Empty):
            assert bob.receive(timeout_s=1)["body"] == "back?"
            break
        assert time.monotonic() < end, "the partner's server still writes into a dead stream"
    both_ways(alice, bob, "after the boot")


def test_the_edge_is_whole_again_after_a_killed_control_plane(lab, alice, bob, figure):
    lab.stop("control", signal.SIGKILL)
    # Whoever comes meanwhile is told so, once the control plane had its time to come back.
    end = time.monotonic() + 30
    while s2s.syn_answer(lab.ns("partner"), lab.address("partner4"), (lab.address("service4"), 5269)) != "refused":
        assert time.monotonic() < end
        time.sleep(0.4)  # within the limits of its address: a RST for those looks the same
    begun = time.monotonic()
    lab.start_control()
    lab.wait_ready()
    ready = time.monotonic()
    while True:
        code, _, _ = bob.send("sip:alice@partner.example", "again")
        if code == 202:
            break
        assert time.monotonic() < begun + 30, code
        time.sleep(0.02)
    sent = time.monotonic()
    assert alice.receive()["body"] == "again"
    alice.send("bob@corp.example", "again")
    assert bob.receive(timeout_s=20)["body"] == "again"
    whole = time.monotonic()
    assert dict(lab.packets()["refused"])["control_down"] > 0
    figure(f"from the start of the control plane to its listeners: {(ready - begun) * 1000:.0f} ms, to the first message out: "
           f"{(sent - begun) * 1000:.0f} ms, to the first one in: {(whole - begun) * 1000:.0f} ms (goal: 2000)")


def begin(lab):
    """Connect as the partner and say a header."""
    stream = s2s.Stream(lab.ns("partner"), lab.address("partner4"), (lab.address("service4"), 5269), timeout_s=30)
    stream.header()
    return stream


def test_connections_are_held_for_a_control_plane_that_comes_back(lab, alice, bob):
    rules = lab.dir / "edge" / "rules.yaml"
    plain = rules.read_text()
    rules.write_text(plain + "control_down: hold\n")
    answers = queue.Queue()

    def come():
        try:
            with begin(lab) as stream:
                answers.put(stream.read_until("</stream:features>"))
        except (OSError, s2s.Refused, TimeoutError) as gone:
            answers.put(gone)

    try:
        lab.ctl("apply", str(rules))
        lab.stop("control", signal.SIGKILL)
        lab.wait_for("the listeners to be closed", lambda: not lab.listening(), "dataplane")
        coming = threading.Thread(target=come)
        coming.start()
        time.sleep(0.5)
        assert answers.empty(), answers.get()
        lab.start_control()
        lab.wait_ready()
        answer = answers.get(timeout=30)
        coming.join()
        # The five seconds may be over before a busy machine has started anything.
        if isinstance(answer, Exception):
            assert dict(lab.packets()["refused"])["control_down"] > 0, answer
            with begin(lab) as stream:
                answer = stream.read_until("</stream:features>")
        assert "starttls" in answer
        both_ways(alice, bob, "after being held")
    finally:
        rules.write_text(plain)
        lab.ctl("apply", str(rules))


def test_what_nobody_accepted_is_reset_within_two_seconds(lab, alice, bob):
    """A control plane that has stopped accepts nothing; then it is dead."""
    os.kill(lab.pid("control"), signal.SIGSTOP)
    waiting = [begin(lab) for _ in range(3)]
    lab.stop("control", signal.SIGKILL)
    for stream in waiting:
        assert stream.read_end() == ("", "ConnectionResetError")
        stream.close()
    lab.start_control()
    lab.wait_ready()
    end = time.monotonic() + 30
    while bob.send("sip:alice@partner.example", "whole again")[0] != 202:
        assert time.monotonic() < end
    assert alice.receive(timeout_s=20)["body"] == "whole again"


def test_dpdk_telemetry_speaks_for_the_dataplane(lab):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        asking.connect(str(lab.dpdk_dir / "dpdk_telemetry.v2"))
        asking.recv(16384)
        asking.send(b"/picket/counters")
        told = json.loads(asking.recv(16384))["/picket/counters"]
        asking.send(b"/picket/version")
        assert "picket" in asking.recv(16384).decode()

        def ask(command):
            asking.send(command.encode())
            return json.loads(asking.recv(16384))[command.partition(",")[0]]

        rows = {p["id"]: p for p in lab.packets()["partners"]}
        ids = ask("/picket/partners")
        assert sorted(ids) == sorted(rows.keys() - {0})
        assert ask("/picket/partners,1") == ids[1:]
        busy = max(rows.values(), key=lambda p: p["packets_in"])
        partner = ask(f"/picket/partner,{busy['id']}")
        assert partner["partner"] == busy["partner"] and partner["packets_in"] >= busy["packets_in"]
        assert ask("/picket/partner,0")["partner"] == "(unknown)"
        assert ask("/picket/partner,99999") is None
        drops = ask("/picket/counters")
        cause = next(name.removeprefix("dropped_") for name in drops if name.startswith("dropped_"))
        hitters = ask(f"/picket/hitters,{cause}")
        assert hitters["source_1"] and hitters["count_1"] > 0
    assert told["in_received"] > 0, told


def test_a_stop_tells_whoever_still_waits(lab, alice, bob):
    both_ways(alice, bob, "before the stop")
    silent = lab.sip_user("silent")
    silent.answer = None
    frozen = lab.pid("prosody")
    answers = queue.Queue()
    waiting = threading.Thread(target=lambda: answers.put(bob.send("sip:anna@partner.example", "waits")))
    try:
        sent = alice.send("silent@corp.example", "waits")
        time.sleep(0.5)
        os.kill(frozen, signal.SIGSTOP)  # no answer to the ping behind bob's message
        waiting.start()
        time.sleep(0.5)
        assert lab.stop("control") == 0
        assert answers.get(timeout=5)[0] == 504
    finally:
        os.kill(frozen, signal.SIGCONT)
        silent.close()
    back = alice.receive_error()
    assert (back["id"], back["condition"]) == (sent, "remote-server-timeout")
    waiting.join()
    lab.start_control()
    lab.wait_ready()


def test_an_orderly_stop_gives_everything_back(lab):
    filters = netns.run("ip", "netns", "exec", lab.ns("picket"), "tc", "filter", "show", "dev", "picket0", "ingress")
    assert "bpf" in filters
    # The control plane first: its goodbye to partners needs the dataplane.
    assert lab.stop("control") == 0
    assert lab.stop("dataplane") == 0
    filters = netns.run("ip", "netns", "exec", lab.ns("picket"), "tc", "filter", "show", "dev", "picket0", "ingress")
    assert "bpf" not in filters
    port = json.loads(netns.run("ip", "-j", "-n", lab.ns("edge"), "link", "show", "port0"))[0]
    assert "PROMISC" not in port["flags"]
    addresses = netns.run("ip", "-n", lab.ns("picket"), "address", "show", "dev", "picket0")
    assert lab.address("service4") in addresses and lab.address("service6") in addresses
    lab.start_dataplane()
    lab.start_control()
    lab.wait_ready()


def test_the_control_plane_runs_without_privileges(lab):
    status = open(f"/proc/{lab.pid('control')}/status", encoding="ascii").read()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(fields["Uid"].split()) != {"0"}
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"].strip() == "1"


def test_a_bad_rules_file_is_refused_with_its_line(lab):
    bad = lab.dir / "edge" / "bad.yaml"
    bad.write_text("service:\n  addresses: [198.51.100.1]\nlocl: []\n")
    with pytest.raises(RuntimeError) as refused:
        lab.ctl("check", str(bad))
    assert f"{bad}:3" in str(refused.value)


@pytest.mark.parametrize("broken", ["ip_forward=1", "tcp_fwmark_accept=0"])
def test_a_wrong_sysctl_is_named_at_the_start(lab, broken):
    key, value = broken.split("=")
    ns = lab.ns("picket")
    good = netns.run("ip", "netns", "exec", ns, "sysctl", "-n", f"net.ipv4.{key}").strip()
    lab.stop("dataplane")
    netns.run("ip", "netns", "exec", ns, "sysctl", "-qw", f"net.ipv4.{key}={value}")
    try:
        with pytest.raises(Exception) as refused:
            lab.start_dataplane()
        assert key in str(refused.value)
    finally:
        lab.stop("dataplane")
        netns.run("ip", "netns", "exec", ns, "sysctl", "-qw", f"net.ipv4.{key}={good}")
        lab.start_dataplane()
        lab.wait_ready()


def test_every_packet_has_one_fate(lab, alice, bob):
    both_ways(alice, bob, "last")
    assert not lab.fate_faults()
