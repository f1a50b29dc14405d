# SPDX-License-Identifier: BSD-3-Clause
"""The lab: a partner's network with Prosody, the edge, an inside network with Kamailio and a SIP
user, in network namespaces of their own on one machine. Used by scripts/lab, scripts/demo and the
tests in tests/net. Needs root."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sysconfig
import time

import certs
import fates
import netns
from sip_server import SipServer
from sip_user import SipUser
from xmpp_user import XmppUser

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "scripts" / "lib" / "lab"
RUN = pathlib.Path("/run/picket-lab")

ADDRESSES = {
    "SERVICE4": "198.51.100.1",
    "SERVICE6": "2001:db8:1::1",
    "PARTNER4": "198.51.100.10",
    "PARTNER6": "2001:db8:1::10",
    "STRANGER4": "198.51.100.77",
    "BLOCKED4": "198.51.100.66",
    "INSIDE": "192.0.2.10",
    "SIPUSER": "192.0.2.20",
    "EDGE_INSIDE": "192.0.2.1",
}
NODES = ("partner", "edge", "picket", "inside")


class Problem(Exception):
    """Something that the person in front of the screen can act on."""


def missing_for_lab():
    """Why the lab cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root for network namespaces: run it as root or with sudo"
    for tool in ("ip", "ethtool", "openssl", "prosody", "prosodyctl", "kamailio", "dnsmasq"):
        if not shutil.which(tool):
            return f"there is no {tool}: run scripts/setup"
    probe = f"picket-probe-{os.getpid()}"
    done = subprocess.run(("ip", "netns", "add", probe), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"cannot make a network namespace: {done.stderr.strip()}"
    netns.run("ip", "netns", "delete", probe)
    return None


class Lab:
    """guests: more XMPP partners, name: (address in the partner's network, its limits as YAML).
    hosts: more names that the partner's Prosody serves, each with an alice and a certificate of its own.
    sip_hosts: SIP partners, name: address in the partner's network; each has a Kamailio, in sip_servers by its name.
    fr_timer_ms: how long Kamailio waits for a final response. lcores: EAL arguments. queues: of each port.
    dialback: the partner's Prosody has a certificate that nobody signed, and asks and answers by dialback, in clear
    text if need be. ports: interfaces of node edge; up makes the first only. handoff: the dataplane's --handoff; also the
    environment variable PICKET_HANDOFF, where a lab does not care. memory_mib: the dataplane's, for packets and tables."""

    def __init__(self, name="lab", build=None, verbose=False, guests=None, hosts=(), sip_hosts=None, fr_timer_ms=3000,
                 lcores=("-l", "0"), queues=1, ports=("port0",), handoff=None, memory_mib=512,
                 dialback=False):
        self.name = name
        self.build = pathlib.Path(build or ROOT / "build")
        self.dir = RUN / name
        self.verbose = verbose
        self.guests = guests or {}
        self.hosts = hosts
        self.sip_servers = {domain: SipServer(self, domain, address) for domain, address in (sip_hosts or {}).items()}
        self.lcores, self.queues, self.ports = lcores, queues, ports
        self.memory_mib = memory_mib
        self.dialback = dialback
        self.handoff = handoff or os.environ.get("PICKET_HANDOFF")
        self.values = dict(ADDRESSES, DIR=str(self.dir), ARCH=sysconfig.get_config_var("MULTIARCH") or "",
                           LEVEL="debug" if verbose else "info", DEBUG="3" if verbose else "1", FR_TIMER_MS=str(fr_timer_ms), DIALBACK='"dialback"' if dialback else "",
                           S2S_STRICT="false" if dialback else "true", GUESTS=self._guest_rules(),
                           HOSTS="".join(f'VirtualHost "{host}"\n' for host in hosts), HOST_RECORDS=self._host_records())
        self._processes = {}
        self._pid_file = self.dir / "pids.json"

    # ---- names ----------------------------------------------------------------------------

    def ns(self, node):
        return f"pk-{self.name}-{node}"

    def address(self, what):
        return self.values[what.upper()]

    @property
    def ca(self):
        return certs.Authority(self.dir / "ca")

    @property
    def control_socket(self):
        return str(self.dir / "edge" / "control.sock")

    @property
    def statistics_socket(self):
        """Beside it, unless start_control was told another one."""
        return str(self.dir / "edge" / "statistics.sock")

    @property
    def dpdk_dir(self):
        """Where DPDK keeps the telemetry socket."""
        return pathlib.Path("/var/run/dpdk") / f"pk-{self.name}"

    def log(self, program):
        return self.dir / "log" / f"{program}.log"

    def log_text(self, program):
        return self.log(program).read_text(encoding="utf-8", errors="replace") if self.log(program).exists() else ""

    # ---- life -----------------------------------------------------------------------------

    def up(self, edge=True, peers=True, rules=None):
        if self._pid_file.exists():
            raise Problem(f"lab '{self.name}' is up already: scripts/lab --name {self.name} down")
        for part in ("ca", "log", "edge/state", "edge/control-state", "prosody/certs", "prosody/data", "kamailio"):
            (self.dir / part).mkdir(parents=True, exist_ok=True)
        self._save_pids()
        self._make_certificates()
        self._make_networks()
        self.write_rules(rules)
        if peers:
            self.start_dns()
            self.start_prosody()
            self.start_kamailio()
            for server in self.sip_servers.values():
                server.start()
        if edge:
            self.start_dataplane()
            self.start_control()
            self.wait_ready()

    def down(self):
        """Stop and remove all that up made; fine on a half-made lab."""
        if self._pid_file.exists():
            for program, (pid, started) in json.loads(self._pid_file.read_text()).items():
                if program not in self._processes and _start_time(pid) == started:
                    _stop_pid(pid)
        for program in reversed(list(self._processes)):
            self.stop(program)
        for node in NODES:
            if os.path.exists(netns.path(self.ns(node))):
                _kill_leftovers(self.ns(node))
                netns.run("ip", "netns", "delete", self.ns(node))
            shutil.rmtree(f"/etc/netns/{self.ns(node)}", ignore_errors=True)
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.dpdk_dir, ignore_errors=True)
        for left in ("/etc/netns", RUN):
            with contextlib.suppress(OSError):
                os.rmdir(left)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    # ---- processes ------------------------------------------------------------------------

    def start(self, program, node, *argv, env=None):
        """Run a command in a node's namespace, its output in the node's log."""
        log = open(self.log(program), "ab")
        # nsenter and not 'ip netns exec': that one mounts /sys anew. The name server needs its
        # resolv.conf, so a mount namespace is made only where one is wanted.
        prefix = ("ip", "netns", "exec", self.ns(node)) if node == "partner" else (
            "nsenter", f"--net={netns.path(self.ns(node))}")
        process = subprocess.Popen((*prefix, *map(str, argv)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True, env=dict(os.environ, **(env or {})))
        log.close()
        self._processes[program] = process
        self._save_pids()
        return process

    def stop(self, program, how=signal.SIGTERM, timeout_s=10):
        process = self._processes.pop(program, None)
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its children, too
                process.wait()
        self._save_pids()
        return process.returncode

    def pid(self, program):
        return self._processes[program].pid

    def _save_pids(self):
        pids = {p: (process.pid, _start_time(process.pid)) for p, process in self._processes.items()}
        self._pid_file.write_text(json.dumps(pids))

    def check_alive(self, *programs):
        for program in programs:
            code = self._processes[program].poll()
            if code is not None:
                tail = "\n".join(self.log_text(program).splitlines()[-15:])
                raise Problem(f"{program} ended with exit code {code}; the end of {self.log(program)}:\n{tail}")

    def wait_for(self, what, condition, *programs, timeout_s=20.0):
        end = time.monotonic() + timeout_s
        while not condition():
            self.check_alive(*programs)
            if time.monotonic() > end:
                tails = "".join(f"\n--- {p}\n" + "\n".join(self.log_text(p).splitlines()[-10:]) for p in programs)
                raise Problem(f"waited {timeout_s:.0f} s for {what}{tails}")
            time.sleep(0.05)

    # ---- pieces ---------------------------------------------------------------------------

    def fill(self, template, to, more=None):
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        for key, value in {**self.values, **(more or {})}.items():
            text = text.replace(f"@{key}@", value)
        pathlib.Path(to).write_text(text, encoding="utf-8")

    def _guest_rules(self):
        return "".join(f"  - {{domain: {name}, protocol: xmpp, sources: [{address}/32], limits: {limits}}}\n"
                       for name, (address, limits) in self.guests.items())

    def _host_records(self):
        return "".join((*(f"srv-host=_xmpp-server._tcp.{host},xmpp.partner.example,5269,10,5\n" for host in self.hosts),
                        *(server.records() for server in self.sip_servers.values())))

    def write_rules(self, text=None):
        to = self.dir / "edge" / "rules.yaml"
        if text is None:
            self.fill("rules.yaml", to)
        else:
            to.write_text(text, encoding="utf-8")
        return to

    def _make_certificates(self):
        ca = self.ca
        ca.leaf("corp.example", "DNS:corp.example,URI:sip:corp.example")
        # Kamailio is the inside server of the same domain, with a key of its own.
        ca.leaf("inside", "DNS:sip.corp.example,URI:sip:corp.example")
        (ca.self_signed if self.dialback else ca.leaf)("partner.example", "DNS:partner.example")
        for host in self.hosts:
            ca.leaf(host, f"DNS:{host}")
        for host in ("partner.example", *self.hosts):
            for suffix in ("crt", "key"):
                shutil.copy(ca.path(host, suffix), self.dir / "prosody" / "certs")
        for server in self.sip_servers.values():
            server.certificate()

    def _make_networks(self):
        v = self.values
        for node in ("partner", "edge", "inside"):
            netns.run("ip", "netns", "add", self.ns(node))
            netns.run("ip", "-n", self.ns(node), "link", "set", "lo", "up")
        netns.run("ip", "-n", self.ns("edge"), "link", "add", "port0", "numrxqueues", "1", "numtxqueues", "1",
                  "type", "veth", "peer", "name", "net0", "netns", self.ns("partner"))
        # The edge's own kernel must stay silent on the port: the dataplane answers there.
        netns.run("ip", "netns", "exec", self.ns("edge"), "sysctl", "-qw", "net.ipv6.conf.port0.disable_ipv6=1")
        netns.run("ip", "-n", self.ns("edge"), "link", "set", "port0", "up")
        partner = self.ns("partner")
        for address in (f"{v['PARTNER4']}/24", f"{v['STRANGER4']}/24", f"{v['BLOCKED4']}/24", f"{v['PARTNER6']}/64",
                        *(f"{address}/24" for address, _ in self.guests.values()),
                        *(f"{server.address}/24" for server in self.sip_servers.values())):
            extra = ("nodad",) if ":" in address else ()
            netns.run("ip", "-n", partner, "address", "add", address, "dev", "net0", *extra)
        # veth leaves checksums for hardware that is not there.
        netns.run("ip", "netns", "exec", partner, "ethtool", "-K", "net0", "tx", "off")
        netns.run("ip", "-n", partner, "link", "set", "net0", "up")
        mac = json.loads(netns.run("ip", "-j", "-n", self.ns("edge"), "link", "show", "port0"))[0]["address"]
        netns.run(str(ROOT / "scripts" / "netns"), "up", "--netns", self.ns("picket"), "--port-mac", mac,
                  "--address", f"{v['SERVICE4']}/24", "--address", f"{v['SERVICE6']}/64",
                  "--inside-peer", f"{self.ns('inside')}:net0", "--inside-address", f"{v['EDGE_INSIDE']}/24")
        inside = self.ns("inside")
        for address in (v["INSIDE"], v["SIPUSER"]):
            netns.run("ip", "-n", inside, "address", "add", f"{address}/24", "dev", "net0")
        netns.run("ip", "-n", inside, "link", "set", "net0", "up")

    def start_dns(self):
        for node, address in (("partner", self.values["PARTNER4"]), ("inside", self.values["INSIDE"])):
            self.fill("dnsmasq.conf", self.dir / "dnsmasq.conf")
            self.start(f"dns-{node}", node, "dnsmasq", "-k", "-C", self.dir / "dnsmasq.conf",
                       f"--listen-address={address}", "--port=53", "--log-facility=-")
        etc = pathlib.Path("/etc/netns") / self.ns("partner")
        etc.mkdir(parents=True, exist_ok=True)
        (etc / "resolv.conf").write_text(f"nameserver {self.values['PARTNER4']}\noptions timeout:1 attempts:2\n")

    def start_prosody(self):
        config = self.dir / "prosody" / "prosody.cfg.lua"
        self.fill("prosody.cfg.lua", config)
        for user, host in (("alice", "partner.example"), ("anna", "partner.example"), *(("alice", h) for h in self.hosts)):
            netns.run("prosodyctl", "--config", str(config), "register", user, host, "secret")
        self.start("prosody", "partner", "prosody", "-F", "--config", config)
        self.wait_for("Prosody to listen", lambda: self.listens("partner", self.values["PARTNER4"], 5269), "prosody")

    def start_kamailio(self):
        for template, to in (("kamailio.cfg", "kamailio.cfg"), ("kamailio-tls.cfg", "tls.cfg")):
            self.fill(template, self.dir / "kamailio" / to)
        work = self.dir / "kamailio"
        self.start("kamailio", "inside", "kamailio", "-DD", "-E", "-f", work / "kamailio.cfg", "-w", work, "-Y", work,
                   "-m", "512", "-M", "16")
        self.wait_for("Kamailio to listen", lambda: self.listens("inside", self.values["INSIDE"], 5061), "kamailio")

    def start_dataplane(self, *extra):
        edge = self.dir / "edge"
        before = len(self.log_text("dataplane"))
        vdevs = [word for i, port in enumerate(self.ports) for word in (
            "--vdev", f"net_af_packet{i},iface={port},qpairs={self.queues},blocksz=65536,framesz=2048,framecnt=4096")]
        self.start("dataplane", "edge", self.build / "dataplane" / "picket-dataplane", *self.lcores, "--no-pci",
                   "--no-huge", "-m", str(self.memory_mib), "--no-shconf", "--file-prefix", f"pk-{self.name}", *vdevs, "--",
                   "--netns", self.ns("picket"), "--socket", edge / "dataplane.sock", "--state", edge / "state", "--group", "nogroup",
                   *(("--handoff", self.handoff) if self.handoff else ()), *(("-v",) if self.verbose else ()), *extra)
        self.wait_for("the dataplane", lambda: "dataplane: ready" in self.log_text("dataplane")[before:], "dataplane")

    def start_control(self, *extra):
        edge = self.dir / "edge"
        self.start("control", "picket", self.build / "control" / "picket-control", "--rules", edge / "rules.yaml",
                   "--ca", self.ca.file, "--dataplane", edge / "dataplane.sock", "--control", self.control_socket,
                   "--inside", f"{self.values['EDGE_INSIDE']}:5061", "--resolver", self.values["INSIDE"],
                   "--state", edge / "control-state", "--user", "nobody", *(("-v",) if self.verbose else ()), *extra)

    def wait_ready(self):
        def ready():
            with contextlib.suppress(RuntimeError, ValueError):
                return self.show("dataplane").get("state") == "ready" and self.listening()
            return False

        self.wait_for("the edge to listen", ready, "dataplane", "control")

    def listening(self):
        return self.listens("picket", self.values["SERVICE4"], 5269)

    def listens(self, node, address, port):
        said = netns.run("ip", "netns", "exec", self.ns(node), "ss", "-Hltn")
        return f"{address}:{port} " in said

    # ---- what the edge says ----------------------------------------------------------------

    def ctl(self, *argv):
        return netns.run(str(self.build / "control" / "ctl" / "picketctl"), "--socket", self.control_socket, *argv)

    def show(self, what):
        return json.loads(self.ctl("show", what, "--json"))

    def packets(self):
        """The dataplane's counters."""
        return self.show("dataplane")["counters"]

    def fate_faults(self, timeout_s=5.0):
        """What does not add up in the counters, in words. While packets cross they are read at different
        moments: what is wrong must stay wrong."""
        end = time.monotonic() + timeout_s
        while (said := fates.faults(self.packets())) and time.monotonic() < end:
            time.sleep(0.05)
        return said

    # ---- people ---------------------------------------------------------------------------

    def xmpp_user(self, name="alice", host="partner.example"):
        ca_file = self.ca.path(host, "crt") if self.dialback else self.ca.file
        return XmppUser(self.ns("partner"), self.values["PARTNER4"], f"{name}@{host}", "secret", ca_file)

    def sip_user(self, name="bob"):
        user = SipUser(self.ns("inside"), self.values["SIPUSER"], (self.values["INSIDE"], 5060), name, "corp.example")
        user.register()
        return user


def _start_time(pid):
    """What tells a process from a later one with the same pid; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[19]
    except OSError:
        return None


def _stop_pid(pid):
    started = _start_time(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if _start_time(pid) != started:
            return
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill_leftovers(namespace):
    """Children that outlived their parent (Kamailio's) live in our namespace, and only they do."""
    for pid in netns.run("ip", "netns", "pids", namespace).split():
        if int(pid) != os.getpid():
            _stop_pid(int(pid))
