# SPDX-License-Identifier: BSD-3-Clause
"""Asks a running control plane over its operator socket (docs/operator.md). The one place where
Python knows that protocol. Standard library only."""

import json
import socket
import threading
import time
from dataclasses import dataclass

# In this order: who may only look needs no more than the first.
DEFAULT_SOCKETS = ("/run/picket/statistics.sock", "/run/picket/control.sock")
PACKET_BYTES = 64 * 1024  # docs/channel.md
PAGE_ROWS = 200
ROWS_MAX = 200_000  # no answer is longer; a peer that says so is not ours


class PicketError(Exception):
    """Anything that kept an answer from us; the text is for people."""


class Unreachable(PicketError):
    """Nobody listens there, or the connection broke, or no answer came in time."""


class Refused(PicketError):
    """The control plane understood and said no."""


class Malformed(PicketError):
    """What came is not an answer of this protocol."""


@dataclass(frozen=True)
class Answer:
    """All pages of one answer. `at` is the monotonic time, in seconds, at which the last one came."""

    head: dict
    rows: list
    at: float

    def pairs(self):
        """The rows that are a name and a value, as one dictionary."""
        return {row["name"]: row["value"] for row in self.rows if row.keys() == {"name", "value"}}

    def keyed(self, key):
        """The rows that carry `key`, by its value."""
        return {row[key]: row for row in self.rows if key in row}


class Client:
    """Connects when it is first asked and again after every break, so that it outlives restarts of
    the control plane. Several threads may ask: one after the other."""

    def __init__(self, path=None, timeout_s=5.0):
        self._paths = (path,) if path else DEFAULT_SOCKETS
        self.path = self._paths[0]  # the one that was tried last
        self._timeout_s = timeout_s
        self._socket = None
        self._last_id = 0
        self._lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def show(self, noun):
        """The whole answer to `show NOUN`. Raises a PicketError."""
        with self._lock:
            kept = self._socket is not None
            try:
                return self._collect(noun)
            except Unreachable:
                # A connection from before may have died with the process at its other end.
                if not kept:
                    raise
            return self._collect(noun)

    def _collect(self, noun):
        rows, head = [], None
        while True:
            page = self._ask(f"show {noun}", len(rows))
            if head is None:
                head = page.get("head") or {}
            more, total = page.get("rows"), page.get("total")
            if not isinstance(more, list) or not all(isinstance(row, dict) for row in more) or \
                    not isinstance(total, int) or not isinstance(head, dict):
                raise self._broken(Malformed(f"{self.path}: show {noun}: an answer without rows and total"))
            rows += more
            # What shrank meanwhile has ended.
            if not more or len(rows) >= total:
                return Answer(head, rows, time.monotonic())
            if len(rows) > ROWS_MAX:
                raise self._broken(Malformed(f"{self.path}: show {noun}: more than {ROWS_MAX} rows"))

    def _ask(self, command, offset):
        self._last_id += 1
        question = {"id": self._last_id, "command": command, "offset": offset, "limit": PAGE_ROWS}
        try:
            if self._socket is None:
                self._socket = self._connect()
            self._socket.send(json.dumps(question).encode())
            # One byte more than a packet may have: a longer one is seen, not cut.
            packet = self._socket.recv(PACKET_BYTES + 1)
        except TimeoutError:
            raise self._broken(Unreachable(f"{self.path}: no answer within {self._timeout_s:g} s")) from None
        except OSError as error:
            raise self._broken(Unreachable(f"{self.path}: {error.strerror or error}")) from None
        if not packet:
            raise self._broken(Unreachable(f"{self.path}: the control plane closed the connection"))
        return self._understand(command, packet)

    def _understand(self, command, packet):
        try:
            answer = json.loads(packet) if len(packet) <= PACKET_BYTES else None
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("id") != self._last_id:
            raise self._broken(Malformed(f"{self.path}: {command}: not an answer to this question"))
        if "error" in answer:
            raise Refused(f"{command}: {answer['error']}")
        if answer.get("ok") is not True:
            raise self._broken(Malformed(f"{self.path}: {command}: neither ok nor an error"))
        return answer

    def _connect(self):
        for self.path in self._paths[:-1]:
            try:
                return self._connect_to(self.path)
            except OSError:
                pass  # not there, or not for us: the next one
        self.path = self._paths[-1]
        return self._connect_to(self.path)

    def _connect_to(self, path):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            made.settimeout(self._timeout_s)
            made.connect(path)
        except BaseException:
            made.close()
            raise
        return made

    def _broken(self, error):
        """What is in the connection belongs to no question any more."""
        self.close()
        return error
