# SPDX-License-Identifier: BSD-3-Clause
"""What tests of rule changes share: picketctl with its exit code, documents, and messages both ways."""

import contextlib
import subprocess
import time

import s2s

NEW = "  - {domain: new.example, protocol: xmpp}\n"


class Tool:
    """picketctl, with its exit code."""

    def __init__(self, lab, *argv):
        program = str(lab.build / "control" / "ctl" / "picketctl")
        self.process = subprocess.Popen([program, "--socket", lab.control_socket, *map(str, argv)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, timeout_s=60):
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err


def tool(lab, *argv):
    return Tool(lab, *argv).end()


def fine(lab, *argv):
    code, out, err = tool(lab, *argv)
    assert code == 0, err
    return out


def rules_text(lab):
    return (lab.dir / "edge" / "rules.yaml").read_text(encoding="utf-8")


def rules_file(lab, text, name="new.yaml"):
    path = lab.dir / "edge" / name
    path.write_text(text, encoding="utf-8")
    return path


def with_partner(lab, entry=NEW):
    return rules_text(lab).replace("partners:\n", "partners:\n" + entry)


def partners(lab):
    return {row["domain"]: row["id"] for row in lab.show("partners")}


def both_ways(alice, bob, word):
    alice.send("bob@corp.example", f"{word} in")
    assert bob.receive(timeout_s=20)["body"] == f"{word} in"
    code, reason, _ = bob.send("sip:alice@partner.example", f"{word} out")
    assert code == 202, reason
    assert alice.receive(timeout_s=20)["body"] == f"{word} out"


def until(condition, what, timeout_s=20):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def shown_certificate(lab):
    """What a new connection sees, in DER."""
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 5269)) as stream:
        with contextlib.suppress(s2s.Refused):  # without a certificate, behind the handshake
            stream.starttls(sender="second.example")
        return stream.sock.getpeercert(binary_form=True)
