# SPDX-License-Identifier: BSD-3-Clause
"""A partner's SIP server: a Kamailio with an address of its own in the partner's network, found by DNS."""

from sip_user import SipUser


class SipServer:
    """Serves one domain. Users register at port 5060 by UDP, other domains come to 5061 by mutual TLS; to them it goes by
    SRV. User answers-CODE answers every request with that code, Retry-After: 7 and a header line that is nobody's business."""

    def __init__(self, lab, domain, address):
        self.lab, self.domain, self.address = lab, domain, address
        self.program = f"kamailio-{domain}"
        self.work = lab.dir / self.program

    def records(self):
        """For the lab's name server."""
        return f"host-record=sip.{self.domain},{self.address}\n" + "".join(
            f"srv-host=_{service}._tcp.{self.domain},sip.{self.domain},5061,10,5\n" for service in ("sipfederationtls", "sips"))

    def certificate(self):
        """Its files, made anew: the certificate and the key."""
        return self.lab.ca.leaf(f"sip.{self.domain}", f"DNS:{self.domain},URI:sip:{self.domain}")

    def start(self, certificate=None):
        """With its own certificate, or with the one in these two files."""
        self.work.mkdir(exist_ok=True)
        files = certificate or [self.lab.ca.path(f"sip.{self.domain}", suffix) for suffix in ("crt", "key")]
        names = {"DOMAIN": self.domain, "ADDRESS": self.address, "WORK": str(self.work), "CERTIFICATE": files[0], "KEY": files[1]}
        for template, to in (("partner-kamailio.cfg", "kamailio.cfg"), ("partner-kamailio-tls.cfg", "tls.cfg")):
            self.lab.fill(template, self.work / to, names)
        self.lab.start(self.program, "partner", "kamailio", "-DD", "-E", "-f", self.work / "kamailio.cfg", "-w", self.work,
                       "-Y", self.work, "-m", "128", "-M", "8")
        self.lab.wait_for(f"{self.program} to listen", lambda: self.lab.listens("partner", self.address, 5061), self.program)

    def stop(self):
        self.lab.stop(self.program, timeout_s=2)  # it may hang, with a handshake under way
        # Until the last of its processes has given the port back, connections are taken that nobody serves.
        self.lab.wait_for(f"{self.program} to be gone", lambda: not self.lab.listens("partner", self.address, 5061))

    def user(self, name):
        """Somebody there, registered. After another start they have to register anew."""
        user = SipUser(self.lab.ns("partner"), self.address, (self.address, 5060), name, self.domain)
        user.register()
        return user
