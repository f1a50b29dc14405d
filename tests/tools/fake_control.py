# SPDX-License-Identifier: BSD-3-Clause
"""The operator's socket of a control plane that says what a test wants (docs/operator.md)."""

import contextlib
import json
import os
import socket
import threading

VERSION = {"program": "picket-control", "version": "9.9", "pid": 7, "uptime_s": 61}
FATES = ("received", "forwarded", "answered", "consumed", "held", "dropped", "bytes", "made")


def packets(**known):
    """The dataplane's rows: all fates, what is known by flat name with '__' for the dot."""
    named = {f"{way}.{fate}": 0 for way in ("in", "out") for fate in FATES}
    named.update({"generation": 5, "flows": 0, "flow_capacity": 64, "dropped.no_flow": 0, "refused.blocked_source": 0})
    named.update({name.replace("__", "."): number for name, number in known.items()})
    return [{"name": name, "value": value} for name, value in named.items()]


def traffic(partner, **known):
    row = {"partner": partner, "id": 0, "packets_in": 0, "bytes_in": 0, "packets_out": 0, "bytes_out": 0, "flows": 0,
           "flows_opened": 0, "refused": 0}
    return {**row, **known}


def messages(partner, refused=None, **known):
    """`in_` is what comes in: `in` is a word of the language."""
    row = {"partner": partner}
    for way in ("in", "out"):
        row.update({way: 0, f"{way}_delivered": 0, f"{way}_refused": 0, f"{way}_unknown": 0})
    return {**row, **{name.rstrip("_"): number for name, number in known.items()}, "refused": refused or {}}


class FakeControl:
    """`answers` maps nouns to (head, rows), to words of an error, or to bytes that are sent as they
    are. Pages have `page_rows` rows at most, whatever is asked for."""

    def __init__(self, path, page_rows=500):
        self.path = str(path)
        self.page_rows = page_rows
        self.asked = []
        self.answers = {
            "version": (VERSION, []),
            "counters": (None, [{"name": "command.run", "value": 3}]),
            "partners": (None, [{"id": 1, "domain": "a.example", "protocol": "xmpp"},
                                {"id": 2, "domain": "b.example", "protocol": "sip"}]),
            "messages": (None, []),
            "hitters": (None, []),
            "handshakes": ({"unproven": 3, "unproven_max": 64, "pool": {
                "threads": 2, "strangers": {"waiting": 4, "steps": 9, "waited_us": 1500000},
                "partners": {"waiting": 0, "steps": 7, "waited_us": 0}}},
                [{"class": "unknown", "unproven": 3, "unproven_max": 48, "refused": 5}]),
            "dataplane": ({"state": "ready", "program": "picket-dataplane 9.9", "handoff": "syn", "generation": 5},
                          packets()),
        }
        self._connections = []
        self.start()

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(self.path)
        self._listener.listen(8)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        """As if the process had died."""
        for made in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)
            made.close()
        self._connections.clear()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):
            while packet := connection.recv(65536):
                connection.send(self._answer(json.loads(packet)))

    def _answer(self, question):
        self.asked.append(question)
        answer = self.answers.get(question["command"].removeprefix("show "), "unknown command")
        if isinstance(answer, bytes):
            return answer
        if isinstance(answer, str):
            return json.dumps({"id": question["id"], "error": answer}).encode()
        head, rows = answer
        page = rows[question["offset"]:][:min(question["limit"], self.page_rows)]
        said = {"id": question["id"], "ok": True, "rows": page, "offset": question["offset"], "total": len(rows)}
        return json.dumps({**said, "head": head} if head is not None else said).encode()
