# SPDX-License-Identifier: BSD-3-Clause
"""What tests share that watch or change an edge: picketctl with its exit code, documents, messages both ways."""

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


def both_ways(user, bob, word):
    """Messages cross between a user outside and bob."""
    user.send("bob@corp.example", f"{word} in")
    got = bob.receive(timeout_s=30)
    assert got["body"] == f"{word} in" and f"sip:{user.jid}>" in got["from"] + ">", got
    code, reason, _ = bob.send(f"sip:{user.jid}", f"{word} out")
    assert code == 202, reason
    got = user.receive(timeout_s=30)
    assert (got["body"], got["from"]) == (f"{word} out", "bob@corp.example")


def refused_both_ways(user, bob, code=403, condition=None):
    """The headers of what bob hears."""
    sent = user.send("bob@corp.example", "refused")
    back = user.receive_error(timeout_s=20)
    assert back["id"] == sent
    assert condition is None or back["condition"] == condition, back
    said, reason, headers = bob.send(f"sip:{user.jid}", "refused")
    assert said == code, reason
    return headers


def streams(lab):
    return [row for row in lab.show("sessions") if row["kind"] == "xmpp stream"]


def until(condition, what, timeout_s=20, pause_s=0.05):
    """How long it took, in seconds."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + timeout_s, what
        time.sleep(pause_s)
    return time.monotonic() - begun


def shown_certificate(lab):
    """What a new connection sees, in DER."""
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 5269)) as stream:
        with contextlib.suppress(s2s.Refused):  # without a certificate, behind the handshake
            stream.starttls(sender="second.example")
        return stream.sock.getpeercert(binary_form=True)
