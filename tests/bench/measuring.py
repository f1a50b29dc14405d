# SPDX-License-Identifier: BSD-3-Clause
"""What benchmarks share: the way to scripts/lib (import this first), CPU time, and the lines that scripts/bench reads."""

import contextlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib"))


def need_lab():
    """Ends the program where no lab can be made, with the reason."""
    from lab import missing_for_lab  # noqa: PLC0415  (not everybody needs one)

    problem = missing_for_lab()
    if problem:
        sys.exit(f"{pathlib.Path(sys.argv[0]).stem}: {problem}")


def cpu_ns(pids):
    """CPU time so far of processes with all their threads, by the scheduler's own account. Who has gone has none."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(stat.read_text(encoding="ascii").split()[0])
    return total


def say(name, unit, samples, peer=None, peer_samples=()):
    print(json.dumps({"name": name, "unit": unit, "samples": samples, "peer": peer, "peer_samples": list(peer_samples)}), flush=True)
