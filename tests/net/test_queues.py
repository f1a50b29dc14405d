# SPDX-License-Identifier: BSD-3-Clause
"""A control plane that does not come round to its listeners: nobody is refused, and it can be seen."""

import contextlib
import os
import signal
import time

import footprint
import netns
import s2s

QUEUE = 3
COMERS = 12


def test_a_full_accept_queue_is_counted_and_refuses_nobody(lab, alice, bob):
    """The kernel takes one more than the queue is long."""
    lab.stop("control")
    lab.stop("dataplane")
    netns.run("ip", "netns", "exec", lab.ns("picket"), "sysctl", "-qw", f"net.core.somaxconn={QUEUE}")
    lab.start_dataplane()
    lab.start_control()
    lab.wait_ready()
    assert lab.packets()["kernel.sockets.accept_queue_full"] == 0
    control = lab.pid("control")
    before = footprint.netstat(control)["ListenOverflows"]
    with contextlib.ExitStack() as streams:
        os.kill(control, signal.SIGSTOP)
        try:
            waiting = [streams.enter_context(s2s.Stream(lab.ns("partner"), lab.address("partner4"), timeout_s=30))
                       for _ in range(COMERS)]
            for stream in waiting:
                stream.header()
            end = time.monotonic() + 20
            while footprint.netstat(control)["ListenOverflows"] < before + COMERS - QUEUE - 1:
                assert time.monotonic() < end
                time.sleep(0.05)
        finally:
            os.kill(control, signal.SIGCONT)
        for stream in waiting:
            assert "starttls" in stream.read_until("</stream:features>")
    packets = lab.packets()
    assert packets["kernel.sockets.accept_queue_full"] >= COMERS - QUEUE - 1
    assert packets["kernel.sockets.not_begun"] >= packets["kernel.sockets.accept_queue_full"]
    assert packets["kernel.passed.handed_over"] >= COMERS
    alice.send("bob@corp.example", "afterwards")
    assert bob.receive(timeout_s=20)["body"] == "afterwards"
