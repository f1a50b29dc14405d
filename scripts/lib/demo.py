# SPDX-License-Identifier: BSD-3-Clause
"""The scenes of scripts/demo: says in plain words what it does and checks that it happened."""

import argparse
import json
import queue
import signal
import subprocess
import sys
import threading
import time

import fates
import lab as lab_module
import netns
import s2s
from knock import Knocking
from lab import ROOT, Lab, Problem
from sip_user import user_of

HASTY, HASTY4, HASTY_PER_S = "hasty.example", "198.51.100.50", 5
SIP, SIP4 = "sip-partner.example", "198.51.100.20"
NEW = "new.example"
TEXT = "Grüße & <Küsse> from \"Zoë\" – 'naïve' 東京 🚀"


class Crossing:
    """Messages of alice to bob, one every 10 ms."""

    def __init__(self, alice, bob):
        self.alice, self.bob = alice, bob
        self.sent, self.came = 0, []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def _send(self):
        while not self._ended.wait(0.01):
            self.alice.send("bob@corp.example", f"message {self.sent}")
            self.sent += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        time.sleep(0.05)
        self._ended.set()
        self._thread.join()
        for _ in range(self.sent):
            try:
                self.came.append(int(self.bob.receive(timeout_s=5)["body"].rpartition(" ")[2]))
            except queue.Empty:
                break


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

    def mode(self):
        self.scene("the edge says how connections reach the kernel")
        channel = self.lab.show("dataplane")
        self.check(f"hand-off {channel['handoff']}: {channel['handoff_why']}", channel["handoff"] in ("reqsk", "syn"))
        return channel["handoff"]

    def flooded(self, alice, bob):
        """Only where the edge answers SYNs itself: else a flood is the kernel's to bear."""
        lab, seconds, rate = self.lab, 3, 30000
        self.scene(f"{rate} SYNs a second from forged addresses, for {seconds} s")
        links = {node: json.loads(netns.run("ip", "-j", "-n", lab.ns(node), "link", "show", port))[0]["address"]
                 for node, port in (("edge", "port0"), ("partner", "net0"))}
        before, memory = lab.packets(), self.dataplane_kb()
        flood = subprocess.Popen(
            ("nsenter", f"--net={netns.path(lab.ns('partner'))}", lab.build / "tests" / "bench" / "flood", "syn",
             "--interface", "net0", "--target", lab.address("service4"), "--target-mac", links["edge"],
             "--source", "100.64.0.0/10", "--rate", str(rate), "--seconds", str(seconds)), stdout=subprocess.DEVNULL)
        took_ms = []
        while flood.poll() is None:
            started = time.monotonic()
            alice.send("bob@corp.example", "do you hear me now?")
            if not self.arrives(bob, "do you hear me now?"):
                break
            took_ms.append((time.monotonic() - started) * 1e3)
        flood.wait()
        after = lab.packets()
        answered = after["in"]["consumed"] - before["in"]["consumed"]
        self.check(f"{answered} of them are answered, nothing is kept: {after['flows'] - before['flows']} connections more, "
                   f"{self.dataplane_kb() - memory} kB of memory more", answered > rate and after["flows"] <= before["flows"] + 5)
        self.check(f"the kernel sees none: {self.half_open()} half-open connections", self.half_open() == 0)
        self.check(f"alice notices nothing: {len(took_ms)} messages arrive meanwhile, "
                   f"{sorted(took_ms)[len(took_ms) // 2] if took_ms else 0:.0f} ms each (median)", len(took_ms) > 3)

    def dataplane_kb(self):
        with open(f"/proc/{self.lab.pid('dataplane')}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:"))

    def half_open(self):
        said = netns.run("ip", "netns", "exec", self.lab.ns("picket"), "ss", "-Htn", "state", "syn-recv")
        return len(said.splitlines())

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

    def cross_sip(self, bob):
        self.scene(f"carol@{SIP} (SIP, on her Kamailio) writes to bob, over mutual TLS")
        server = self.lab.sip_servers[SIP]
        carol = server.user("carol")
        try:
            code, reason, _ = carol.send("sip:bob@corp.example", TEXT, subject="Agenda", lang="de")
            self.check("SIP says 200: bob has it", code == 200, f"{code} {reason}")
            got = bob.receive()
            self.check("the text is unchanged, to the octet", got["body"] == TEXT, got["body"])
            self.scene("bob answers")
            code, reason, _ = bob.send(f"sip:carol@{SIP}", TEXT[::-1])
            self.check("SIP says 200: carol has it", code == 200, f"{code} {reason}")
            got = carol.receive()
            self.check("the text is unchanged, and its sender is bob",
                       (got["body"], user_of(got["from"])) == (TEXT[::-1], "sip:bob@corp.example"), str(got))
        except queue.Empty:
            self.check("it arrives", False, self.ends())
        finally:
            carol.close()
        code, reason, _ = bob.send(f"sip:nobody@{SIP}", "hello?")
        self.check("a user that her server does not have is a 404", code == 404, f"{code} {reason}")

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

    def held_back(self, alice, bob):
        lab = self.lab
        self.scene(f"a partner, {HASTY}, may open {HASTY_PER_S} connections a second and tries 200")
        knocking = Knocking(lab, HASTY4, per_s=200, seconds=1)
        try:
            lab.wait_for("knocks to be held back", lambda: self.dropped(HASTY, "over_new_connections"))
            started = time.monotonic()
            alice.send("bob@corp.example", "do you hear me?")
            arrived = self.arrives(bob, "do you hear me?")
            took_ms = (time.monotonic() - started) * 1e3
            ended = knocking.wait()
        finally:
            knocking.stop()
        held = self.dropped(HASTY, "over_new_connections")
        self.check(f"{ended['accepted']} of {ended['tried']} are let in within a second, the others are held back",
                   HASTY_PER_S <= ended["accepted"] < ended["tried"] and ended["refused"] == 0, str(ended))
        self.check(f"and counted: {held} segments of {HASTY} over_new_connections", held > 0)
        self.check(f"alice notices nothing: her message arrives meanwhile, after {took_ms:.0f} ms", arrived)
        answer = s2s.header_answer(lab.ns("partner"), HASTY4, (lab.address("service4"), 5269), timeout_s=10)
        self.check("its next connection is let in when its time has come", answer == "accepted", answer)

    def blocked(self):
        lab, stranger = self.lab, self.lab.address("stranger4")
        self.scene(f"picketctl block {stranger} --for 60 --reason 'too curious', while it has a connection")
        with s2s.Stream(lab.ns("partner"), stranger) as stream:
            stream.header()
            stream.read_until("</stream:features>")
            ends = []
            waiting = threading.Thread(target=lambda: ends.append((stream.read_end()[1], time.monotonic())), daemon=True)
            waiting.start()
            started = time.monotonic()
            lab.ctl("block", stranger, "--for", "60", "--reason", "too curious")
            waiting.join(timeout=10)
        how, at = ends[0] if ends else ("it is still there", started)
        self.check(f"the connection is reset, {(at - started) * 1e3:.0f} ms after the command was started",
                   how == "ConnectionResetError", how)
        self.check("its next SYN is refused", self.knock(stranger) == "refused")
        for line in lab.ctl("show", "verdicts").splitlines():
            print(f"    {line}")
        lab.ctl("unblock", stranger)
        self.check("unblocked it is let in again", self.knock(stranger) == "accepted")

    def changed(self, alice, bob):
        lab = self.lab
        edge = lab.dir / "edge"
        rules = (edge / "rules.yaml").read_text(encoding="utf-8")
        new = edge / "new.yaml"
        new.write_text(rules.replace("partners:\n", f"partners:\n  - {{domain: {NEW}, protocol: xmpp}}\n"), encoding="utf-8")
        lab.ca.leaf(NEW, f"DNS:{NEW}")
        self.scene(f"a new partner, {NEW}: picketctl diff, then apply, while messages are on their way")
        self.check("so far it is refused", not self.logs_in(NEW))
        for line in self.ctl("diff", new)[1].splitlines():
            print(f"    {line}")
        streams = self.streams()
        with Crossing(alice, bob) as crossing:
            started = time.monotonic()
            code, said = self.ctl("apply", new)
            took_ms = (time.monotonic() - started) * 1e3
        print(f"    {said.strip()}")
        self.check(f"the rules are in force after {took_ms:.0f} ms", code == 0, said)
        self.check("its server is let in", self.logs_in(NEW))
        self.check(f"all {crossing.sent} messages that alice wrote to bob meanwhile arrived, once and in order",
                   crossing.sent > 0 and crossing.came == list(range(crossing.sent)), str(crossing.came))
        self.check("on the streams that were there before", streams and streams <= self.streams(), self.ends())
        self.scene("picketctl rollback")
        code, said = self.ctl("rollback")
        print(f"    {said.strip()}")
        self.check(f"{NEW} is refused again", code == 0 and not self.logs_in(NEW), said)

    def ctl(self, *argv):
        """picketctl: its exit code and what it said."""
        done = subprocess.run((self.lab.build / "control" / "ctl" / "picketctl", "--socket", self.lab.control_socket, *argv),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def logs_in(self, domain):
        """Does the edge take a server of this domain?"""
        with s2s.Stream(self.lab.ns("partner"), self.lab.address("stranger4")) as stream:
            try:
                stream.log_in(self.lab.ca.path(domain, "crt"), self.lab.ca.path(domain, "key"), domain)
            except s2s.Refused:
                return False
        return True

    def streams(self):
        """The edge's ends of its connections with the partner."""
        said = netns.run("ip", "netns", "exec", self.lab.ns("picket"), "ss", "-Htn", "state", "established")
        return {tuple(line.split()[2:4]) for line in said.splitlines() if f"{self.lab.address('partner4')}" in line
                or self.lab.address("partner6") in line}

    def statistics(self):
        self.scene("scripts/stats, now")
        done = subprocess.run((ROOT / "scripts" / "stats", "--socket", self.lab.control_socket, "--interval", "0.5"),
                              capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            print(f"    {line}")
        self.check("it knows all partners", done.returncode == 0 and HASTY in done.stdout, done.stderr)
        rows = [line.split() for line in done.stdout.splitlines()]
        self.check(f"and why frames of {HASTY} were dropped",
                   any(row[:4] == [HASTY, "frame", "dropped", "over_new_connections"] for row in rows))

    def arrives(self, user, text):
        try:
            return user.receive()["body"] == text
        except queue.Empty:
            return False

    def dropped(self, partner, cause):
        """Its frames that were dropped for this."""
        row = next(row for row in self.lab.packets()["partners"] if row["partner"] == partner)
        return row.get("drops", {}).get(cause, 0)

    def knock(self, source):
        return s2s.header_answer(self.lab.ns("partner"), source, (self.lab.address("service4"), 5269))

    def plain(self, namespace, source, data):
        return s2s.plain(namespace, self.lab.address(source), data)

    def counters(self):
        self.scene("what became of every packet")
        faults = self.lab.fate_faults()
        seen = self.lab.packets()
        for way, words in (("in", "from outside"), ("out", "from the kernel")):
            part = seen[way]
            print(f"  {words}: received {part['received']} = "
                  + " + ".join(f"{fate} {part[fate]}" for fate in fates.FATES))
        for what in ("dropped", "refused"):
            for cause, number in sorted(seen[what].items()):
                if number:
                    print(f"    {what} {number:6} {cause}")
        self.check("every packet has one fate, and the causes add up", not faults, "; ".join(faults))
        print("  the control plane counted:")
        for name, number in sorted(self.lab.show("counters").items()):
            print(f"    {number:6} {name}")

    def ends(self):
        return "\n" + "\n".join(
            f"--- {p}\n" + "\n".join(self.lab.log_text(p).splitlines()[-8:]) for p in ("dataplane", "control"))

    def run(self):
        print("Bringing up a lab in network namespaces: a partners' network (Prosody, partner.example; Kamailio,\n"
              f"{SIP}), the edge (the dataplane on one end of a veth, the control plane behind its\n"
              "TAP), an inside network (Kamailio, corp.example) with a SIP user.", flush=True)
        self.lab.up()
        alice, bob = self.lab.xmpp_user("alice"), self.lab.sip_user("bob")
        try:
            mode = self.mode()
            self.cross_to_sip(alice, bob)
            self.cross_to_xmpp(alice, bob)
            self.errors(alice, bob)
            self.cross_sip(bob)
            self.refused()
            self.held_back(alice, bob)
            if mode == "reqsk":
                self.flooded(alice, bob)
            self.blocked()
            self.changed(alice, bob)
            self.statistics()
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
    limits = f"{{new_connections_per_s: {HASTY_PER_S}, new_connections_burst: {HASTY_PER_S}}}"
    lab = Lab("demo", args.build, args.verbose, guests={HASTY: (HASTY4, limits)}, sip_hosts={SIP: SIP4})
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
