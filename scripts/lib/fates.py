# SPDX-License-Identifier: BSD-3-Clause
"""What became of every packet: do the dataplane's counters add up (docs/counters.md)?"""

FATES = ("forwarded", "answered", "consumed", "dropped", "held")


def faults(counters):
    """What does not, in words; nothing if all does."""
    said = []
    for way in ("in", "out"):
        part = counters[way]
        total = sum(part[fate] for fate in FATES)
        if part["received"] != total:
            said.append(f"{way}: received {part['received']}, but the fates are {total}: {part}")
    for causes, total in (("dropped", counters["in"]["dropped"] + counters["out"]["dropped"]),
                          ("refused", counters["in"]["answered"] + counters["out"]["answered"] + counters["late"])):
        summed = sum(counters[causes].values())
        if summed != total:
            said.append(f"{causes}: {total}, but the causes are {summed}: "
                        f"{({cause: n for cause, n in counters[causes].items() if n})}")
    return said
