# SPDX-License-Identifier: BSD-3-Clause
"""Two people who write to each other the whole time, one message under way in each direction."""

import queue
import threading
import time


class Conversation:
    """Until it is left: alice writes to bob and waits for the message, bob to alice likewise. Whatever goes wrong is kept in
    `faults`, in words. `took` has, by direction, when each message arrived and how many seconds it was under way."""

    def __init__(self, alice, bob, pause_s=0.01, timeout_s=60.0):
        self.alice, self.bob = alice, bob
        self.pause_s, self.timeout_s = pause_s, timeout_s
        self.faults = []
        self.took = {"in": [], "out": []}
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(way, step), daemon=True)
                         for way, step in (("in", self._inwards), ("out", self._outwards))]

    def _run(self, way, step):
        number = 0
        while not self._ended.wait(self.pause_s):
            body = f"{way} {number}"
            begun = time.monotonic()
            try:
                step(body)
            except (queue.Empty, TimeoutError, AssertionError, OSError) as fault:
                self.faults.append(f"{body}: {type(fault).__name__} {fault}")
                return  # what comes late would be taken for what comes next
            arrived = time.monotonic()
            self.took[way].append((arrived, arrived - begun))
            number += 1

    def _inwards(self, body):
        self.alice.send("bob@corp.example", body)
        got = self.bob.receive(timeout_s=self.timeout_s)["body"]
        assert got == body, f"arrived instead: {got}"

    def _outwards(self, body):
        code, reason, _ = self.bob.send("sip:alice@partner.example", body, timeout_s=self.timeout_s)
        assert code == 202, f"{code} {reason}"
        got = self.alice.receive(timeout_s=self.timeout_s)["body"]
        assert got == body, f"arrived instead: {got}"

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=2 * self.timeout_s)
        while not self.alice.errors.empty():
            self.faults.append(f"an error came back: {self.alice.errors.get()}")
        for user in (self.alice, self.bob):
            while not user.messages.empty():
                self.faults.append(f"arrived besides: {user.messages.get()['body']}")

    def count(self):
        """Messages that arrived so far, in both directions."""
        return sum(map(len, self.took.values()))

    def spread(self, way, since=0.0):
        """Median and 99th percentile in seconds, and how many, of those that arrived since."""
        times = sorted(took for at, took in self.took[way] if at >= since)
        if not times:
            return None, None, 0
        return times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)], len(times)
