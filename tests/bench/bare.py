# SPDX-License-Identifier: BSD-3-Clause
"""Prosody and Kamailio without an edge, in its place: in the lab's node `edge`, with the service addresses on the wire."""

import pathlib
import resource

import flooding
import netns
from xmpp_user import XmppUser

# As Debian's units start them: systemd's soft limit, which Prosody does not raise. Kamailio raises its own.
PROSODY_FILES = 1024

PROSODY = """
run_as_root = true
daemonize = false
pidfile = "{dir}/bare/prosody.pid"
data_path = "{dir}/bare/data"
certificates = "{dir}/bare/certs"
log = {{ {{ levels = {{ min = "warn" }}, to = "file", filename = "{dir}/log/bare-prosody.log" }} }}
interfaces = {{ "{address}", "{address6}" }}
local_interfaces = {{ "127.0.0.1" }}
network_settings = {{ nagle = false }}
modules_enabled = {{ "saslauth"; "tls"; "disco"; "presence"; "message"; "iq"; "ping"; "s2s"; "s2s_auth_certs"; "c2s"; "posix" }}
modules_disabled = {{ "dialback" }}
c2s_require_encryption = true
s2s_require_encryption = true
s2s_secure_auth = true
authentication = "internal_plain"
storage = "internal"
ssl = {{ cafile = "{dir}/ca/ca.crt"; capath = false; }}
VirtualHost "corp.example"
"""

KAMAILIO = """#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=2
enable_tls=yes
server_signature=no
listen=tls:{address}:5061
alias="corp.example"
mpath="/usr/lib/{arch}/kamailio/modules/"
loadmodule "kex.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "tls.so"
modparam("tls", "config", "{dir}/bare/tls.cfg")

request_route {{
	sl_send_reply("200", "OK");
}}
"""

TLS = "[{side}:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\nprivate_key = {key}\n" \
      "certificate = {certificate}\nca_list = {ca}\n"


class Bare:
    """The node's own kernel answers at the service address from now on. The CPU of the dataplane's lcore receives."""

    def __init__(self, lab):
        self.lab = lab
        self.address = lab.address("service4")
        self.dir = lab.dir / "bare"
        for part in ("data", "certs"):
            (self.dir / part).mkdir(parents=True, exist_ok=True)
        netns.run("ip", "-n", lab.ns("edge"), "address", "add", f"{self.address}/24", "dev", "port0")
        self._kernel_speaks(True)
        netns.run("ip", "-n", lab.ns("edge"), "address", "add", f"{lab.address('service6')}/64", "dev", "port0", "nodad")
        flooding.prepare(lab, "edge", "port0")

    def _kernel_speaks(self, yes):
        """IPv6, and received where the dataplane's lcore would be."""
        netns.run("ip", "netns", "exec", self.lab.ns("edge"), "sysctl", "-qw", f"net.ipv6.conf.port0.disable_ipv6={int(not yes)}")
        netns.run("ip", "netns", "exec", self.lab.ns("edge"), "sh", "-c", f"echo {int(yes)} > /sys/class/net/port0/queues/rx-0/rps_cpus")

    def away(self):
        for program in ("bare-prosody", "bare-kamailio"):
            self.lab.stop(program)
        netns.run("ip", "-n", self.lab.ns("edge"), "address", "flush", "dev", "port0")
        self._kernel_speaks(False)

    def _wait(self, program, port):
        said = ("ip", "netns", "exec", self.lab.ns("edge"), "ss", "-Hltn")
        self.lab.wait_for(f"{program} to listen", lambda: f"{self.address}:{port} " in netns.run(*said), program)

    def start_prosody(self, files=PROSODY_FILES):
        config = self.dir / "prosody.cfg.lua"
        config.write_text(PROSODY.format(dir=self.lab.dir, address=self.address, address6=self.lab.address("service6")), encoding="utf-8")
        for suffix in ("crt", "key"):
            file = pathlib.Path(self.lab.ca.path("corp.example", suffix))
            (self.dir / "certs" / file.name).write_bytes(file.read_bytes())
        if not any((self.dir / "data").iterdir()):
            netns.run("prosodyctl", "--config", str(config), "register", "bob", "corp.example", "secret")
        self.lab.start("bare-prosody", "edge", "prlimit", f"--nofile={files}:{resource.getrlimit(resource.RLIMIT_NOFILE)[1]}", "prosody",
                       "-F", "--config", config)
        self._wait("bare-prosody", 5269)
        return XmppUser(self.lab.ns("edge"), self.address, "bob@corp.example", "secret", self.lab.ca.file)

    def start_kamailio(self):
        path = self.lab.ca.path
        (self.dir / "tls.cfg").write_text("".join(
            TLS.format(side=side, key=path("corp.example", "key"), certificate=path("corp.example", "crt"), ca=self.lab.ca.file)
            for side in ("server", "client")), encoding="utf-8")
        config = self.dir / "kamailio.cfg"
        config.write_text(KAMAILIO.format(dir=self.lab.dir, address=self.address, arch=self.lab.values["ARCH"]), encoding="utf-8")
        self.lab.start("bare-kamailio", "edge", "kamailio", "-DD", "-E", "-f", config, "-w", self.dir, "-Y", self.dir, "-m", "512", "-M", "16")
        self._wait("bare-kamailio", 5061)
