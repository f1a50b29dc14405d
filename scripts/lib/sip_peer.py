# SPDX-License-Identifier: BSD-3-Clause
"""A raw SIP peer over TLS, for scenes that no well-behaved server would play: it connects, or waits to be connected to."""

import queue
import secrets
import socket
import ssl
import threading
from dataclasses import dataclass

import netns
from sip_user import header, parse


class Ended(Exception):
    """The other side closed or reset, or refused the handshake."""


@dataclass
class Message:
    start: str
    headers: list
    body: bytes

    @property
    def code(self):
        return int(self.start.split(" ", 2)[1])

    def get(self, name):
        """The first of these headers, or None."""
        return header(self.headers, name)

    def names(self):
        return {name for name, _ in self.headers}


class Peer:
    """One connection."""

    def __init__(self, sock, domain):
        self.sock, self.domain = sock, domain
        self._unread = b""

    @classmethod
    def connect(cls, lab, source, certificate, domain="sip-partner.example", to=None):
        """certificate: the files of certificate and key, or None. Raises Ended."""
        context = ssl.create_default_context(cafile=lab.ca.file)
        if certificate:
            context.load_cert_chain(*certificate)
        raw = netns.connect(lab.ns("partner"), source, to or (lab.address("service4"), 5061), 20)
        try:
            return cls(context.wrap_socket(raw, server_hostname="corp.example"), domain)
        except (ConnectionError, ssl.SSLError) as gone:
            raise Ended(type(gone).__name__) from gone

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, lines, body=b""):
        text = "\r\n".join((*lines, f"Content-Length: {len(body)}")) + "\r\n\r\n"
        try:
            self.sock.sendall(text.encode("utf-8") + body)
        except (ConnectionError, ssl.SSLError) as gone:
            raise Ended(type(gone).__name__) from gone

    def read(self, timeout_s=20):
        """The next message. Raises Ended."""
        self.sock.settimeout(timeout_s)
        while True:
            head, end, rest = self._unread.partition(b"\r\n\r\n")
            if end:
                start, headers, _ = parse(head + end)
                size = int(header(headers, "content-length") or 0)
                if len(rest) >= size:
                    self._unread = rest[size:]
                    return Message(start, headers, rest[:size])
            try:
                more = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLError) as gone:
                raise Ended(type(gone).__name__) from gone
            if not more:
                raise Ended("closed")
            self._unread += more

    def tell(self, method="MESSAGE", to="sip:bob@corp.example", sender=None, body="", more=(), uri=None):
        """Send a request outside a dialog; its Call-ID. more: further header lines, or others in place of these."""
        sender = sender or f"sip:alice@{self.domain}"
        lines = {"Via": f"SIP/2.0/TLS {self.domain};branch=z9hG4bK{secrets.token_hex(8)}", "Max-Forwards": "70",
                 "From": f"<{sender}>;tag={secrets.token_hex(4)}", "To": f"<{to}>", "Call-ID": secrets.token_hex(12),
                 "CSeq": f"1 {method}"}
        if body:
            lines["Content-Type"] = "text/plain;charset=UTF-8"
        lines.update(more)
        self.write((f"{method} {uri or to} SIP/2.0", *(f"{name}: {value}" for name, value in lines.items())),
                   body.encode("utf-8") if isinstance(body, str) else body)
        return lines["Call-ID"]

    def answer(self, call_id=None, timeout_s=20):
        """The next final response, of this call."""
        while True:
            message = self.read(timeout_s)
            if message.start.startswith("SIP/2.0 ") and message.code >= 200 and call_id in (None, message.get("call-id")):
                return message

    def ask(self, *args, **kwargs):
        """tell, and the final response."""
        return self.answer(self.tell(*args, **kwargs))

    def respond(self, request, code, more=()):
        lines = [f"SIP/2.0 {code} Scripted"]
        for name, value in request.headers:
            if name in ("via", "from", "to", "call-id", "cseq"):
                lines.append(f"{name}: {value}" + (";tag=scripted" if name == "to" and ";tag=" not in value else ""))
        self.write((*lines, *more))


class Server:
    """Takes connections at a partner's address. `peers`: those whose handshake came to an end; `refused`: what became of the
    others."""

    def __init__(self, lab, address, certificate, domain="sip-partner.example", port=5061):
        self.domain = domain
        self.peers, self.refused = queue.Queue(), queue.Queue()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_verify_locations(lab.ca.file)
        self._context.load_cert_chain(*certificate)
        with netns.inside(lab.ns("partner")):
            self._listener = socket.create_server((address, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            raw.settimeout(20)
            try:
                self.peers.put(Peer(self._context.wrap_socket(raw, server_side=True), self.domain))
            except OSError as gone:
                self.refused.put(type(gone).__name__)
