# SPDX-License-Identifier: BSD-3-Clause
"""Rules that change while messages cross: applied, refused, rolled back, and served after a restart."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

import pytest
import s2s
from changes import Tool, both_ways, fine, partners, rules_file, rules_text, shown_certificate, tool, until, with_partner


def wait_generation(lab, generation):
    """Both processes have it, as soon as they talk again."""
    def have():
        with contextlib.suppress(RuntimeError, KeyError):
            return lab.show("rules")["generation"] == generation == lab.packets()["generation"]
        return False

    until(have, f"generation {generation} is not in force")


@contextlib.contextmanager
def stream_of(lab, domain):
    """A stream of this domain's server that has proven itself."""
    name = f"{domain}.live"
    if not os.path.exists(lab.ca.path(name, "crt")):
        lab.ca.leaf(name, f"DNS:{domain}", subject=domain)
    with s2s.Stream(lab.ns("partner"), lab.address("stranger4"), (lab.address("service4"), 5269)) as stream:
        yield stream.log_in(lab.ca.path(name, "crt"), lab.ca.path(name, "key"), domain)


def is_served(lab, domain):
    try:
        with stream_of(lab, domain):
            return True
    except s2s.Refused:
        return False


def partner_flows(lab):
    return {(f["remote"], f["remote_port"], f["local_port"]) if "remote_port" in f else str(sorted(f.items()))
            for f in lab.show("flows") if f["state"] == "established" and f["remote"].startswith(lab.address("partner4"))}


class Traffic:
    """Messages both ways, one after the other, until the end; every one must arrive."""

    def __init__(self, alice, bob):
        self.alice, self.bob = alice, bob
        self.count = 0
        self.failure = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            while not self._stop.is_set():
                both_ways(self.alice, self.bob, f"under way {self.count}")
                self.count += 1
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        if self.failure:
            raise self.failure


@pytest.fixture(autouse=True)
def nothing_stays_changed(lab):
    yield
    original = rules_file(lab, rules_text(lab), "original.yaml")
    if tool(lab, "diff", original)[0] != 0:
        fine(lab, "apply", original)


def test_a_partner_is_applied_under_traffic_and_served(lab, alice, bob):
    both_ways(alice, bob, "before")
    ids = partners(lab)
    assert not is_served(lab, "new.example")
    file = rules_file(lab, with_partner(lab))
    code, out, _ = tool(lab, "diff", file)
    assert code == 1 and out.startswith("+ partner new.example: protocol xmpp\n~ decision others at corp.example"), out
    before = partner_flows(lab)
    with Traffic(alice, bob) as traffic:
        until(lambda: traffic.count >= 2 or traffic.failure, "no message crossed")
        begun = time.monotonic()
        said = fine(lab, "apply", file)
        print(f"applied in {(time.monotonic() - begun) * 1000:.0f} ms")
        assert "1 added, 0 removed, 0 changed" in said
        at = traffic.count
        until(lambda: traffic.count >= at + 3 or traffic.failure, "no message crossed afterwards")
    assert before <= partner_flows(lab), "a connection was lost"
    assert is_served(lab, "new.example")
    # Ids stay the names'.
    assert {**partners(lab), **ids} == partners(lab)
    assert tool(lab, "diff", file) == (0, "", "")
    shown = lab.show("rules")
    assert shown["generation"] == lab.show("dataplane")["generation"] == lab.packets()["generation"]
    assert (shown["by"], shown["file"], shown["partners"]) == ("apply", str(file), len(partners(lab)))
    assert [row["state"] for row in shown["rows"]][:2] == ["in force", "rollback goes here"]


def test_a_partner_that_goes_is_refused(lab, alice, bob):
    both_ways(alice, bob, "before")
    gone = rules_text(lab)
    begin = gone.index("  - domain: partner.example")
    gone = gone[:begin] + gone[gone.index("  - domain: second.example"):]
    fine(lab, "apply", rules_file(lab, gone))
    code, _, _ = bob.send("sip:alice@partner.example", "to nobody")
    assert code == 403
    fine(lab, "rollback")
    until(lambda: bob.send("sip:alice@partner.example", "again")[0] == 202, "not served again", 30)
    while alice.receive(timeout_s=20)["body"] != "again":
        pass
    both_ways(alice, bob, "after")


@pytest.mark.parametrize("what", ["document", "certificate", "dataplane"])
def test_what_is_refused_leaves_everything(lab, alice, bob, what):
    before = lab.show("rules")["generation"]
    flows = partner_flows(lab)
    text = with_partner(lab)
    if what == "document":
        text = text.replace("protocol: xmpp}", "protocol: xmp}", 1)
    if what == "certificate":
        text = text.replace(f"key: {lab.dir}/ca/corp.example.key", f"key: {lab.dir}/ca/partner.example.key")
    file = rules_file(lab, text)
    if what == "dataplane":
        lab.stop("dataplane", signal.SIGKILL)
        (lab.dir / "edge" / "dataplane.sock").unlink(missing_ok=True)
        until(lambda: lab.show("dataplane")["state"] != "ready", "the loss is not seen")
    code, _, err = tool(lab, "apply", file)
    assert code == 1
    expected = {"document": f"{file}:15: ", "certificate": "does not belong to the certificate",
                "dataplane": "there is no dataplane"}[what]
    if what == "document":
        assert f"{file}:" in err and "partners[0].protocol" in err
    else:
        assert expected in err
    if what == "dataplane":
        time.sleep(0.5)
        lab.start_dataplane()
        lab.wait_ready()
    wait_generation(lab, before)
    assert flows <= partner_flows(lab)
    assert "new.example" not in partners(lab)
    both_ways(alice, bob, f"after a refused {what}")


def test_rollback_goes_further_back_each_time(lab):
    original = partners(lab).keys()
    for name in ("one", "two", "three"):
        entry = f"  - {{domain: {name}.example, protocol: xmpp}}\n"
        fine(lab, "apply", rules_file(lab, with_partner(lab, entry)))
    for expected in ("two.example", "one.example"):
        fine(lab, "rollback")
        assert expected in partners(lab)
        assert "three.example" not in partners(lab)
    fine(lab, "rollback")
    assert partners(lab).keys() == original
    assert lab.show("rules")["by"] == "rollback"


def test_a_second_change_meanwhile_is_refused_as_busy(lab, alice, bob):
    file = rules_file(lab, with_partner(lab))
    os.kill(lab.pid("dataplane"), signal.SIGSTOP)
    try:
        first = Tool(lab, "apply", file)
        until(lambda: lab.show("rules")["change"] != "none", "it does not begin")
        code, _, err = tool(lab, "rollback")
        assert code == 1
        assert f"busy: apply of {file} by uid {os.getuid()}, pid {first.process.pid}, since " in err
    finally:
        os.kill(lab.pid("dataplane"), signal.SIGCONT)
    code, out, err = first.end()
    assert code == 0, err
    assert "is in force" in out
    assert "new.example" in partners(lab)
    both_ways(alice, bob, "after busy")


def test_a_dataplane_that_is_silent_for_long_changes_nothing(lab, alice, bob):
    before = lab.show("rules")["generation"]
    file = rules_file(lab, with_partner(lab))
    os.kill(lab.pid("dataplane"), signal.SIGSTOP)
    try:
        code, _, err = tool(lab, "apply", file)
    finally:
        os.kill(lab.pid("dataplane"), signal.SIGCONT)
    # Another question may have waited in vain before it and closed the channel.
    assert code == 1 and ("did not answer; nothing was changed" in err or "went away; nothing was changed" in err)
    lab.wait_ready()
    wait_generation(lab, before)
    both_ways(alice, bob, "after silence")


def test_new_certificates_are_seen_by_new_handshakes_only(lab, alice, bob):
    both_ways(alice, bob, "before")
    before = shown_certificate(lab)
    flows = partner_flows(lab)
    lab.ca.leaf("corp.example", "DNS:corp.example,URI:sip:corp.example")
    assert shown_certificate(lab) == before
    fine(lab, "reload", "certificates")
    after = shown_certificate(lab)
    assert after != before
    assert flows <= partner_flows(lab)
    both_ways(alice, bob, "after")
    # One that is no good leaves this one.
    key = pathlib.Path(lab.ca.path("corp.example", "key"))
    kept = key.read_bytes()
    key.write_text("none\n", encoding="ascii")
    try:
        code, _, err = tool(lab, "reload", "certificates")
        assert code == 1 and str(key) in err
    finally:
        key.write_bytes(kept)
    assert shown_certificate(lab) == after


def test_a_restart_serves_what_was_applied(lab, alice, bob):
    file = rules_file(lab, with_partner(lab), "kept.yaml")
    fine(lab, "apply", file)
    generation = lab.show("rules")["generation"]
    begun = len(lab.log_text("control"))
    lab.stop("control", signal.SIGKILL)
    lab.start_control()
    lab.wait_ready()
    wait_generation(lab, generation)
    assert f"generation {generation} is served, apply of {file}" in lab.log_text("control")[begun:]
    assert "new.example" in partners(lab)
    until(lambda: bob.send("sip:alice@partner.example", "again")[0] == 202, "not served again", 30)
    # A changed file is what was said last.
    rules = lab.dir / "edge" / "rules.yaml"
    kept = rules.read_text(encoding="utf-8")
    rules.write_text(kept + "# seen\n", encoding="utf-8")
    lab.stop("control")
    lab.start_control()
    lab.wait_ready()
    assert lab.show("rules")["generation"] > generation
    assert "new.example" not in partners(lab)
    rules.write_text(kept, encoding="utf-8")
    until(lambda: bob.send("sip:alice@partner.example", "again")[0] == 202, "not served again", 30)


def test_what_is_in_force_can_be_printed_and_checked(lab):
    printed = fine(lab, "print")
    assert "  - domain: partner.example\n" in printed
    again = rules_file(lab, printed, "printed.yaml")
    assert tool(lab, "diff", again) == (0, "", "")
    assert "fine, 1 local domain, " in fine(lab, "check", again)


def test_nobody_finds_a_key_in_the_state_directory(lab):
    fine(lab, "reload", "certificates")
    state = lab.dir / "edge" / "control-state"
    files = [path for path in state.rglob("*") if path.is_file()]
    assert any(path.suffix == ".yaml" for path in files)
    for path in files:
        assert b"PRIVATE KEY" not in path.read_bytes(), path
    owners = {path.owner() for path in state.rglob("*")}
    assert owners == {"nobody"}


@pytest.mark.skipif(not shutil.which("setpriv"), reason="there is no setpriv")
def test_who_may_not_read_keys_cannot_apply_but_check(lab):
    file = rules_file(lab, with_partner(lab))
    key = lab.ca.path("corp.example", "key")
    os.chmod(key, 0o600)
    program = str(lab.build / "control" / "ctl" / "picketctl")
    checked = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "check", str(file)],
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"{key}: Permission denied; not checked" in checked.stderr
