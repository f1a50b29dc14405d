# SPDX-License-Identifier: BSD-3-Clause
"""stats, top and exporter, and the client under them, against a control plane that plays a part."""

import json
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts" / "lib"), str(pathlib.Path(__file__).resolve().parent)]

import columns  # noqa: E402  (the paths come first)
import picket  # noqa: E402
import readings  # noqa: E402
import recording  # noqa: E402
import svg  # noqa: E402
from fake_control import FakeControl, VERSION, messages, packets, traffic  # noqa: E402
from screen import SORTS, Screen  # noqa: E402


@pytest.fixture
def control(tmp_path):
    made = FakeControl(tmp_path / "control.sock")
    yield made
    made.stop()


@pytest.fixture
def client(control):
    with picket.Client(control.path, timeout_s=2) as made:
        yield made


def script(name, *argv, **more):
    return subprocess.run([ROOT / "scripts" / name, *argv], capture_output=True, text=True, check=False, timeout=30,
                          stdin=subprocess.DEVNULL, **more)


# ---- the client ---------------------------------------------------------------------------------


def test_all_pages_become_one_answer(control, client):
    rows = [{"id": n, "domain": f"p{n}.example"} for n in range(1234)]
    control.answers["partners"] = (None, rows)
    control.page_rows = 100
    assert client.show("partners").rows == rows
    assert [question["offset"] for question in control.asked] == list(range(0, 1234, 100))
    assert len({question["id"] for question in control.asked}) == len(control.asked)


def test_an_answer_without_head_or_rows_is_empty(control, client):
    control.answers["messages"] = (None, [])
    answer = client.show("messages")
    assert (answer.head, answer.rows) == ({}, [])


def test_rows_that_went_away_between_pages_end_the_answer(control, client):
    control.answers["partners"] = b""
    whole = {"ok": True, "total": 5, "offset": 0}
    said = iter([{**whole, "id": 1, "rows": [{"id": 1}]}, {**whole, "id": 2, "rows": []}])
    control._answer = lambda question: json.dumps(next(said)).encode()
    assert client.show("partners").rows == [{"id": 1}]


def test_a_refusal_is_told_in_the_words_of_the_control_plane(client):
    with pytest.raises(picket.Refused, match="show secrets: unknown command"):
        client.show("secrets")
    assert client.show("version").head == VERSION  # the connection is as good as before


@pytest.mark.parametrize("packet", [b"{", b"[]", b'"x"', b"\xff\xfe", b'{"id": 99, "ok": true, "rows": [], "total": 0}',
                                    b'{"ok": true, "rows": [], "total": 0}', b'{"id": 1}', b'{"id": 1, "ok": true}',
                                    b'{"id": 1, "ok": true, "rows": [3], "total": 1}',
                                    b'{"id": 1, "ok": true, "rows": {}, "total": 1}',
                                    b'{"id": 1, "ok": true, "rows": [], "total": "1"}',
                                    b'{"id": 1, "ok": true, "rows": [], "total": 0, "head": [1]}',
                                    b'{"id": 1, "ok": true, "rows": [], "total": 0, "x": "' + b"y" * 65536 + b'"}'],
                         ids=lambda packet: packet[:40].decode("latin-1"))
def test_what_is_no_answer_is_malformed(control, client, packet):
    control.answers["counters"] = packet
    with pytest.raises(picket.Malformed):
        client.show("counters")
    assert client.show("version").head == VERSION


def test_nobody_there_is_unreachable(tmp_path):
    with pytest.raises(picket.Unreachable, match="No such file"):
        picket.Client(str(tmp_path / "none")).show("version")


def test_the_first_socket_that_answers_is_asked(control, tmp_path, monkeypatch):
    statistics = tmp_path / "statistics.sock"
    monkeypatch.setattr(picket, "DEFAULT_SOCKETS", (str(statistics), control.path))
    with picket.Client() as client:
        client.show("version")
        assert client.path == control.path
    looking = FakeControl(statistics)
    try:
        with picket.Client() as client:
            client.show("version")
            assert client.path == str(statistics)
            looking.stop()
            client.show("version")  # goes on with the other one
            assert client.path == control.path
    finally:
        looking.stop()
    control.stop()
    with picket.Client() as client, pytest.raises(picket.Unreachable, match="control.sock"):
        client.show("version")


def test_silence_is_unreachable(control):
    control._answer = lambda question: time.sleep(1) or b"{}"
    with picket.Client(control.path, timeout_s=0.1) as impatient, pytest.raises(picket.Unreachable, match="0.1 s"):
        impatient.show("version")


def test_a_restart_between_two_questions_is_not_noticed(control, client):
    client.show("version")
    control.stop()
    control.start()
    assert client.show("version").head == VERSION


def test_a_restart_is_survived_after_it_was_noticed(control, client):
    client.show("version")
    control.stop()
    for _ in range(2):
        with pytest.raises(picket.Unreachable):
            client.show("version")
    control.start()
    assert client.show("version").head == VERSION


# ---- readings and rates --------------------------------------------------------------------------


def crowd(control):
    """Two partners of the rules, one of former rules, everybody else."""
    head = control.answers["dataplane"][0]
    control.answers["dataplane"] = (head, [
        *packets(in__received=100, out__received=50, in__dropped=3, dropped__no_flow=3, flows=4),
        traffic("(unknown)", flows_opened=9), traffic("a.example", id=1, packets_in=10, bytes_in=1000, flows=2, refused=4,
                                               classes={"verified": 1, "claimed": 1}, drops={"no_flow": 2},
                                               refusals={"wrong_protocol": 4}),
        traffic("(77)", id=77, packets_in=1)])
    control.answers["messages"] = (None, [
        messages("a.example", in_=5, in_delivered=3, in_refused=2, refused={"in.gone": 2}),
        messages("old.example", out=1, out_unknown=1)])
    control.answers["hitters"] = (None, [
        {"cause": "no_flow", "source": "192.0.2.66", "count": 3, "at_least": 2, "of": 4, "seconds": 400},
        {"cause": "no_flow", "source": "192.0.2.67", "count": 1, "at_least": 1, "of": 4, "seconds": 400}])


def test_a_reading_joins_rules_packets_and_messages(control, client):
    crowd(control)
    reading = readings.take(client)
    kinds = {p.name: p.kind for p in reading.partners}
    assert kinds == {"a.example": "partner", "b.example": "partner", "(unknown)": "unknown", "(77)": "former",
                     "old.example": "former"}
    a = reading.partners[0]
    assert (a.protocol, a.flows, a.count("packets_in"), a.count("in"), a.resets) == ("xmpp", 2, 10, 5, 4)
    assert a.causes == {"in.gone": 2}
    assert (a.trust, a.drops, a.refusals) == ("verified", {"no_flow": 2}, {"wrong_protocol": 4})
    assert reading.mostly_from("no_flow") == ("192.0.2.66", 0.5)
    assert reading.mostly_from("tap_full") is None
    assert reading.group("dropped") == {"no_flow": 3}
    assert reading.dataplane_ready


@pytest.mark.parametrize("answer", ["there is no channel to the dataplane yet", ({"state": "down"}, [])])
def test_a_reading_without_the_dataplane_has_the_rest(control, client, answer):
    crowd(control)
    control.answers["dataplane"] = answer
    reading = readings.take(client)
    assert reading.packets is None and not reading.dataplane_ready
    assert reading.partners[0].count("in") == 5


@pytest.mark.parametrize("kind, classes, trust", [
    ("partner", {}, "partner"), ("partner", {"verified": 0, "claimed": 2}, "claimed"),
    ("partner", {"suspicious": 1, "outbound": 1}, "outbound"), ("partner", {"claimed": 9, "verified": 1}, "verified"),
    ("unknown", {"unknown": 5}, "unknown"), ("former", {"verified": 1}, "former")])
def test_the_class_of_a_partner_is_its_most_trusted_one(kind, classes, trust):
    assert readings.Partner(name="a", kind=kind, classes=classes).trust == trust


def made(at, pid=7, received=0, came=0, bytes_in=0, has_packets=True, names=("a",)):
    partners = tuple(readings.Partner(name=name, kind="partner", traffic={"bytes_in": bytes_in},
                                      messages={"in": came, "out": 0}) for name in names)
    return readings.Reading(
        control={"pid": pid}, control_at=at, counters={}, partners=partners, channel={},
        packets={"in.received": received, "out.received": 0} if has_packets else None, packets_at=at)


def test_rates_are_differences_over_time():
    rates = readings.Rates(made(10.0, received=100, came=2, bytes_in=0), made(12.0, received=130, came=3, bytes_in=5))
    partner = made(0, came=3, bytes_in=5).partners[0]
    assert rates.interval_s == 2.0
    assert rates.packets("in.received") == 15.0
    assert rates.partner(partner, "in") == 0.5
    assert rates.partner(partner, "bytes_in") == 2.5
    assert rates.messages("in") == 0.5


def test_a_partner_that_appears_counts_from_nothing():
    after = made(1.0, came=4, names=("a", "new"))
    assert readings.Rates(made(0.0, came=4), after).partner(after.partners[1], "in") == 4.0


@pytest.mark.parametrize("before, after, told", [
    (None, made(1.0), ()),
    (made(0.0, pid=1), made(1.0, pid=2), ("packets",)),
    (made(0.0, received=9), made(1.0, received=3), ("messages",)),
    (made(0.0, has_packets=False), made(1.0), ("messages",)),
    (made(0.0), made(1.0, has_packets=False), ("messages",)),
    (made(1.0), made(1.0), ()),
    (made(0.0, came=2), made(1.0, came=1), ("packets",)),
], ids=["first", "control anew", "dataplane anew", "no packets before", "no packets now", "no time", "back"])
def test_over_a_restart_there_is_no_rate(before, after, told):
    rates = readings.Rates(before, after)
    assert (rates.packets("in.received") is not None) == ("packets" in told)
    assert (rates.messages("in") is not None) == ("messages" in told)


# ---- numbers for people ----------------------------------------------------------------------------


@pytest.mark.parametrize("number, text", [(None, "-"), (0, "0"), (7, "7"), (0.25, "0.2"), (99.9, "99.9"), (99.96, "100"),
                                          (999, "999"), (999.9, "1.0k"), (1000, "1.0k"), (99_950, "100k"),
                                          (1_234_567, "1.2M"), (5e9, "5.0G"), (7e13, "70.0T")])
def test_numbers_are_short(number, text):
    assert columns.short(number) == text


@pytest.mark.parametrize("number, text", [(None, "-"), (0, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"),
                                          (3661, "1 h 01 min"), (90_000, "1 d 01 h")])
def test_times_are_short(number, text):
    assert columns.seconds(number) == text


def test_a_sparkline_has_its_width_and_its_top():
    assert columns.sparkline([0, 1, None, 2], 6) == "  ▁▄ █"
    assert columns.sparkline([0, 0], 2) == "▁▁"
    assert columns.sparkline(range(100), 3, ascii_only=True) == "###"
    assert columns.sparkline([], 2) == "  "


def test_nothing_that_steers_a_terminal_gets_there():
    assert columns.table(["a", "b"], [["\x1b[2J", "\n"]]) == ["a     b", "?[2J  ?"]


# ---- stats -----------------------------------------------------------------------------------------


def test_stats_shows_every_partner_and_every_cause(control):
    crowd(control)
    done = script("stats", "--socket", control.path, "--interval", "0.1")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:4] == ["partner", "class", "protocol", "flows"]
    assert ["a.example", "verified", "xmpp", "2", "0", "0", "0", "0", "0", "5", "0", "2", "6"] in lines
    assert ["a.example", "message", "in", "gone", "2"] in lines
    assert ["a.example", "frame", "dropped", "no_flow", "2"] in lines
    assert ["a.example", "connection", "reset", "wrong_protocol", "4"] in lines
    assert ["frame", "dropped", "no_flow", "3", "192.0.2.66", "50", "%"] in lines


@pytest.mark.parametrize("column, first", [("partner", "(77)"), ("flows", "a.example"), ("msg-out", "old.example"),
                                           ("class", "(77)"), ("protocol", "(77)"), ("dropped", "a.example")])
def test_stats_sorts(control, column, first):
    crowd(control)
    done = script("stats", "--socket", control.path, "--interval", "0.1", "--sort", column)
    assert done.stdout.splitlines()[1].split()[0] == first
    told = script("stats", "--socket", control.path, "--interval", "0.1", "--sort", column, "--json")
    assert json.loads(told.stdout)["partners"][0]["partner"] == first


def test_stats_tells_programs_everything(control):
    crowd(control)
    done = script("stats", "--socket", control.path, "--interval", "0.1", "--json")
    told = json.loads(done.stdout)
    a = next(row for row in told["partners"] if row["partner"] == "a.example")
    assert (a["class"], a["connections_refused"], a["messages_refused"]) == ("verified", 4, {"in.gone": 2})
    assert a["classes"] == {"verified": 1, "claimed": 1, "outbound": 0, "suspicious": 0, "unknown": 0}
    assert (a["frames_dropped"], a["frames_refused"]) == ({"no_flow": 2}, {"wrong_protocol": 4})
    assert told["hitters"][0]["source"] == "192.0.2.66"
    assert a["in"] == {"messages": 5, "per_s": 0, "delivered": 3, "refused": 2, "unknown": 0}
    assert a["bytes_in_per_s"] == 0
    assert told["dataplane"] == {"ready": True, "state": "ready", "program": "picket-dataplane 9.9", "handoff": "syn",
                                 "generation": 5}
    assert told["dropped"] == {"no_flow": 3}


def test_stats_watches_until_it_is_interrupted_and_over_a_restart(control):
    crowd(control)
    argv = [ROOT / "scripts" / "stats", "--socket", control.path, "--watch", "0.1", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert json.loads(watching.stdout.readline())["partners"]
        control.stop()
        assert "control.sock" in watching.stderr.readline()
        control.start()
        for _ in range(3):
            assert json.loads(watching.stdout.readline())["partners"]
        watching.send_signal(2)
        assert watching.wait(timeout=10) == 0


# ---- top -------------------------------------------------------------------------------------------


def test_top_draws_one_picture(control):
    crowd(control)
    done = script("top", "--once", "--socket", control.path, "--interval", "0.1", "--ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    for wanted in ("generation 5 in force", "control plane  up 1 min 01 s, pid 7", "dataplane      up, picket-dataplane",
                   "packets/s in", "a.example", "no_flow", "192.0.2.66 50 %"):
        assert wanted in done.stdout


def test_top_needs_a_terminal():
    done = script("top")
    assert done.returncode == 2 and "--once" in done.stderr


def test_the_picture_fits_every_window(control, client):
    crowd(control)
    screen = Screen()
    for _ in range(3):
        screen.feed(readings.take(client))
    for width, height in ((200, 60), (80, 24), (20, 5), (1, 1), (0, 0)):
        lines = screen.lines(width, height)
        assert len(lines) <= height and all(len(line) <= width for line in lines), (width, height)
    for sort in SORTS:
        assert screen.sort == sort
        assert any("a.example" in line for line in screen.lines(120, 40))
        screen.next_sort()
    assert screen.sort == SORTS[0]


def test_the_picture_says_what_is_gone_and_that_it_is_back(control, client):
    crowd(control)
    screen = Screen()
    screen.feed_trouble("nobody there")
    assert "waiting: nobody there" in "\n".join(screen.lines(100, 40))
    screen.feed(readings.take(client))
    screen.feed_trouble("broken")
    lines = screen.lines(100, 40)
    assert "GONE" in lines[1] and "broken" in lines[1] and "(old numbers)" in lines[0]
    control.answers["version"] = ({**VERSION, "pid": 8}, [])
    control.answers["dataplane"] = ({"state": "down"}, [])
    screen.feed(readings.take(client))
    lines = screen.lines(100, 40)
    assert "pid 8" in lines[1] and "restarts seen: 1" in lines[1]
    assert "GONE (channel: down)" in lines[2]


# ---- recordings and pictures -----------------------------------------------------------------------


def recorded(control, tmp_path):
    """Five readings, between them a restart and a change."""
    crowd(control)
    file = tmp_path / "recording"
    with picket.Client(control.path, timeout_s=2) as client, open(file, "w", encoding="utf-8") as out:
        recorder = recording.Recorder(client, out)
        said = [readings.take(recorder)]
        control.answers["version"] = ({**VERSION, "pid": 8}, [])
        said.append(readings.take(recorder))
        head, rows = control.answers["dataplane"]
        control.answers["dataplane"] = (head, [*rows[:-1], traffic("(77)", id=77, packets_in=5)])
        said.append(readings.take(recorder))
        control.answers["dataplane"] = (head, rows[:-1])  # one partner less
        said.append(readings.take(recorder))
        control.answers["dataplane"] = "there is no channel to the dataplane yet"
        said.append(readings.take(recorder))
        control.stop()
        with pytest.raises(picket.Unreachable):
            readings.take(recorder)
    return file, said


def test_a_recording_says_again_what_was_said(control, tmp_path):
    file, said = recorded(control, tmp_path)
    lines = file.read_text().splitlines()
    again = recording.Replay(lines)
    for reading in said:
        told = readings.take(again)
        assert (told.control, told.partners, told.packets, told.hitters) == (
            reading.control, reading.partners, reading.packets, reading.hitters)
    with pytest.raises(picket.Unreachable, match="control.sock"):
        readings.take(again)
    with pytest.raises(recording.Ended):
        readings.take(again)
    # What did not change is not written again.
    assert max(map(len, lines[6:12])) < max(map(len, lines[:6])) / 3


def test_top_shows_a_recording_at_its_end(control, tmp_path):
    file, _ = recorded(control, tmp_path)
    done = script("top", "--replay", file)
    assert done.returncode == 0, done.stderr
    assert "GONE for" in done.stdout and "a.example" in done.stdout


def test_top_records_while_it_shows(control, tmp_path):
    crowd(control)
    file = tmp_path / "recording"
    done = script("top", "--socket", control.path, "--once", "--samples", "3", "--interval", "0.1", "--record", file)
    assert done.returncode == 0, done.stderr
    again = script("top", "--replay", file)
    # Times are kept to the millisecond, so a rate may differ in its last digit.
    assert [line.split()[:2] for line in again.stdout.splitlines()] == [
        line.split()[:2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"noun": "counters", "clock": "1"}', '{"noun": "version"}',
                                  '{"noun": "version", "clock": "1", "at": 1, "head": {}, "changed": []}',
                                  '{"noun": "version", "clock": "1", "error": "SystemExit", "words": ""}'])
def test_what_is_no_recording_is_refused(text, tmp_path):
    file = tmp_path / "recording"
    file.write_text(text)
    done = script("top", "--replay", file)
    if text:
        assert done.returncode == 1 and "recording" in done.stderr
    else:
        assert done.returncode == 0 and "waiting" in done.stdout


def test_the_picture_of_the_documents_is_what_top_draws():
    done = script("top", "--svg", "--replay", ROOT / "tests" / "tools" / "top.recording", env={"LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    assert done.stdout == (ROOT / "docs" / "top.svg").read_text(encoding="utf-8"), \
        "scripts/top --svg --replay tests/tools/top.recording > docs/top.svg"


def test_a_picture_is_well_formed_and_says_the_lines():
    lines = ["<b> & \"x\"", "", "  ▁█ two  spaces"]
    root = xml.etree.ElementTree.fromstring(svg.draw(lines, 1))
    drawn = [element.text for element in root if element.tag.endswith("text")]
    assert drawn == [lines[0], lines[2]]


# ---- exporter --------------------------------------------------------------------------------------


@pytest.fixture
def prometheus_client():
    # The interpreter of the scripts is the one that the package is for.
    probe = subprocess.run(["/usr/bin/python3", "-c", "import prometheus_client"], check=False, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("there is no python3-prometheus-client: run scripts/setup")
    return pytest.importorskip("prometheus_client")


def exported(text):
    from prometheus_client.parser import text_string_to_metric_families

    return {(sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def test_the_exporter_says_what_the_edge_says(control, prometheus_client):
    crowd(control)
    done = script("exporter", "--once", "--socket", control.path)
    assert done.returncode == 0, done.stderr
    seen = exported(done.stdout)
    assert seen["picket_up",] == seen["picket_dataplane_up",] == 1
    assert seen["picket_partner_packets_total", "a.example", "in"] == 10
    assert seen["picket_partner_refused_connections_total", "a.example"] == 4
    assert seen["picket_messages_total", "a.example", "in"] == 5
    assert seen["picket_messages_ended_total", "a.example", "in", "refused"] == 2
    assert seen["picket_messages_refused_total", "a.example", "gone", "in"] == 2
    assert seen["picket_frames_received_total", "in"] == 100
    assert seen["picket_dropped_frames_total", "no_flow"] == 3
    assert seen["picket_control_uptime_seconds",] == 61
    assert seen["picket_partner_class_flows", "a.example", "verified"] == 1
    assert seen["picket_partner_class_flows", "a.example", "outbound"] == 0
    assert seen["picket_partner_dropped_frames_total", "a.example", "no_flow"] == 2
    assert seen["picket_partner_refused_frames_total", "a.example", "wrong_protocol"] == 4
    assert seen["picket_unproven_connections", "unknown"] == 3
    assert seen["picket_unproven_connections_refused_total", "unknown"] == 5
    assert seen["picket_handshakes_waiting", "strangers"] == 4
    assert seen["picket_handshake_wait_seconds_total", "strangers"] == 1.5
    # Sources are without bound: they are no labels.
    assert "192.0.2.66" not in done.stdout


def test_promtool_has_no_complaint(control, prometheus_client):
    if not shutil.which("promtool"):
        pytest.skip("there is no promtool (package prometheus): run scripts/setup")
    crowd(control)
    done = script("exporter", "--once", "--socket", control.path)
    checked = subprocess.run(["promtool", "check", "metrics"], input=done.stdout, capture_output=True, text=True,
                             check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_partners_beyond_the_limit_are_counted_together(control, prometheus_client):
    rows = [{"id": 1000 - n, "domain": f"p{n}.example", "protocol": "xmpp"} for n in range(50)]
    control.answers["partners"] = (None, rows)
    control.answers["messages"] = (None, [messages(row["domain"], in_=1, in_refused=1,
                                                   refused={"in.gone": 1}) for row in rows])
    done = script("exporter", "--once", "--socket", control.path, "--partners-max", "3")
    seen = exported(done.stdout)
    wrote = {name: value for (metric, *labels), value in seen.items() if metric == "picket_messages_total" and "in" in labels
             for name in labels if name != "in"}
    assert wrote == {"p49.example": 1, "p48.example": 1, "p47.example": 1, "(more)": 47}
    assert seen["picket_messages_refused_total", "(more)", "gone", "in"] == 47
    head, rows = control.answers["dataplane"]
    control.answers["dataplane"] = (head, rows + [
        traffic(row["domain"], id=row["id"], classes={"claimed": 2}, drops={"no_flow": 3}, refusals={"blocked_source": 1})
        for row in control.answers["partners"][1]])
    seen = exported(script("exporter", "--once", "--socket", control.path, "--partners-max", "3").stdout)
    assert seen["picket_partner_class_flows", "(more)", "claimed"] == 47 * 2
    assert seen["picket_partner_dropped_frames_total", "(more)", "no_flow"] == 47 * 3
    assert seen["picket_partner_refused_frames_total", "(more)", "blocked_source"] == 47


def test_the_exporter_serves_while_the_edge_comes_and_goes(control, prometheus_client):
    argv = [ROOT / "scripts" / "exporter", "--socket", control.path, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as serving:
        try:
            url = serving.stdout.readline().split()[1]

            def scraped():
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return exported(answer.read().decode())

            assert scraped()["picket_up",] == 1
            control.stop()
            gone = scraped()
            assert gone["picket_up",] == gone["picket_dataplane_up",] == 0
            assert not [key for key in gone if "partner" in key[0]]
            control.start()
            assert scraped()["picket_up",] == 1
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(url.replace("/metrics", "/"), timeout=10)
        finally:
            serving.terminate()
            assert serving.wait(timeout=10) == 0


# ---- all of them -----------------------------------------------------------------------------------


@pytest.mark.parametrize("argv", [("stats",), ("top", "--once"), ("exporter", "--once")], ids=" ".join)
def test_without_a_control_plane_the_exit_code_is_3(argv, tmp_path, request):
    if argv[0] == "exporter":
        request.getfixturevalue("prometheus_client")
    done = script(*argv, "--socket", str(tmp_path / "none"))
    assert done.returncode == 3 and "No such file" in done.stderr


@pytest.mark.parametrize("argv", [("stats",), ("top", "--once"), ("exporter", "--once")], ids=" ".join)
def test_an_answer_that_makes_no_sense_is_exit_code_1(argv, control, request):
    if argv[0] == "exporter":
        request.getfixturevalue("prometheus_client")
    control.answers["version"] = b"hello"
    done = script(*argv, "--socket", control.path)
    assert done.returncode == 1 and "not an answer" in done.stderr


@pytest.mark.parametrize("argv", [("stats", "--sort", "x"), ("stats", "--watch", "0"), ("stats", "--interval", "x"),
                                  ("top", "--svg"), ("top", "--once", "--samples", "1"), ("top", "--once", "--replay", "x"),
                                  ("top", "--interval", "-1"), ("top", "x"), ("exporter", "--listen", "nowhere"),
                                  ("exporter", "--listen", "127.0.0.1:99999"), ("exporter", "--partners-max", "-1")],
                         ids=" ".join)
def test_wrong_usage_is_exit_code_2(argv):
    done = script(*argv)
    assert done.returncode == 2 and "usage:" in done.stderr


@pytest.mark.parametrize("name", ["stats", "top", "exporter"])
def test_help_names_the_exit_codes(name):
    done = script(name, "--help")
    assert done.returncode == 0 and "Exit codes" in done.stdout
