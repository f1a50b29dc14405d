# SPDX-License-Identifier: BSD-3-Clause
"""The flood generator in the lab's partner network, from addresses that nobody knows."""

import json
import subprocess
import threading
import time

import netns

SOURCES = {4: "198.18.0.0/15", 6: "2001:db8:f::/48"}
HEADER_BEGUN = "<?xml version='1.0'?><stream:stream xmlns='jabber:server' "  # of a header that never ends
PAIRS = {4: ("SERVICE4", "PARTNER4"), 6: ("SERVICE6", "PARTNER6")}


def port_mac(lab):
    return json.loads(netns.run("ip", "-j", "-n", lab.ns("edge"), "link", "show", "port0"))[0]["address"]


def prepare(lab, node="picket", interface="picket0"):
    """The ways there and back: to the service addresses without questions, and from them, which `node` has on `interface`, to
    the sources through the partner's address."""
    for version, prefix in SOURCES.items():
        service, partner = (lab.address(name) for name in PAIRS[version])
        family = f"-{version}"
        netns.run("ip", family, "-n", lab.ns("partner"), "neighbour", "replace", service, "lladdr", port_mac(lab), "dev", "net0",
                  "nud", "permanent")
        netns.run("ip", family, "-n", lab.ns(node), "route", "replace", prefix, "via", partner, "dev", interface)


def at_home(lab, version, here):
    """Are the sources addresses of the partner's network? True connections need it; a kernel that has them answers SYN-ACKs
    to forged SYNs with RST, which no attacker does."""
    route = ("ip", f"-{version}", "-n", lab.ns("partner"), "route")
    netns.run(*route, "replace", "local", SOURCES[version], "dev", "lo")
    if not here:
        netns.run(*route, "delete", "local", SOURCES[version], "dev", "lo")


class Flood:
    """Runs from the start on, for `seconds`. `what` is syn, ack or connect, `more` the generator's other options."""

    def __init__(self, lab, what, version=4, seconds=3.0, port=5269, prefix=(), **more):
        service = lab.address(PAIRS[version][0])
        frames = () if what == "connect" else ("--interface", "net0", "--target-mac", port_mac(lab))
        at_home(lab, version, what == "connect")
        options = [f"--{name.replace('_', '-')}={value}" for name, value in more.items() if value not in (None, True)]
        options += [f"--{name.replace('_', '-')}" for name, value in more.items() if value is True]
        self._process = subprocess.Popen(
            (*prefix, "nsenter", f"--net={netns.path(lab.ns('partner'))}", lab.build / "tests" / "bench" / "flood", what,
             "--target", service, "--port", str(port), "--source", SOURCES[version], "--seconds", str(seconds), *frames, *options),
            stdout=subprocess.PIPE, text=True)
        self.last = None  # of its figures
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _read(self):
        for line in self._process.stdout:
            self.last = json.loads(line)

    def running(self):
        return self._process.poll() is None

    def held(self, count, timeout_s=60.0):
        """Wait until so many connections are open at once."""
        end = time.monotonic() + timeout_s
        while self.last is None or self.last["held"] < count:
            if time.monotonic() > end or not self.running():
                raise TimeoutError(f"{count} connections at once; now {self.last}")
            time.sleep(0.1)

    def stop(self):
        if self.running():
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def wait(self):
        """Its last figures, when its time is over."""
        code = self._process.wait(timeout=120)
        self._reader.join()
        if code != 0:
            raise RuntimeError(f"flood: exit code {code}")
        return self.last
