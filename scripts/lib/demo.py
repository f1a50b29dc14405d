# SPDX-License-Identifier: BSD-3-Clause
"""The scenes of scripts/demo: says in plain words what it does and checks that it happened."""

import argparse
import queue
import signal
import sys
import time

import lab as lab_module
import s2s
from lab import Lab, Problem
from sip_user import user_of

TEXT = "Grüße & <Küsse> from \"Zoë\" – 'naïve' 東京 🚀"


class Demo:
    def __init__(self, lab):
        self.lab = lab
        self.passed = self.failed = 0

    def scene(self, text):
        print(f"\n* {text}", flush=True)

    def check(self, what, ok, detail=""):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
        print(f"  {'ok    ' if ok else 'FAILED'} {what}{'' if ok or not detail else f': {detail}'}", flush=True)

    # ---- scenes ---------------------------------------------------------------------------

    def cross_to_sip(self, alice, bob):
        self.scene("alice@partner.example (XMPP, on Prosody) writes to bob@corp.example (SIP, on Kamailio)")
        started = time.monotonic()
        alice.send("bob@corp.example", TEXT, subject="Agenda & minutes", thread="thread-17", lang="de")
        try:
            got = bob.receive()
        except queue.Empty:
            self.check("the message arrives", False, self.ends())
            return
        self.check(f"it arrives, {(time.monotonic() - started) * 1e3:.0f} ms after it was sent "
                   "(with DNS, TLS and SASL on the way)", True)
        self.check("the text is unchanged, to the octet", got["body"] == TEXT, got["body"])
        self.check("its sender is alice's address as a SIP URI", user_of(got["from"]) == "sip:alice@partner.example",
                   got["from"])
        self.check("subject, thread and language came along",
                   (got["subject"], got["call_id"], got["lang"]) == ("Agenda & minutes", "thread-17", "de"), str(got))

    def cross_to_xmpp(self, alice, bob):
        self.scene("bob answers")
        code, reason, _ = bob.send("sip:alice@partner.example", TEXT[::-1], subject="Re: Agenda", lang="de")
        self.check("SIP says that it was accepted (202)", code == 202, f"{code} {reason}")
        try:
            got = alice.receive()
        except queue.Empty:
            self.check("the answer arrives", False, self.ends())
            return
        self.check("the text is unchanged, to the octet", got["body"] == TEXT[::-1], got["body"])
        self.check("its sender is bob's address as a JID", got["from"] == "bob@corp.example", got["from"])

    def errors(self, alice, bob):
        self.scene("alice writes to a user that does not exist inside")
        sent = alice.send("nobody@corp.example", "hello?", stanza_id="demo-err-1")
        try:
            back = alice.receive_error()
            self.check("her message comes back as an error with its id",
                       (back["id"], back["from"]) == (sent, "nobody@corp.example"), str(back))
            self.check("the error says item-not-found", back["condition"] == "item-not-found", str(back))
        except queue.Empty:
            self.check("her message comes back as an error", False, self.ends())
        self.scene("bob writes to a user that does not exist at the partner's")
        code, reason, _ = bob.send("sip:nobody@partner.example", "hello?")
        self.check("SIP says 480: the partner's server does not tell unknown from unreachable", code == 480,
                   f"{code} {reason}")
        self.scene("bob writes to a partner whose server does not answer")
        code, reason, _ = bob.send("sip:x@gone.example", "hello?")
        self.check("SIP says 504", code == 504, f"{code} {reason}")

    def refused(self):
        lab, partner = self.lab, self.lab.ns("partner")
        self.scene("a blocked partner opens a stream: <stream from='blocked.example'>")
        how, said = self.plain(partner, "STRANGER4",
                               "<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
                               "xmlns:stream='http://etherx.jabber.org/streams' from='chat.blocked.example' "
                               "to='corp.example' version='1.0'>")
        self.check("reset at its first line, before TLS", how == "ConnectionResetError" and said == b"", f"{how} {said!r}")
        self.scene("a blocked address connects")
        answer = s2s.syn_answer(partner, lab.address("blocked4"), (lab.address("service4"), 5269))
        self.check("its SYN is refused", answer == "refused", answer)
        self.scene("a stranger speaks HTTP to the XMPP port, another one asks for a domain that is not ours")
        how, said = self.plain(partner, "STRANGER4", "GET / HTTP/1.1\r\nHost: corp.example\r\n\r\n")
        self.check("HTTP is reset", how == "ConnectionResetError" and said == b"", f"{how} {said!r}")
        spoken = lab.packets()["spoken"]
        self.check("and named: the edge counted one that spoke http", spoken["http"] == 1, str(spoken))
        how, said = self.plain(partner, "STRANGER4",
                               "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
                               "from='second.example' to='bank.example' version='1.0'>")
        self.check("the foreign domain is reset", how == "ConnectionResetError" and said == b"", f"{how} {said!r}")
        self.scene("somebody with a certificate of stranger.example claims to be partner.example")
        certificate, key = lab.ca.leaf("stranger.example", "DNS:stranger.example")
        try:
            with s2s.Stream(partner, lab.address("stranger4")) as stream:
                stream.log_in(certificate, key)
            self.check("it is refused", False, "it was let in")
        except s2s.Refused as refused:
            self.check("it is refused", True, str(refused))

    def plain(self, namespace, source, data):
        return s2s.plain(namespace, self.lab.address(source), data)

    def counters(self):
        self.scene("what became of every packet")
        seen = self.lab.packets()
        for way, words in (("in", "from outside"), ("out", "from the kernel")):
            part = seen[way]
            total = sum(part[fate] for fate in ("forwarded", "answered", "consumed", "dropped", "held"))
            print(f"  {words}: received {part['received']} = forwarded {part['forwarded']} + answered "
                  f"{part['answered']} + consumed {part['consumed']} + dropped {part['dropped']} + held {part['held']}")
            self.check(f"{words}: every packet has one fate", part["received"] == total, f"{part['received']} != {total}")
        for fate, whole in (("dropped", "dropped"), ("refused", "answered")):
            named = {cause: number for cause, number in sorted(seen[fate].items()) if number}
            for cause, number in named.items():
                print(f"    {fate} {number:6} {cause}")
            self.check(f"the causes of what was {fate} add up",
                       sum(named.values()) == seen["in"][whole] + seen["out"][whole], str(seen))
        print("  the control plane counted:")
        for name, number in sorted(self.lab.show("counters").items()):
            print(f"    {number:6} {name}")

    def ends(self):
        return "\n" + "\n".join(
            f"--- {p}\n" + "\n".join(self.lab.log_text(p).splitlines()[-8:]) for p in ("dataplane", "control"))

    def run(self):
        print("Bringing up a lab in network namespaces: a partner's network (Prosody, partner.example), the edge\n"
              "(the dataplane on one end of a veth, the control plane behind its TAP), an inside network\n"
              "(Kamailio, corp.example) with a SIP user.", flush=True)
        self.lab.up()
        alice, bob = self.lab.xmpp_user("alice"), self.lab.sip_user("bob")
        try:
            self.cross_to_sip(alice, bob)
            self.cross_to_xmpp(alice, bob)
            self.errors(alice, bob)
            self.refused()
            self.counters()
        finally:
            alice.close()
            bob.close()


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--build")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    problem = lab_module.missing_for_lab()
    if problem:
        print(f"demo: {problem}", file=sys.stderr)
        print("demo: 0 passed, 1 failed")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lab = Lab("demo", args.build, args.verbose)
    demo = Demo(lab)
    try:
        demo.run()
    except (Problem, RuntimeError, OSError, TimeoutError, queue.Empty) as failed:
        demo.check("the demo runs to its end", False, f"{type(failed).__name__}: {failed}")
    except KeyboardInterrupt:
        demo.check("the demo runs to its end", False, "interrupted")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        lab.down()
    print(f"\ndemo: {demo.passed} passed, {demo.failed} failed")
    return 1 if demo.failed else 0


if __name__ == "__main__":
    sys.exit(main())
