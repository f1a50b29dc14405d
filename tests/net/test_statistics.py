# SPDX-License-Identifier: BSD-3-Clause
"""What the statistics say is what happened: stats, top and exporter on a whole edge."""

import contextlib
import fcntl
import grp
import json
import os
import pathlib
import pty
import pwd
import queue
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.parse
import urllib.request

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
TO_SIP, TO_XMPP = 5, 3
PROMETHEUS_WAIT_S = 60
CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # what moves it, or colours


def script(name, lab, *argv):
    return subprocess.run([SCRIPTS / name, "--socket", lab.statistics_socket, *argv], capture_output=True, text=True,
                          check=False, timeout=60, stdin=subprocess.DEVNULL)


def stats(lab, *argv):
    done = script("stats", lab, "--json", "--interval", "0.3", *argv)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def row(told, partner):
    return next(row for row in told["partners"] if row["partner"] == partner)


@pytest.fixture(scope="module")
def crossed(lab, alice, bob):
    """Messages both ways, and some that nobody took."""
    for number in range(TO_SIP):
        alice.send("bob@corp.example", f"in {number}")
        bob.receive()
    for number in range(TO_XMPP):
        assert bob.send("sip:alice@partner.example", f"out {number}")[0] == 202
        alice.receive()
    alice.send("nobody@corp.example", "hello?")
    assert alice.receive_error()["condition"] == "item-not-found"
    assert bob.send("sip:x@gone.example", "hello?")[0] == 504
    return lab


@pytest.fixture(scope="module")
def prometheus_client():
    return pytest.importorskip("prometheus_client", reason="there is no python3-prometheus-client: run scripts/setup")


def test_stats_shows_the_messages_that_crossed(crossed):
    told = stats(crossed)
    partner = row(told, "partner.example")
    assert partner["in"] == {"messages": TO_SIP + 1, "delivered": TO_SIP, "refused": 1, "unknown": 0,
                                 "per_s": partner["in"]["per_s"]}
    assert (partner["out"]["messages"], partner["out"]["delivered"]) == (TO_XMPP, TO_XMPP)
    assert partner["messages_refused"] == {"in.item-not-found": 1}
    gone = row(told, "gone.example")
    assert gone["out"]["refused"] == 1
    assert gone["messages_refused"] == {"out.unreachable": 1}
    assert told["dataplane"]["ready"] is True


def test_stats_agrees_with_picketctl(crossed):
    partner = row(stats(crossed), "partner.example")
    shown = {row["partner"]: row for row in crossed.show("messages")}["partner.example"]
    assert {way: partner[way]["messages"] for way in ("in", "out")} == {
        way: shown[way] for way in ("in", "out")}
    seen = next(row for row in crossed.packets()["partners"] if row["partner"] == "partner.example")
    assert partner["flows"] > 0
    assert 0 < partner["connections"] <= seen["flows_opened"]
    assert 0 < partner["packets_in"] <= seen["packets_in"]
    assert 0 < partner["bytes_out"] <= seen["bytes_out"]


def test_rates_are_seen_while_messages_cross(crossed, alice, bob):
    stop = threading.Event()

    def write():
        while not stop.is_set():
            alice.send("bob@corp.example", "again")
            bob.receive()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        partner = row(stats(crossed), "partner.example")
    finally:
        stop.set()
        writing.join()
    for name in ("packets_in_per_s", "packets_out_per_s", "bytes_in_per_s", "bytes_out_per_s"):
        assert partner[name] > 0, name
    assert partner["in"]["per_s"] > 0
    assert partner["out"]["per_s"] == 0


def test_the_table_has_a_line_for_each_partner(crossed):
    done = script("stats", crossed, "--interval", "0.1", "--sort", "msg-in")
    names = [line.split()[0] for line in done.stdout.split("\n\n")[0].splitlines()]
    assert names[:2] == ["partner", "partner.example"]
    assert {"second.example", "gone.example", "sip-partner.example", "(unknown)"} <= set(names)
    assert re.search(r"^gone\.example +message out +unreachable +1$", done.stdout, re.MULTILINE), done.stdout


def test_the_statistics_socket_shows_and_does_nothing_else(crossed):
    ctl = [str(crossed.build / "control" / "ctl" / "picketctl"), "--socket", crossed.statistics_socket]
    shown = subprocess.run([*ctl, "show", "version"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    blocked = subprocess.run([*ctl, "block", "203.0.113.0/24", "--for", "5"], capture_output=True, text=True, check=False)
    assert blocked.returncode == 1 and "only shows" in blocked.stderr
    assert crossed.show("verdicts") == []
    made = os.stat(crossed.statistics_socket)
    assert (made.st_mode & 0o777, made.st_gid) == (0o660, pwd.getpwnam("nobody").pw_gid)


def test_a_partners_connections_are_told_by_class(crossed):
    partner = row(stats(crossed), "partner.example")
    assert partner["class"] == "verified"
    assert partner["classes"]["verified"] + partner["classes"]["outbound"] == partner["flows"] > 0
    rules = next(p for p in crossed.show("partners") if p["domain"] == "partner.example")
    assert sum(rules["classes"].values()) == rules["flows"] > 0


def send_udp(lab, source, count):
    script = ("import socket, sys\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind((sys.argv[1], 0))\n"
              "for _ in range(int(sys.argv[3])): s.sendto(b'x', (sys.argv[2], 5060))")
    subprocess.run(["ip", "netns", "exec", lab.ns("partner"), sys.executable, "-c", script, lab.values[source],
                    lab.values["SERVICE4"], str(count)], check=True)


def dropped(lab, partner, cause="udp_not_allowed"):
    rows = {p["partner"]: p.get("drops", {}).get(cause, 0) for p in lab.packets()["partners"]}
    return rows[partner]


def test_drops_are_told_by_partner_and_by_source(crossed):
    lab = crossed
    before = dropped(lab, "partner.example"), dropped(lab, "(unknown)")
    send_udp(lab, "PARTNER4", 7)
    send_udp(lab, "STRANGER4", 40)
    end = time.monotonic() + 10
    while dropped(lab, "(unknown)") < before[1] + 40:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert dropped(lab, "partner.example") == before[0] + 7
    packets = lab.packets()
    for group, total in (("drops", "dropped"), ("refusals", "refused")):
        for cause, number in packets[total].items():
            assert sum(p.get(group, {}).get(cause, 0) for p in packets["partners"]) == number, cause
    hitters = json.loads(lab.ctl("show", "hitters", "udp_not_allowed", "--json"))
    assert [h["source"] for h in hitters][:2] == [lab.values["STRANGER4"], lab.values["PARTNER4"]]
    assert hitters[0]["count"] >= 40 and hitters[0]["at_least"] == hitters[0]["count"]
    told = [h for h in stats(lab)["hitters"] if h["cause"] == "udp_not_allowed"]
    assert (told[0]["source"], told[0]["count"]) == (hitters[0]["source"], hitters[0]["count"])
    picture = script("top", lab, "--once", "--interval", "0.2").stdout
    assert re.search(rf"udp_not_allowed .* {re.escape(lab.values['STRANGER4'])} \d+ %", picture), picture


def refused_show(lab, *words):
    with pytest.raises(RuntimeError) as told:
        lab.ctl("show", *words)
    return str(told.value)


def test_one_connection_is_shown_whole(crossed):
    lab = crossed
    flow = next(f for f in lab.show("flows") if f["class"] == "verified" and f["state"] == "established")
    bracket = "[{}]:{}" if ":" in flow["remote"] else "{}:{}"
    remote = bracket.format(flow["remote"], flow["remote_port"])
    local = bracket.format(flow["local"], flow["local_port"])
    for words in ((f"{remote}-{local}",), (f"{local}-{remote}",), (remote, local)):
        told = json.loads(lab.ctl("show", "flow", *words, "--json"))
        assert (told["remote"], told["remote_port"]) == (flow["remote"], flow["remote_port"])
        assert (told["class"], told["partner_name"]) == ("verified", "partner.example")
        assert told["packets_in"] > 0 and told["bytes_in"] > 0 and told["age_ms"] > 0
        assert told["limits"]["partner"]["connections"]["open"] >= 1
    assert "class: verified\n" in lab.ctl("show", "flow", remote, local)
    stranger, service = f"{lab.values['STRANGER4']}:9", f"{lab.values['SERVICE4']}:5269"
    assert "no partner's address" in refused_show(lab, "flow", stranger, service)
    assert "the rules block" in refused_show(lab, "flow", f"{lab.values['BLOCKED4']}:9-{service}")
    assert "neither" in refused_show(lab, "flow", "192.0.2.1:1-192.0.2.2:2")
    assert "REMOTE:PORT-LOCAL:PORT" in refused_show(lab, "flow", "192.0.2.1")
    assert "no cause" in refused_show(lab, "hitters", "nonsense")


def test_top_prints_one_picture(crossed):
    done = script("top", crossed, "--once", "--interval", "0.3")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^control plane +up .*pid \d+, version ", done.stdout, re.MULTILINE)
    assert re.search(r"^dataplane +up, picket-dataplane", done.stdout, re.MULTILINE)
    assert re.search(r"^partner\.example ", done.stdout, re.MULTILINE)


def exported(text):
    from prometheus_client.parser import text_string_to_metric_families

    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def test_the_exporter_agrees_with_picketctl(crossed, prometheus_client):
    before = crossed.packets()
    done = script("exporter", crossed, "--once")
    assert done.returncode == 0, done.stderr
    seen, after = exported(done.stdout), crossed.packets()
    assert seen["picket_up", ()] == seen["picket_dataplane_up", ()] == 1
    for way in ("in", "out"):
        for fate in ("forwarded", "answered", "consumed", "dropped"):
            value = seen["picket_frames_total", (("direction", way), ("fate", fate))]
            assert before[way][fate] <= value <= after[way][fate], (way, fate)
    for group, metric in (("dropped", "picket_dropped_frames_total"), ("refused", "picket_refused_frames_total")):
        for cause, number in before[group].items():
            assert number <= seen[metric, (("cause", cause),)] <= after[group][cause], cause
    for shown in crossed.show("messages"):
        for way in ("in", "out"):
            labels = (("direction", way), ("partner", shown["partner"]))
            assert seen["picket_messages_total", labels] == shown[way]
    for name, number in crossed.show("counters").items():
        if not name.startswith("command."):
            assert seen["picket_control_events_total", (("event", name),)] <= number, name


def test_promtool_has_no_complaint(crossed, prometheus_client):
    if not shutil.which("promtool"):
        pytest.skip("there is no promtool (package prometheus): run scripts/setup")
    metrics = script("exporter", crossed, "--once").stdout
    checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_real_prometheus_scrapes_it(crossed, prometheus_client, tmp_path):
    if not shutil.which("prometheus"):
        pytest.skip("there is no prometheus: run scripts/setup")
    exporter = subprocess.Popen([SCRIPTS / "exporter", "--socket", crossed.statistics_socket, "--listen", "127.0.0.1:0"],
                                stdout=subprocess.PIPE, text=True)
    server = None
    try:
        target = urllib.parse.urlsplit(exporter.stdout.readline().split()[1]).netloc
        config = tmp_path / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: picket\n"
                          f"    static_configs: [{{targets: ['{target}']}}]\n", encoding="ascii")
        port = free_port()
        with open(tmp_path / "prometheus.log", "wb") as log:
            server = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data",
                                       f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        query = urllib.parse.quote('picket_messages_total{partner="partner.example",direction="out"}')
        url = f"http://127.0.0.1:{port}/api/v1/query?query={query}"
        end = time.monotonic() + PROMETHEUS_WAIT_S
        result = []
        while not result:
            assert time.monotonic() < end and server.poll() is None, (tmp_path / "prometheus.log").read_text()
            time.sleep(0.3)
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    result = json.load(answer)["data"]["result"]
            except OSError:
                continue
        assert int(result[0]["value"][1]) == TO_XMPP
        assert result[0]["metric"]["job"] == "picket"
    finally:
        for process in (server, exporter):
            if process is not None:
                process.terminate()
                process.wait(timeout=20)
    assert exporter.returncode == 0


class Terminal:
    """scripts/top on a terminal of 110 x 40; what it drew comes out of a queue as it was written."""

    def __init__(self, lab):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 110, 0, 0))
        self.process = subprocess.Popen(
            [SCRIPTS / "top", "--socket", lab.statistics_socket, "--interval", "0.2"], stdin=slave, stdout=slave,
            env={"TERM": "linux", "LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        os.close(slave)
        self.drawn = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while data := os.read(self.master, 65536):
                self.drawn.put(data.decode(errors="replace"))
        except OSError:
            pass  # the terminal is gone with its process

    def wait_for(self, pattern, timeout_s=20):
        seen = ""
        end = time.monotonic() + timeout_s
        while not re.search(pattern, CURSOR.sub(" ", seen)):
            assert self.process.poll() is None, seen
            if time.monotonic() > end:
                pytest.fail(f"{pattern} was not drawn, but: {seen[-2000:]!r}")
            os.write(self.master, b"\f")  # all of it, not what changed
            time.sleep(0.3)
            with contextlib.suppress(queue.Empty):
                while True:
                    seen += self.drawn.get_nowait()
        return seen


def test_top_outlives_both_processes(crossed):
    lab = crossed
    terminal = Terminal(lab)
    try:
        terminal.wait_for("partner.example")
        lab.stop("dataplane", signal.SIGKILL)
        (lab.dir / "edge" / "dataplane.sock").unlink(missing_ok=True)
        terminal.wait_for(r"dataplane +GONE")
        lab.start_dataplane()
        lab.wait_ready()
        terminal.wait_for(r"dataplane +up, picket-dataplane")
        lab.stop("control", signal.SIGKILL)
        terminal.wait_for(r"control plane +GONE for")
        lab.start_control("--statistics-group", "adm")
        lab.wait_ready()
        terminal.wait_for("restarts seen: 1")
        assert os.stat(lab.statistics_socket).st_gid == grp.getgrnam("adm").gr_gid
        os.write(terminal.master, b"q")
        assert terminal.process.wait(timeout=10) == 0
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
