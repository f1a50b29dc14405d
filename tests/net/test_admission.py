# SPDX-License-Identifier: BSD-3-Clause
"""How true TCPs begin connections, what routers say of them, and what the kernel behind the TAP tries of its own accord."""

import select
import socket
import ssl
import struct
import time

import netns
import pytest
import s2s
from segments import checksum

DECLARATION = b"<?xml version='1.0'?>"
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
RECEIVED, OFF_WITHOUT_PROBE = 1, -1
BOTH = pytest.mark.parametrize("version", (4, 6))
PATH_MTU = 1300


def ends(lab, version):
    return lab.address(f"partner{version}"), lab.address(f"service{version}")


def counted(lab, group, cause):
    return lab.packets()[group][cause]


def wait_counted(lab, group, cause, before):
    lab.wait_for(f"{cause} to be counted", lambda: counted(lab, group, cause) > before, "dataplane")


@pytest.fixture
def sockets_made(lab):
    """How many of first segments, since the test began; None where SYNs make them."""
    before = lab.packets()["kernel.passed.handed_over"]
    reqsk = lab.show("dataplane")["handoff"] == "reqsk"
    return lambda: lab.packets()["kernel.passed.handed_over"] - before if reqsk else None


# ---- first bytes ---------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("pause_s", (0, 0.3), ids=("at once", "with a pause"))
def test_a_sender_that_writes_declaration_and_header_apart(lab, sockets_made, version, pause_s):
    source, target = ends(lab, version)
    with s2s.Stream(lab.ns("partner"), source, (target, 5269), timeout_s=20) as stream:
        stream.send(DECLARATION)
        time.sleep(pause_s)
        stream.send(s2s.HEADER.removeprefix(DECLARATION))
        assert "starttls" in stream.read_until("</stream:features>")
    assert sockets_made() in (1, None)
    assert lab.packets()["gathers"] == 0


@BOTH
def test_a_hello_of_two_segments(lab, sockets_made, version):
    """As post-quantum key shares make it, here by the names of many protocols; then TLS and SIP go on."""
    context = ssl.create_default_context(cafile=lab.ca.file)
    context.load_cert_chain(*lab.ca.leaf("sip-partner", "DNS:sip-partner.example,URI:sip:sip-partner.example"))
    context.set_alpn_protocols(["sip", *(f"{i}" * 200 for i in range(8))])
    source, target = ends(lab, version)
    with context.wrap_socket(netns.connect(lab.ns("partner"), source, (target, 5061), 20), server_hostname="corp.example") as sock:
        sock.sendall(b"OPTIONS sip:corp.example SIP/2.0\r\nVia: SIP/2.0/TLS 198.51.100.10:5061;branch=z9hG4bKtwo\r\nMax-Forwards: 70\r\n"
                     b"From: <sip:sip-partner.example>;tag=1\r\nTo: <sip:corp.example>\r\nCall-ID: two\r\nCSeq: 1 OPTIONS\r\n"
                     b"Content-Length: 0\r\n\r\n")
        assert sock.recv(65536).startswith(b"SIP/2.0 ")
    assert sockets_made() in (1, None)


@BOTH
def test_a_header_in_single_octets_is_too_many_segments(lab, sockets_made, version):
    before = counted(lab, "refused", "too_many_segments")
    source, target = ends(lab, version)
    with s2s.Stream(lab.ns("partner"), source, (target, 5269), timeout_s=20) as stream:
        stream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with pytest.raises(s2s.Refused) as refused:
            for octet in s2s.HEADER:
                stream.send(bytes((octet,)))
                time.sleep(0.01)  # else what was not acknowledged yet is sent again together
            stream.read_end()
    assert refused.value.how in ("ConnectionResetError", "BrokenPipeError")
    assert counted(lab, "refused", "too_many_segments") == before + 1
    assert sockets_made() in (0, None)


@BOTH
def test_a_sender_that_ends_before_it_has_said_enough(lab, sockets_made, version):
    source, target = ends(lab, version)
    with s2s.Stream(lab.ns("partner"), source, (target, 5269), timeout_s=20) as stream:
        stream.send(DECLARATION)
        stream.sock.shutdown(socket.SHUT_WR)
        said, how = stream.read_end()
    assert (said, how) == ("", "ConnectionResetError") or sockets_made() is None
    assert sockets_made() in (0, None)


@BOTH
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_tls_from_before_the_floor_is_reset(lab, sockets_made, version):
    before = counted(lab, "refused", "tls_too_old")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    source, target = ends(lab, version)
    with netns.connect(lab.ns("partner"), source, (target, 5061), 20) as sock, pytest.raises(ConnectionResetError):
        context.wrap_socket(sock)
    assert counted(lab, "refused", "tls_too_old") == before + 1
    assert sockets_made() in (0, None)


# ---- errors of routers -----------------------------------------------------------------------------


def next_octet(sock):
    """The number of the next one that it will receive: only root may ask."""
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, RECEIVED)
    number = sock.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, OFF_WITHOUT_PROBE)
    return number & 0xFFFFFFFF


def too_big(lab, version, remote_port, seq):
    """The partner's end of the way could not pass on a long segment of the edge's."""
    source, target = ends(lab, version)
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    a, b = socket.inet_pton(family, target), socket.inet_pton(family, source)
    tcp = struct.pack("!HHIIBBHHH", 5269, remote_port, seq, 0, 0x50, 0x10, 64, 0, 0)
    if version == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 1500, 0, 0x4000, 64, socket.IPPROTO_TCP, 0) + a + b
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        said = struct.pack("!BBHHH", 3, 4, 0, 0, PATH_MTU) + ip + tcp
        said = said[:2] + struct.pack("!H", checksum(said)) + said[4:]
    else:  # the kernel fills the checksum in
        said = struct.pack("!BBHI", 2, 0, 0, PATH_MTU) + struct.pack("!IHBB", 0x60000000, 1460, socket.IPPROTO_TCP, 64) + a + b + tcp
    protocol = socket.IPPROTO_ICMPV6 if version == 6 else socket.IPPROTO_ICMP
    with netns.inside(lab.ns("partner")):
        raw = socket.socket(family, socket.SOCK_RAW, protocol)
    with raw:
        raw.bind((source, 0))
        raw.sendto(said, (target, 0))


def path_mtu(lab, remote_port):
    """What the kernel behind the TAP thinks of the way to this connection's remote."""
    said = netns.run("nsenter", f"--net={netns.path(lab.ns('picket'))}", "ss", "-Hntie", "state", "established")
    lines = said.splitlines()
    for line, more in zip(lines, lines[1:]):
        if line.split()[3:4] and line.split()[3].endswith(f":{remote_port}"):
            return int(next(word for word in more.split() if word.startswith("pmtu:")).removeprefix("pmtu:"))
    raise KeyError(remote_port)


@BOTH
def test_the_kernel_learns_the_mtu_of_the_path(lab, version):
    source, target = ends(lab, version)
    with s2s.Stream(lab.ns("partner"), source, (target, 5269), timeout_s=20) as stream:
        stream.header()
        stream.read_until("</stream:features>")
        port = stream.sock.getsockname()[1]
        assert path_mtu(lab, port) == 1500
        stray = counted(lab, "dropped", "icmp_no_flow")
        too_big(lab, version, port + 1 if port < 65535 else 1024, next_octet(stream.sock))
        wait_counted(lab, "dropped", "icmp_no_flow", stray)
        assert path_mtu(lab, port) == 1500
        too_big(lab, version, port, next_octet(stream.sock))
        lab.wait_for("the kernel to take it", lambda: path_mtu(lab, port) == PATH_MTU, "dataplane")
        stream.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        stream.read_until("<proceed[^>]*/>")


# ---- what nobody asked for ----------------------------------------------------------------------------


@BOTH
def test_what_the_kernel_sends_of_its_own_accord_stays_inside(lab, version):
    """A connection that nobody announced, and a datagram, from a service address to a partner's server."""
    partner, service = ends(lab, version)
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    unexpected, other = counted(lab, "dropped", "outbound_unexpected"), counted(lab, "dropped", "outbound_not_allowed")
    with netns.inside(lab.ns("picket")):
        connecting = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        saying = socket.socket(family, socket.SOCK_DGRAM)
    with connecting, saying:
        connecting.bind((service, 0))
        connecting.connect_ex((partner, 5269))
        saying.sendto(b"?", (partner, 53))
        wait_counted(lab, "dropped", "outbound_unexpected", unexpected)
        wait_counted(lab, "dropped", "outbound_not_allowed", other)
        assert not select.select([], [connecting], [], 0.5)[1]  # neither established nor refused


def test_messages_cross_after_all_that(lab, alice, bob):
    alice.send("bob@corp.example", "hello")
    assert bob.receive()["body"] == "hello"
    assert bob.send("sip:alice@partner.example", "hello")[0] == 202
    assert alice.receive()["body"] == "hello"
