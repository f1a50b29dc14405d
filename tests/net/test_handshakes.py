# SPDX-License-Identifier: BSD-3-Clause
"""10,000 strangers finish TLS handshakes as fast as they are let; partners do not notice."""

import contextlib
import json
import pathlib
import subprocess
import time

import netns
import pytest
import s2s
from changes import both_ways

STRANGERS = "10.64.0.0/10"  # 10,000 of its /24, one address each
SECONDS = 5
PLACES = 32  # for connections that have proven nothing
BUDGET = "  handshakes_per_s: 800\n  handshakes_burst: 800\n  handshakes_reserved_percent: 50\n"
STRANGERS_PER_S = 400  # of them, and as many at once


@pytest.fixture(scope="module")
def edge(lab):
    """Few places, a budget that this machine can serve, and a way to the strangers."""
    netns.run("ip", "-n", lab.ns("partner"), "route", "add", "local", STRANGERS, "dev", "lo")
    netns.run("ip", "-n", lab.ns("picket"), "route", "add", STRANGERS, "via", lab.address("partner4"))
    rules = lab.dir / "edge" / "rules.yaml"
    rules.write_text(rules.read_text() + BUDGET)
    lab.stop("control")
    lab.start_control("--unproven-max", str(PLACES), "--handshake-threads", "2")
    lab.wait_ready()
    return lab


@contextlib.contextmanager
def strangers(lab, *how):
    """What became of them, once it is over."""
    result = {}
    process = subprocess.Popen(
        ["nsenter", f"--net={netns.path(lab.ns('partner'))}", lab.build / "tests" / "bench" / "strangers", "--target",
         lab.address("service4"), "--source", STRANGERS, "--seconds", str(SECONDS), *how], stdout=subprocess.PIPE, text=True)
    try:
        yield process, result
        said, _ = process.communicate(timeout=60)
        result.update(json.loads(said))
    finally:
        process.kill()
        process.wait()


def log_in(lab):
    """A new session of the partner."""
    ca = lab.ca
    with s2s.Stream(lab.ns("partner"), lab.address("partner4"), timeout_s=30) as stream:
        stream.log_in(ca.path("partner.example", "crt"), ca.path("partner.example", "key"))


def unproven(lab):
    """By class, those that are in; and what `show handshakes` says besides."""
    said = lab.show("handshakes")
    rows = {row["class"]: row for row in said["rows"]}
    within = [row["unproven"] <= row["unproven_max"] for row in rows.values()]
    assert all(within) and said["unproven"] <= said["unproven_max"] == PLACES, said
    return rows, said


def begun(lab):
    """Connections of strangers that the dataplane let in."""
    return next(row for row in lab.packets()["partners"] if row["id"] == 0)["flows_opened"]


def private_kb(pid):
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:"))


@pytest.mark.parametrize("how", [("--port", "5269"), ("--port", "5061", "--direct")], ids=["starttls", "direct"])
def test_partners_do_not_notice_strangers_that_shake_hands(edge, alice, bob, figure, how):
    both_ways(alice, bob, "before")
    before = edge.show("counters")
    rows_before, _ = unproven(edge)
    memory = [private_kb(edge.pid("control"))]
    most, rounds, sessions = 0, 0, 0
    since, let_in = time.monotonic(), begun(edge)
    with strangers(edge, *how) as (process, result):
        while process.poll() is None:
            both_ways(alice, bob, f"during {rounds}")
            rounds += 1
            rows, said = unproven(edge)
            most = max(most, rows["unknown"]["unproven"])
            if rounds % 4 == 1:
                log_in(edge)
                sessions += 1
        memory.append(private_kb(edge.pid("control")))
    assert result["failed"] == 0 and result["shaken"] > 100, result
    assert rounds > 0 and sessions > 0
    rows, said = unproven(edge)
    grown = {name: number - before.get(name, 0) for name, number in edge.show("counters").items()}
    refused = rows["unknown"]["refused"] - rows_before["unknown"]["refused"]
    # Strangers meet the bounds of their budget and of their places, partners do not.
    let_in = begun(edge) - let_in
    assert let_in <= STRANGERS_PER_S * (1 + time.monotonic() - since) + 1
    assert dict(edge.packets()["dropped"]).get("over_handshakes", 0) == 0
    assert most <= rows["unknown"]["unproven_max"] == PLACES * 3 // 4
    assert refused == grown.get("accept.refused.no_place_for_strangers", 0) + grown.get("accept.refused.full", 0)
    assert rows["claimed"]["refused"] == rows["own"]["refused"] == 0, rows
    assert said["pool"]["strangers"]["steps"] > 100 and said["pool"]["partners"]["steps"] > 0, said
    assert grown["handshake.done"] + grown.get("handshake.failed", 0) > 100, grown
    edge.wait_for("all strangers to be gone", lambda: unproven(edge)[0]["unknown"]["unproven"] == 0, "control")
    both_ways(alice, bob, "after")
    memory.append(private_kb(edge.pid("control")))
    figure(f"{let_in} strangers let in of {result['begun']} in {result['seconds']} s ({how[1]}), {result['shaken']} handshakes, "
           f"{refused} found no place, at most {most} in at once; "
           f"meanwhile {2 * rounds} messages and {sessions} new sessions; memory before, during, after: {memory} KiB")


def test_places_are_met_by_those_who_say_nothing_after_their_header(edge, alice, bob):
    """Silent ones keep their places; a partner gets in all the same."""
    before, _ = unproven(edge)
    kept = []
    try:
        def taken():
            rows, _ = unproven(edge)
            return (rows["unknown"]["unproven"] == PLACES * 3 // 4
                    and rows["unknown"]["refused"] > before["unknown"]["refused"])

        def one_more():
            """Where there is little time some give up before they have a place, and one that came too late has no budget."""
            with contextlib.suppress(OSError, s2s.Refused):
                stream = s2s.Stream(edge.ns("partner"), f"10.64.{len(kept) % 256}.1", timeout_s=10)
                kept.append(stream)
                stream.header(sender="second.example")
            return taken()

        for _ in range(PLACES):
            one_more()
        edge.wait_for("the strangers' places to be taken and others refused", lambda: taken() or one_more(), "control")
        log_in(edge)
        both_ways(alice, bob, "all places taken")
    finally:
        for stream in kept:
            stream.close()
    assert "connections refused" in edge.log_text("control")
    edge.wait_for("all strangers to be gone", lambda: unproven(edge)[0]["unknown"]["unproven"] == 0, "control")
