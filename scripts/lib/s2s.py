# SPDX-License-Identifier: BSD-3-Clause
"""A raw server-to-server client for scenes that no well-behaved server would play."""

import base64
import re
import socket
import ssl
import time

import netns


# The least that is answered.
HEADER = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
          b" to='corp.example' version='1.0'>")


class Refused(Exception):
    """The other side closed or reset; `said` is what came before."""

    def __init__(self, how, said=b""):
        super().__init__(f"{how}: {said[-300:]!r}")
        self.how, self.said = how, said


class Stream:
    def __init__(self, namespace, source, to=("198.51.100.1", 5269), timeout_s=5.0):
        self.sock = netns.connect(namespace, source, to, timeout_s)
        self.local = "corp.example"  # whom the headers are addressed to
        self.read_bytes = b""

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        try:
            self.sock.sendall(data.encode("utf-8") if isinstance(data, str) else data)
        except (ConnectionError, ssl.SSLError) as gone:
            raise Refused(type(gone).__name__, self.read_bytes) from gone

    def read_until(self, pattern):
        """Read until the pattern is found; returns everything up to its end."""
        wanted = re.compile(pattern.encode("utf-8"), re.DOTALL)
        while True:
            found = wanted.search(self.read_bytes)
            if found:
                taken, self.read_bytes = self.read_bytes[: found.end()], self.read_bytes[found.end():]
                return taken.decode("utf-8")
            try:
                more = self.sock.recv(65536)
            except TimeoutError as late:
                raise TimeoutError(f"waited for {pattern!r}, have {self.read_bytes[-300:]!r}") from late
            except (ConnectionError, ssl.SSLError) as gone:
                raise Refused(type(gone).__name__, self.read_bytes) from gone
            if not more:
                raise Refused("closed", self.read_bytes)
            self.read_bytes += more

    def read_end(self):
        """Everything until the other side closes or resets: (bytes, 'closed' or the error's name)."""
        try:
            self.read_until("(?!)")
        except Refused as end:
            return end.said.decode("utf-8", "replace"), end.how
        raise AssertionError("unreachable")

    def header(self, sender="partner.example", to=None, extra=""):
        to = to or self.local
        origin = f" from='{sender}'" if sender is not None else ""
        self.send(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
            f"{origin} to='{to}' version='1.0'{extra}>"
        )

    def starttls(self, certificate=None, key=None, **names):
        """Header, STARTTLS, handshake, header again; returns the features inside TLS."""
        self.header(**names)
        self.read_until("</stream:features>|<stream:features/>")
        self.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        self.read_until("<proceed[^>]*/>")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(certificate, key)
        self.sock = context.wrap_socket(self.sock, do_handshake_on_connect=True)
        self.read_bytes = b""
        self.header(**names)
        return self.read_until("</stream:features>|<stream:features/>")

    def authenticate(self, authzid="partner.example"):
        text = base64.b64encode(authzid.encode()).decode() if authzid else "="
        self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>{text}</auth>")
        return self.read_until("<success[^>]*/>|</failure>")

    def log_in(self, certificate, key, domain="partner.example"):
        features = self.starttls(certificate, key, sender=domain)
        if "EXTERNAL" not in features:
            raise Refused("no EXTERNAL offered", features.encode())
        answer = self.authenticate(domain)
        if "<success" not in answer:
            raise Refused("not authenticated", answer.encode())
        self.read_bytes = b""
        self.header(sender=domain)
        self.read_until("</stream:features>|<stream:features/>")
        return self


def plain(namespace, source, data, to=("198.51.100.1", 5269), timeout_s=5.0):
    """Connect, send these bytes, and return how it ended: ('closed'|error name, bytes that came back)."""
    with Stream(namespace, source, to, timeout_s) as stream:
        try:
            stream.send(data)
        except Refused as early:
            return early.how, early.said
        try:
            said, how = stream.read_end()
        except TimeoutError:
            return "silent", stream.read_bytes
        return how, said.encode()


def syn_answer(namespace, source, to, timeout_s=2.0):
    """'accepted', 'refused' or 'silent': what a bare connection attempt meets. In hand-off mode reqsk 'accepted' says
    little, see header_answer."""
    try:
        sock = netns.connect(namespace, source, to, timeout_s)
    except ConnectionRefusedError:
        return "refused"
    except (TimeoutError, socket.timeout):
        return "silent"
    sock.close()
    return "accepted"


def header_answer(namespace, source, to, timeout_s=2.0):
    """The same for a connection that begins with a stream header: 'accepted' if anything comes back."""
    end = time.monotonic() + timeout_s
    try:
        with Stream(namespace, source, to, timeout_s) as stream:
            stream.sock.sendall(HEADER)
            stream.sock.settimeout(max(0.01, end - time.monotonic()))
            stream.sock.recv(1)
    except (ConnectionRefusedError, ConnectionResetError):
        return "refused"
    except (TimeoutError, socket.timeout):
        return "silent"
    return "accepted"
