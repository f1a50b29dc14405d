# SPDX-License-Identifier: BSD-3-Clause
"""Sockets made from first segments: a TAP, the tc program in mode reqsk, and a remote end that is scripted segment by
segment. The dataplane's part, answering the SYN and choosing what to hand over, is the script's."""

import json
import os
import pathlib
import select
import shutil
import socket
import struct
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

import netns  # noqa: E402
from segments import ACK, FIN, PSH, RST, SYN, Remote, Tap, cookie  # noqa: E402

NETNS = "pk-treqsk"
TAP, MAC = "picket0", bytes.fromhex("02000000007a")
OURS = {4: "10.99.0.1", 6: "fd99::1"}
THEIRS = {4: "10.99.0.2", 6: "fd99::2"}
PORT = 5269
MSS = {4: (536, 1300, 1440, 1460), 6: (1220, 1360, 1420, 1440)}
HANDOVER = pathlib.Path(os.environ.get("PICKET_BUILD", ROOT / "build")) / "tests" / "net" / "handover"
FIRST = b"<?xml version='1.0'?><stream:stream to='corp.example'>" * 10


class Kernel:
    """The kernel side: namespace, TAP, program, listeners."""

    def __init__(self):
        self.down()
        netns.run("ip", "netns", "add", NETNS)
        netns.run("ip", "-n", NETNS, "link", "set", "lo", "up")
        netns.run("ip", "-n", NETNS, "tuntap", "add", "dev", TAP, "mode", "tap")
        netns.run("ip", "-n", NETNS, "link", "set", TAP, "address", MAC.hex(":"), "arp", "off", "mtu", "1500", "up")
        for address in (f"{OURS[4]}/24", f"{OURS[6]}/64"):
            netns.run("ip", "-n", NETNS, "address", "add", address, "dev", TAP, *(("nodad",) if ":" in address else ()))
        for key in ("tcp_fwmark_accept=1", "conf.all.rp_filter=1"):
            self.set(f"net.ipv4.{key}")
        with netns.inside(NETNS):
            self.tap = Tap(TAP)
        self.listeners = {}
        self.process = None
        self.ports = 20000

    def set(self, setting):
        netns.run("ip", "netns", "exec", NETNS, "sysctl", "-qw", setting)

    def listen(self, backlog=16):
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            with netns.inside(NETNS):
                listener = socket.socket(family, socket.SOCK_STREAM)
            if version == 6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((OURS[version], PORT))
            listener.listen(backlog)
            listener.settimeout(2)
            self.listeners[version] = listener

    def start(self, mode="reqsk"):
        places = []
        for version, listener in self.listeners.items():
            places += [OURS[version], str(PORT), str(listener.fileno())]
        self.process = subprocess.Popen(
            ["nsenter", f"--net={netns.path(NETNS)}", HANDOVER, "run", mode, TAP, *places], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, pass_fds=[l.fileno() for l in self.listeners.values()])
        assert self.process.stdout.readline() == "ready\n"

    def stop(self):
        for listener in self.listeners.values():
            listener.close()
        self.listeners = {}
        if self.process:
            self.process.stdin.close()
            self.process.wait(timeout=10)
            self.process.stdout.close()
            self.process = None
        self.tap.waiting.clear()

    def fates(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def remote(self, version=4, **options):
        self.ports += 1
        return Remote(self.tap, MAC, THEIRS[version], OURS[version], options.pop("sport", self.ports), PORT, **options)

    def accept(self, version=4):
        connection, peer = self.listeners[version].accept()
        connection.settimeout(2)
        return connection, peer

    def nobody_waits(self, version=4):
        return not select.select([self.listeners[version]], [], [], 0.2)[0]

    def netstat(self, name):
        lines = netns.run("ip", "netns", "exec", NETNS, "cat", "/proc/net/netstat").splitlines()
        for names, numbers in zip(lines[::2], lines[1::2]):
            if name in names.split():
                return int(numbers.split()[names.split().index(name)])
        raise KeyError(name)

    def check(self, mode="reqsk"):
        return netns.run("nsenter", f"--net={netns.path(NETNS)}", str(HANDOVER), "check", mode, NETNS, TAP)

    @staticmethod
    def down():
        if pathlib.Path(netns.path(NETNS)).exists():
            netns.run("ip", "netns", "delete", NETNS)


@pytest.fixture(scope="module")
def made():
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    if not os.path.exists("/dev/net/tun") or not shutil.which("nsenter"):
        pytest.skip("needs /dev/net/tun and nsenter")
    mode = netns.run(str(HANDOVER), "probe").strip()
    if mode != "reqsk":
        pytest.skip(f"this kernel has mode {mode}")
    kernel = Kernel()
    try:
        yield kernel
    finally:
        kernel.stop()
        kernel.tap.close()
        kernel.down()


@pytest.fixture
def kernel(made):
    made.listen()
    made.start()
    yield made
    made.stop()


def grown(before, after):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def tcp_info(connection):
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    options, scales = info[5], info[6]
    return {
        "timestamps": bool(options & 1), "sack": bool(options & 2), "scaled": bool(options & 4),
        "theirs": scales & 15, "ours": scales >> 4, "mss": struct.unpack("=I", info[16:20])[0],
    }


# ---- a connection begins ------------------------------------------------------------------------


@pytest.mark.parametrize("version", (4, 6))
@pytest.mark.parametrize("sack", (True, False), ids=("sack", "no sack"))
@pytest.mark.parametrize("scale", (None, 0, 7, 14), ids=lambda s: f"scale {s}")
def test_the_first_segment_is_there_at_accept(kernel, version, sack, scale):
    remote = kernel.remote(version, agreed=cookie(0xC0FFEE, sack=sack, scale=scale))
    remote.send(ACK | PSH, FIRST)
    connection, peer = kernel.accept(version)
    assert peer[:2] == (THEIRS[version], remote.sport)
    assert connection.recv(65536) == FIRST
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) == 0x20000007
    info = tcp_info(connection)
    assert (info["timestamps"], info["sack"], info["scaled"]) == (False, sack, scale is not None)
    if scale is not None:
        assert (info["theirs"], info["ours"]) == (scale, 7)
    ack = remote.read(flags=ACK, ack=remote.seq)
    assert (ack.seq, ack.data) == (remote.cookie + 1, b"")
    # What the edge promised in its SYN-ACK holds: the window's edge does not move back.
    assert (ack.window << (7 if scale is not None else 0)) + len(FIRST) >= 8192
    connection.sendall(b"answer")
    answer = remote.read(data=b"answer")
    assert (answer.seq, answer.ack) == (remote.cookie + 1, remote.seq)
    remote.ack += 6
    remote.send(ACK | PSH, b"more")
    assert connection.recv(100) == b"more"
    connection.close()


@pytest.mark.parametrize("version", (4, 6))
@pytest.mark.parametrize("index", range(4))
def test_the_mss_is_the_one_agreed_on(kernel, version, index):
    remote = kernel.remote(version, agreed=cookie(1, mss_index=index))
    remote.send(ACK, b"x", window=0x2000)
    connection, _ = kernel.accept(version)
    connection.sendall(b"y" * 3000)
    first = remote.read(seq=remote.cookie + 1, timeout_s=2)
    while first is not None and not first.data:
        first = remote.read(timeout_s=2)
    assert len(first.data) == MSS[version][index]
    connection.close()


def test_a_first_segment_behind_an_extension_header(kernel):
    remote = kernel.remote(6)
    remote.send(ACK | PSH, FIRST, padding=True)
    connection, _ = kernel.accept(6)
    assert connection.recv(65536) == FIRST
    remote.send(ACK | PSH, b"more", padding=True)
    assert connection.recv(100) == b"more"
    connection.sendall(b"answer")
    assert remote.read(data=b"answer").seq == remote.cookie + 1
    connection.close()


@pytest.mark.parametrize("version", (4, 6))
def test_many_connections_of_one_address(kernel, version):
    remotes = [kernel.remote(version, agreed=cookie(i)) for i in range(12)]
    for i, remote in enumerate(remotes):
        remote.send(ACK | PSH, b"number %d" % i)
    got = {}
    for _ in remotes:
        connection, peer = kernel.accept(version)
        got[peer[1]] = connection.recv(100)
        connection.close()
    assert got == {remote.sport: b"number %d" % i for i, remote in enumerate(remotes)}


def test_a_sender_that_closes_at_once(kernel):
    remote = kernel.remote()
    remote.send(ACK | PSH | FIN, FIRST)
    connection, _ = kernel.accept()
    assert connection.recv(65536) == FIRST
    assert connection.recv(1) == b""
    assert remote.read(ack=remote.seq) is not None
    connection.close()
    assert remote.read(flags=ACK | FIN) is not None


# ---- segments that come twice, or not in order ---------------------------------------------------


@pytest.mark.parametrize("version", (4, 6))
def test_the_first_segment_again_before_and_after_accept(kernel, version):
    before = kernel.fates()
    remote = kernel.remote(version)
    for _ in range(3):
        remote.send(ACK | PSH, FIRST, seq=remote.isn + 1)
    connection, _ = kernel.accept(version)
    remote.send(ACK | PSH, FIRST, seq=remote.isn + 1)
    assert connection.recv(65536) == FIRST
    connection.settimeout(0.2)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    assert kernel.nobody_waits(version)
    assert grown(before, kernel.fates()) == {"handed_over": 1, "marked": 3}
    connection.close()


@pytest.mark.parametrize("version", (4, 6))
def test_segments_behind_the_first_may_come_in_any_order(kernel, version):
    pieces = [bytes([65 + i]) * 700 for i in range(5)]
    remote = kernel.remote(version)
    places = [remote.seq + 700 * i for i in range(5)]
    for i in (0, 3, 1, 1, 4, 2):
        remote.send(ACK, pieces[i], seq=places[i])
    connection, _ = kernel.accept(version)
    got = b""
    while len(got) < 3500:
        got += connection.recv(65536)
    assert got == b"".join(pieces)
    connection.close()


def test_a_later_segment_does_not_begin_in_the_middle(made):
    """The accept queue overflows on the first segment, has room again when the second comes."""
    made.listen(backlog=0)
    made.start()
    try:
        fill = made.remote()
        fill.send(ACK | PSH, b"early")
        remote = made.remote()
        remote.send(ACK, FIRST[:300], seq=remote.isn + 1)
        connection, _ = made.accept()
        connection.close()
        before = made.fates()
        remote.send(ACK | PSH, FIRST[300:], seq=remote.isn + 301)
        assert grown(before, made.fates()) == {"no_connection": 1}
        assert made.nobody_waits()
        remote.send(ACK, FIRST[:300], seq=remote.isn + 1)
        remote.send(ACK | PSH, FIRST[300:], seq=remote.isn + 301)
        connection, _ = made.accept()
        got = b""
        while len(got) < len(FIRST):
            got += connection.recv(65536)
        assert got == FIRST
        connection.close()
    finally:
        made.stop()


def test_a_hello_of_two_segments_held_and_written_together(kernel):
    hello = bytes(range(256)) * 7
    remote = kernel.remote()
    remote.send(ACK, hello[:1400])
    remote.send(ACK | PSH, hello[1400:])
    connection, _ = kernel.accept()
    got = b""
    while len(got) < len(hello):
        got += connection.recv(65536)
    assert got == hello
    connection.close()


# ---- what begins no connection --------------------------------------------------------------------


@pytest.mark.parametrize("flags, data, fate", (
    (ACK, b"", "no_connection"), (RST, b"", "no_connection"), (ACK | FIN, b"", "no_connection"),
    (SYN, b"", "syn_answered"), (SYN | ACK, b"", "no_connection")))
@pytest.mark.parametrize("version", (4, 6))
def test_what_is_no_first_segment_is_dropped_in_silence(kernel, version, flags, data, fate):
    before = kernel.fates()
    remote = kernel.remote(version)
    remote.send(flags, data)
    assert grown(before, kernel.fates()) == {fate: 1}
    assert remote.read(timeout_s=0.2) is None
    assert kernel.nobody_waits(version)


def test_without_the_mark_nothing_begins(kernel):
    before = kernel.fates()
    remote = kernel.remote()
    remote.send(ACK | PSH, FIRST, source_mac=bytes.fromhex("025400000001"))
    assert grown(before, kernel.fates()) == {"no_mark": 1}
    assert kernel.nobody_waits()


def test_without_a_listener_nothing_begins(kernel):
    kernel.listeners[4].close()
    before = kernel.fates()
    remote = kernel.remote()
    remote.send(ACK | PSH, FIRST)
    assert grown(before, kernel.fates()) == {"no_listener": 1}
    assert remote.read(timeout_s=0.2) is None


# ---- a full accept queue ----------------------------------------------------------------------------


@pytest.mark.parametrize("version", (4, 6))
def test_a_full_accept_queue_delays_and_is_counted(made, version):
    made.listen(backlog=1)
    made.start()
    try:
        fill = [made.remote(version) for _ in range(2)]  # a backlog of n holds n + 1
        for remote in fill:
            remote.send(ACK | PSH, b"early")
        overflows = made.netstat("ListenOverflows")
        late = made.remote(version)
        for _ in range(3):
            late.send(ACK | PSH, FIRST, seq=late.isn + 1)
        assert made.netstat("ListenOverflows") == overflows + 3
        assert late.read(timeout_s=0.2) is None  # neither RST nor ACK: the sender tries again
        for _ in fill:
            connection, _ = made.accept(version)
            assert connection.recv(100) == b"early"
            connection.close()
        late.send(ACK | PSH, FIRST, seq=late.isn + 1)
        connection, peer = made.accept(version)
        assert peer[1] == late.sport
        assert connection.recv(65536) == FIRST
        connection.close()
    finally:
        made.stop()


# ---- the same tuple again --------------------------------------------------------------------------


def leave_in_time_wait(kernel, version):
    """A whole connection that our side closes first. Returns its remote end."""
    remote = kernel.remote(version)
    remote.send(ACK | PSH, b"first")
    connection, _ = kernel.accept(version)
    assert connection.recv(100) == b"first"
    connection.close()
    fin = remote.read(flags=ACK | FIN)
    remote.ack = fin.seq + 1
    remote.send(ACK | FIN)
    assert remote.read(flags=ACK, ack=remote.seq) is not None
    states = netns.run("ip", "netns", "exec", NETNS, "ss", "-Htan", "state", "time-wait")
    assert f":{remote.sport}" in states
    kernel.tap.waiting.clear()  # what was said before
    return remote


def again(kernel, version, old):
    return kernel.remote(version, sport=old.sport, isn=(old.isn + 0x40000000) & 0xFFFFFFFF, agreed=cookie(0x123456))


@pytest.mark.parametrize("version", (4, 6))
def test_time_wait_makes_way_for_a_reset_at_its_number(kernel, version):
    old = leave_in_time_wait(kernel, version)
    new = again(kernel, version, old)
    # Without a cure the old one answers, and says by that where it is.
    new.send(ACK | PSH, FIRST, seq=new.isn + 1)
    stale = new.read(flags=ACK)
    assert stale.ack == old.seq
    assert kernel.nobody_waits(version)
    # A reset that guesses is not believed.
    new.send(RST, seq=old.seq + 1, ack=0)
    new.send(ACK | PSH, FIRST, seq=new.isn + 1)
    assert kernel.nobody_waits(version)
    # The cure: RST at what the old one acknowledged last, then the first segment.
    new.send(RST, seq=old.seq, ack=0)
    new.send(ACK | PSH, FIRST)
    connection, _ = kernel.accept(version)
    assert connection.recv(65536) == FIRST
    connection.sendall(b"answer")
    assert new.read(data=b"answer").seq == new.cookie + 1
    connection.close()


def test_the_cure_needs_tcp_rfc1337_off(kernel):
    kernel.set("net.ipv4.tcp_rfc1337=1")
    try:
        assert "must: in network namespace" in kernel.check() and "net.ipv4.tcp_rfc1337 is 1, need 0" in kernel.check()
        old = leave_in_time_wait(kernel, 4)
        new = again(kernel, 4, old)
        new.send(RST, seq=old.seq, ack=0)
        new.send(ACK | PSH, FIRST, seq=new.isn + 1)
        assert kernel.nobody_waits()
    finally:
        kernel.set("net.ipv4.tcp_rfc1337=0")


def test_what_the_kernel_still_holds_makes_way_too(kernel):
    """A remote that started anew while its old connection was open, or half closed, here."""
    for half_closed in (False, True):
        old = kernel.remote()
        old.send(ACK | PSH, b"first")
        forgotten, _ = kernel.accept()
        if half_closed:
            old.send(ACK | FIN)
        assert forgotten.recv(100) == b"first"
        assert old.read(ack=old.seq) is not None
        new = again(kernel, 4, old)
        new.send(RST, seq=old.seq, ack=0)
        new.send(ACK | PSH, FIRST)
        connection, _ = kernel.accept()
        assert connection.recv(65536) == FIRST
        connection.close()
        forgotten.close()


# ---- settings and restarts ----------------------------------------------------------------------------


def test_settings_that_break_it_are_detected(kernel):
    assert "must" not in kernel.check("reqsk")
    for setting, good in (("tcp_syncookies", 1), ("tcp_sack", 1), ("tcp_window_scaling", 1), ("tcp_fwmark_accept", 1)):
        kernel.set(f"net.ipv4.{setting}=0")
        try:
            said = kernel.check("reqsk")
        finally:
            kernel.set(f"net.ipv4.{setting}={good}")
        assert f"net.ipv4.{setting} is 0, need 1" in said
        assert f"ip netns exec {NETNS} sysctl -w net.ipv4.{setting}=1" in said


def test_why_the_settings_matter(kernel):
    """What would happen unchecked: the first a RST to an admitted partner, the second silence."""
    kernel.set("net.ipv4.tcp_syncookies=0")
    try:
        before = kernel.fates()
        remote = kernel.remote()
        remote.send(ACK | PSH, FIRST)
        assert remote.read().flags & RST
        assert grown(before, kernel.fates()) == {"handed_over": 1}
    finally:
        kernel.set("net.ipv4.tcp_syncookies=1")
    kernel.set("net.ipv4.tcp_sack=0")
    try:
        before = kernel.fates()
        kernel.remote().send(ACK | PSH, FIRST)
        assert grown(before, kernel.fates()) == {"not_handed_over": 1}
    finally:
        kernel.set("net.ipv4.tcp_sack=1")


def test_connections_outlive_the_program_that_made_them(made):
    made.listen()
    made.start()
    remote = made.remote()
    remote.send(ACK | PSH, FIRST)
    connection, _ = made.accept()
    assert connection.recv(65536) == FIRST
    made.stop()
    made.listen()
    made.start()
    try:
        before = made.fates()
        remote.send(ACK | PSH, b"still here")
        assert connection.recv(100) == b"still here"
        assert grown(before, made.fates()) == {"marked": 1}
        connection.close()
    finally:
        made.stop()


def test_mode_syn_is_as_it_was(made):
    """The same script against the other mode: the kernel answers the SYN itself."""
    made.listen()
    made.start("syn")
    try:
        before = made.fates()
        remote = made.remote()
        remote.send(SYN)
        answer = remote.read(flags=SYN | ACK)
        remote.ack = answer.seq + 1
        remote.send(ACK)
        remote.send(ACK | PSH, FIRST)
        connection, _ = made.accept()
        assert connection.recv(65536) == FIRST
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) == 0x20000007
        connection.close()
        assert grown(before, made.fates()) == {"marked": 3}
        time.sleep(0.05)
    finally:
        made.stop()
