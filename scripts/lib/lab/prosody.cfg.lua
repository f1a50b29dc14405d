-- SPDX-License-Identifier: BSD-3-Clause
-- The partner's server in the lab: partner.example, server-to-server with certificates, or by dialback.
run_as_root = true
daemonize = false
pidfile = "@DIR@/prosody/prosody.pid"
data_path = "@DIR@/prosody/data"
certificates = "@DIR@/prosody/certs"
log = { { levels = { min = "@LEVEL@" }, to = "file", filename = "@DIR@/log/prosody.log" } }
interfaces = { "@PARTNER4@", "@PARTNER6@" }
local_interfaces = { "127.0.0.1" }
network_settings = { nagle = false }
use_ipv6 = true
modules_enabled = { "roster"; "saslauth"; "tls"; "disco"; "presence"; "message"; "iq"; "ping";
	"s2s"; "s2s_auth_certs"; "c2s"; "posix"; "offline"; @DIALBACK@ }
allow_registration = false
c2s_require_encryption = true
s2s_require_encryption = @S2S_STRICT@
s2s_secure_auth = @S2S_STRICT@
authentication = "internal_plain"
storage = "internal"
ssl = { cafile = "@DIR@/ca/ca.crt"; capath = false; }
unbound = { resolvconf = true; hoststxt = false; }
VirtualHost "partner.example"
@HOSTS@
