# SPDX-License-Identifier: BSD-3-Clause
"""What the edge and the kernel behind it hold at one moment."""

import pathlib
from dataclasses import dataclass, field

import netns

SLABS = ("request_sock_TCP", "request_sock_TCPv6", "TCP", "TCPv6", "tw_sock_TCP", "tw_sock_TCPv6")


def resident_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def sockets(pid):
    """Of the network namespace that a process lives in: {"TCP": {"inuse": 3, ...}, "TCP6": ...}."""
    found = {}
    for name in ("sockstat", "sockstat6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{name}").read_text(encoding="ascii").splitlines():
            words = line.replace(":", "").split()
            found[words[0]] = dict(zip(words[1::2], map(int, words[2::2])))
    return found


def netstat(pid):
    """Counters of TCP of that namespace, those of snmp and of netstat."""
    found = {}
    for name in ("snmp", "netstat"):
        lines = pathlib.Path(f"/proc/{pid}/net/{name}").read_text(encoding="ascii").splitlines()
        for names, numbers in zip(lines[::2], lines[1::2]):
            if names.startswith(("Tcp:", "TcpExt:")):
                found.update(zip(names.split()[1:], map(int, numbers.split()[1:])))
    return found


def half_open(namespace):
    """Connections whose handshake the kernel has begun to answer."""
    said = netns.run("nsenter", f"--net={netns.path(namespace)}", "ss", "-Hnt", "state", "syn-recv")
    return len(said.splitlines())


def slabs():
    """Objects in use, of the whole machine: to look at, not to rely on."""
    try:
        lines = pathlib.Path("/proc/slabinfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {line.split()[0]: int(line.split()[1]) for line in lines if line.split()[0] in SLABS}


@dataclass(frozen=True)
class Footprint:
    dataplane_kb: int
    control_kb: int
    flows: int
    gathers: int
    waiting: int  # frames for the TAP or the port
    buffers: int
    buffers_all: int
    half_open: int
    tcp: int      # sockets in use behind the TAP
    tcp6: int
    timewait: int
    orphans: int
    pages: int    # of TCP's buffers, of the whole machine
    counters: dict = field(repr=False)  # the dataplane's
    kernel: dict = field(repr=False)    # netstat of the namespace behind the TAP
    slabs: dict = field(repr=False)

    def __str__(self):
        slabs_text = ", ".join(f"{name} {count}" for name, count in self.slabs.items())
        return (f"dataplane {self.dataplane_kb} kB, control {self.control_kb} kB, flows {self.flows}, first bytes {self.gathers}, "
                f"buffers {self.buffers} of {self.buffers_all}, kernel sockets {self.tcp}+{self.tcp6}, half-open {self.half_open}, "
                f"time-wait {self.timewait}; machine: {self.pages} pages of TCP buffers, {slabs_text}")


def take(lab):
    control = lab.pid("control")
    counters = lab.packets()
    stat = sockets(control)
    return Footprint(
        dataplane_kb=resident_kb(lab.pid("dataplane")), control_kb=resident_kb(control), flows=counters["flows"],
        gathers=counters["gathers"], waiting=counters["in"]["held"] + counters["out"]["held"], 
        buffers=counters["buffers"], buffers_all=counters["buffer_capacity"],
        half_open=half_open(lab.ns("picket")), tcp=stat["TCP"]["inuse"], tcp6=stat["TCP6"]["inuse"], timewait=stat["TCP"]["tw"],
        orphans=stat["TCP"]["orphan"], pages=stat["TCP"]["mem"], counters=counters, kernel=netstat(control), slabs=slabs())
