# SPDX-License-Identifier: BSD-3-Clause
"""A partner that knocks fast. knock.py SOURCE TO PORT PER_S SECONDS: begin connections at that rate, in the
namespace that it is run in, say a stream header, close each as soon as it is answered or refused, and print how they
ended as JSON, with the time (of the monotonic clock) of the first that was refused."""

import errno
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import time

import s2s


class Knocking:
    """This program beside the one that wants it."""

    def __init__(self, lab, source, per_s, seconds):
        self._process = subprocess.Popen(
            ("nsenter", f"--net=/run/netns/{lab.ns('partner')}", sys.executable, pathlib.Path(__file__), source,
             lab.address("service4"), "5269", str(per_s), str(seconds)), stdout=subprocess.PIPE, text=True)

    def wait(self):
        """How they ended."""
        return json.loads(self._process.communicate(timeout=60)[0])

    def stop(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def main():
    source, to, port, per_s, seconds = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
    ended = {"tried": 0, "accepted": 0, "refused": 0, "silent": 0, "first_refused": None}
    poll = select.poll()
    open_now = {}

    def step(sock, what):
        """Its end, or None: it goes on."""
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            if error:
                raise OSError(error, os.strerror(error))
            if what & select.POLLIN:
                sock.recv(1)
                return "accepted"
            sock.send(s2s.HEADER)
        except OSError as refused:
            if refused.errno == errno.ECONNREFUSED and ended["first_refused"] is None:
                ended["first_refused"] = time.monotonic()
            return "refused"
        poll.modify(sock, select.POLLIN)
        return None

    def settle(timeout_ms):
        for fd, what in poll.poll(timeout_ms):
            end = step(open_now[fd], what)
            if end:
                poll.unregister(fd)
                open_now.pop(fd).close()
                ended[end] += 1

    begun = time.monotonic()
    while (elapsed := time.monotonic() - begun) < seconds:
        if ended["tried"] > elapsed * per_s:
            settle(1)
            continue
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.bind((source, 0))
        sock.connect_ex((to, int(port)))
        ended["tried"] += 1
        open_now[sock.fileno()] = sock
        poll.register(sock, select.POLLOUT | select.POLLIN)
        settle(0)
    settle(0)
    ended["silent"] = len(open_now)
    for sock in open_now.values():  # at once: what they said is not to be sent again for minutes
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    print(json.dumps(ended))


if __name__ == "__main__":
    main()
