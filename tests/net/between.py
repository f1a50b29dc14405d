# SPDX-License-Identifier: BSD-3-Clause
"""Somebody between the two daemons: takes the control plane's connection, opens one to the dataplane, and
hands packets over with their descriptors; the one that a test waits for is kept back."""

import array
import json
import os
import socket
import threading

PACKET_BYTES = 64 * 1024
DESCRIPTORS = 253


class Packet:
    """One that is kept back."""

    def __init__(self, question, kind):
        self.question, self.kind = question, kind
        self.here = threading.Event()
        self._decided = threading.Event()
        self._goes_on = False

    def wait(self, timeout_s=20):
        assert self.here.wait(timeout_s), f"no {'question' if self.question else 'answer'} {self.kind} came"

    def pass_on(self):
        """Whether its sender is still there or not."""
        self._goes_on = True
        self._decided.set()

    def lose(self):
        self._decided.set()

    def keep(self):
        """The thread that has it. True: it goes on."""
        self.here.set()
        self._decided.wait(60)
        return self._goes_on


def _receive(sock):
    data, ancillary, _, _ = sock.recvmsg(PACKET_BYTES, socket.CMSG_SPACE(DESCRIPTORS * 4))
    fds = array.array("i")
    for level, kind, body in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(body[: len(body) - len(body) % 4])
    return data, fds


def _send(sock, data, fds):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if fds else []
    sock.sendmsg([data], rights)


class Between:
    """Listens at path, which the control plane is told to be the dataplane's."""

    def __init__(self, path, dataplane):
        self.path, self._dataplane = str(path), str(dataplane)
        self._wanted = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self._listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def next(self, question, kind):
        """The next question of this type, or (question false) the answer to one, will be kept back."""
        self._wanted = Packet(question, kind)
        return self._wanted

    def _accept(self):
        while True:
            try:
                control, _ = self._listener.accept()
            except OSError:
                return
            dataplane = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                dataplane.connect(self._dataplane)
            except OSError:
                control.close()
                continue
            types = {}  # of questions, by id
            threading.Thread(target=self._carry, args=(control, dataplane, types, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(dataplane, control, types, False), daemon=True).start()

    def _carry(self, source, target, types, questions):
        try:
            while True:
                data, fds = _receive(source)
                if not data:
                    break
                try:
                    if self._may_pass(json.loads(data), types, questions):
                        _send(target, data, fds)
                finally:
                    for fd in fds:
                        os.close(fd)
        except OSError:
            pass
        # What has been handed over is read before the end is seen, as on one connection.
        for sock in (target, source):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _may_pass(self, message, types, questions):
        number = message.get("id")
        if questions:
            types[number] = message.get("type")
        kind = types.get(number)
        wanted = self._wanted
        if wanted is None or (wanted.question, wanted.kind) != (questions, kind):
            return True
        self._wanted = None
        return wanted.keep()
