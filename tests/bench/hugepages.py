# SPDX-License-Identifier: BSD-3-Clause
"""Hugepages for a benchmark, put back when it ends."""

import contextlib
import pathlib
import sys

HUGEPAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")


@contextlib.contextmanager
def hugepages(needed):
    """As many of 2 MiB at least."""
    before = HUGEPAGES.read_text(encoding="ascii").strip()
    try:
        HUGEPAGES.write_text(f"{max(needed, int(before))}\n", encoding="ascii")
        got = int(HUGEPAGES.read_text(encoding="ascii"))
        if got < needed:
            sys.exit(f"bench: the kernel gave {got} of {needed} hugepages: memory is too fragmented")
        yield
    finally:
        HUGEPAGES.write_text(f"{before}\n", encoding="ascii")
