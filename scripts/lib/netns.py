# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces for the lab: running commands in them, and sockets that live in them."""

import contextlib
import ctypes
import os
import socket
import subprocess
import threading

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def run(*argv, **options):
    """Run a command; on failure raise with what it said."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def path(name):
    return f"/run/netns/{name}"


def enter(name):
    """Move the calling thread, and only it, into the namespace, for good."""
    fd = os.open(path(name), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")
    finally:
        os.close(fd)


@contextlib.contextmanager
def inside(name):
    """Sockets opened in this block, by this thread, belong to the namespace and stay there."""
    home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(name)
        yield
    finally:
        _libc.setns(home, CLONE_NEWNET)
        os.close(home)


def connect(name, source, to, timeout_s=5.0):
    """A TCP connection from address `source` in the namespace to (address, port)."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with inside(name):
        sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        sock.bind((source, 0))
        sock.connect(to)
    except OSError:
        sock.close()
        raise
    return sock
