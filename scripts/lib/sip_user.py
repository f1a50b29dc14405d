# SPDX-License-Identifier: BSD-3-Clause
"""A scripted SIP user agent over UDP: registers, sends MESSAGE, answers MESSAGE, keeps what it got."""

import queue
import re
import secrets
import socket
import threading
import time

import netns

T1_S = 0.5


def parse(datagram):
    """Split a message: (start line, [(name, value)], body)."""
    head, _, body = datagram.partition(b"\r\n\r\n")
    lines = head.decode("utf-8").split("\r\n")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name.strip().lower(), value.strip()))
    return lines[0], headers, body


def header(headers, name):
    return next((value for known, value in headers if known == name), None)


class SipUser:
    """One registered user. `answer` is the code that its MESSAGE transactions get, with the header lines `more`; None: silence."""

    def __init__(self, namespace, address, server, user, domain):
        self.address, self.server, self.user, self.domain = address, server, user, domain
        self.answer = 200
        self.more = ()
        self.messages = queue.Queue()
        self._responses = {}
        self._taken = set()  # branches: what is sent again is answered again, and kept once
        with netns.inside(namespace):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.settimeout(0.2)
        self._port = self._socket.getsockname()[1]
        self.uri = f"sip:{user}@{domain}"
        self._running = True
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def close(self):
        self._running = False
        self._thread.join()
        self._socket.close()

    def _receive(self):
        while self._running:
            try:
                datagram, _ = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            except OSError:
                return
            start, headers, body = parse(datagram)
            if start.startswith("SIP/2.0 "):
                code = int(start.split(" ", 2)[1])
                waiting = self._responses.get(header(headers, "call-id"))
                if waiting and code >= 200:
                    waiting.put((code, start.split(" ", 2)[2], headers))
            elif start.startswith("MESSAGE "):
                self._take(headers, body)

    def _take(self, headers, body):
        answer = self.answer
        if answer is None:
            return
        kept = [(n, v) for n, v in headers if n in ("via", "from", "to", "call-id", "cseq")]
        lines = [f"SIP/2.0 {answer} Scripted"]
        for name, value in kept:
            if name == "to" and ";tag=" not in value:
                value += ";tag=" + secrets.token_hex(4)
            lines.append(f"{name}: {value}")
        lines += (*self.more, "Content-Length: 0")
        self._socket.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), self.server)
        branch = re.search(r";branch=([^;,]*)", header(headers, "via") or "")
        if branch and branch[1] in self._taken:
            return
        if branch:
            self._taken.add(branch[1])
        self.messages.put(
            {
                "at": time.monotonic(),
                "from": header(headers, "from"),
                "subject": header(headers, "subject"),
                "call_id": header(headers, "call-id"),
                "lang": header(headers, "content-language"),
                "type": header(headers, "content-type"),
                "body": body.decode("utf-8"),
                "headers": dict(headers),
            }
        )

    def _request(self, method, uri, to, extra=(), body=b"", call_id=None, timeout_s=40.0):
        call_id = call_id or secrets.token_hex(12)
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{self._port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.domain}>;tag={secrets.token_hex(4)}",
            f"To: <{to}>",
            f"Call-ID: {call_id}",
            f"CSeq: 1 {method}",
            *extra,
            f"Content-Length: {len(body)}",
        ]
        datagram = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body
        waiting = self._responses[call_id] = queue.Queue()
        end = time.monotonic() + timeout_s
        pause = T1_S
        try:
            while True:
                self._socket.sendto(datagram, self.server)
                left = end - time.monotonic()
                try:
                    return waiting.get(timeout=max(0.01, min(pause, left)))
                except queue.Empty:
                    if left <= pause:
                        raise TimeoutError(f"no final response to {method} {uri}") from None
                pause = min(pause * 2, 4.0)
        finally:
            del self._responses[call_id]

    def register(self):
        contact = f"Contact: <sip:{self.user}@{self.address}:{self._port}>"
        code, reason, _ = self._request("REGISTER", f"sip:{self.domain}", self.uri, (contact, "Expires: 600"))
        if code != 200:
            raise RuntimeError(f"REGISTER of {self.uri}: {code} {reason}")

    def send(self, to, body, subject=None, lang=None, call_id=None, sender=None, timeout_s=40.0):
        """Send a MESSAGE and wait for its final response: (code, reason, {header: value})."""
        extra = ["Content-Type: text/plain;charset=UTF-8"]
        if subject:
            extra.append(f"Subject: {subject}")
        if lang:
            extra.append(f"Content-Language: {lang}")
        keep = self.user
        if sender:
            self.user = sender
        try:
            code, reason, headers = self._request("MESSAGE", to, to, extra, body.encode("utf-8"), call_id, timeout_s)
        finally:
            self.user = keep
        return code, reason, dict(headers)

    def receive(self, timeout_s=10.0):
        return self.messages.get(timeout=timeout_s)


def user_of(value):
    """The bare URI inside a From or To value."""
    found = re.search(r"<([^>]*)>", value or "")
    return found.group(1) if found else (value or "").split(";")[0]
