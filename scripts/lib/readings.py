# SPDX-License-Identifier: BSD-3-Clause
"""What the edge has counted, taken at one moment, and the rates between two moments. Under
scripts/stats, scripts/top and scripts/exporter."""

import time
from dataclasses import dataclass, field

import picket

UNKNOWN = "(unknown)"  # the dataplane's row for everybody who is no partner
KINDS = {UNKNOWN: "unknown", "(discovered)": "discovered"}  # rows that are for many
WAYS = ("in", "out")  # from the partner to ours, and back
OUTCOMES = ("delivered", "refused", "unknown")
FATES = ("forwarded", "answered", "consumed", "dropped")
TRAFFIC = ("flows_opened", "packets_in", "packets_out", "bytes_in", "bytes_out")
CLASSES = ("verified", "outbound", "claimed", "suspicious", "unknown")  # of open connections, most trusted first


@dataclass(frozen=True)
class Partner:
    """One partner's numbers; 0 where a process has not counted anything for it."""

    name: str
    kind: str  # "partner" of the rules, a word of KINDS, "former": of earlier rules
    protocol: str = "-"
    id: int = 0
    flows: int = 0
    traffic: dict = field(default_factory=dict)  # TRAFFIC
    resets: int = 0  # connections that the dataplane reset
    messages: dict = field(default_factory=dict)  # "in", "in_delivered", ...
    causes: dict = field(default_factory=dict)  # "in.item-not-found": n
    classes: dict = field(default_factory=dict)  # open connections by CLASSES; 0 may be missing
    drops: dict = field(default_factory=dict)  # frames dropped, by cause
    refusals: dict = field(default_factory=dict)  # frames answered with a reset, by cause

    @property
    def trust(self):
        """The most trusted class of its open connections; its kind if there are none."""
        if self.kind != "partner":
            return self.kind
        return next((name for name in CLASSES if self.classes.get(name)), self.kind)

    def count(self, what):
        return self.traffic.get(what, 0) if what in TRAFFIC else self.messages.get(what, 0)


@dataclass(frozen=True)
class Reading:
    """`control` is what it says of itself, `channel` what it says of its channel to the dataplane.
    `packets` are the dataplane's counters by flat name ("in.received", "dropped.no_flow"), None when
    it did not answer. Times are monotonic, in seconds."""

    control: dict
    control_at: float
    counters: dict
    partners: tuple
    channel: dict
    packets: dict | None
    packets_at: float
    hitters: tuple = ()  # rows of `show hitters`

    def group(self, prefix):
        """Members of a group of the dataplane's counters: group("dropped") by cause."""
        return {name[len(prefix) + 1:]: number for name, number in (self.packets or {}).items()
                if name.startswith(prefix + ".")}

    def mostly_from(self, cause):
        """Whoever causes most of it: the source and its share of the last minutes, or None."""
        first = next((row for row in self.hitters if row.get("cause") == cause), None)
        return (first["source"], first["at_least"] / first["of"]) if first and first.get("of") else None

    @property
    def dataplane_ready(self):
        return self.packets is not None and self.channel.get("state") == "ready"


def take(client):
    """A reading; raises picket.PicketError when the control plane gives none."""
    version = client.show("version")
    counters = client.show("counters")
    listed = {name: row for name, row in client.show("partners").keyed("domain").items()
              if row.get("origin") != "discovered"}  # nothing is counted for each of those
    messages = client.show("messages")
    dataplane = _if_there(client, "dataplane")
    hitters = _if_there(client, "hitters")
    return Reading(
        control=version.head,
        control_at=messages.at,
        counters=counters.pairs(),
        partners=tuple(_partners(listed, dataplane.keyed("partner"), messages.keyed("partner"))),
        channel=dataplane.head,
        packets=dataplane.pairs() or None,
        packets_at=dataplane.at,
        hitters=tuple(hitters.rows),
    )


def _if_there(client, noun):
    try:
        return client.show(noun)
    except picket.Refused:
        return picket.Answer({}, [], time.monotonic())  # no channel to the dataplane yet


def _partners(listed, seen, wrote):
    """Of the rules first, by id, which never changes; then who is there without being in them."""
    names = sorted(listed, key=lambda name: listed[name].get("id", 0))
    names += sorted((seen.keys() | wrote.keys()) - listed.keys())
    for name in names:
        rule, packets, messages = listed.get(name, {}), seen.get(name, {}), wrote.get(name, {})
        yield Partner(
            name=name,
            kind="partner" if rule else KINDS.get(name, "former"),
            protocol=rule.get("protocol", "-"),
            id=rule.get("id", packets.get("id", 0)),
            flows=packets.get("flows", 0),
            traffic={what: packets.get(what, 0) for what in TRAFFIC},
            resets=packets.get("refused", 0),
            messages={key: messages.get(key, 0)
                      for way in WAYS for key in (way, *(f"{way}_{end}" for end in OUTCOMES))},
            causes=messages.get("refused", {}),
            classes=packets.get("classes", {}),
            drops=packets.get("drops", {}),
            refusals=packets.get("refusals", {}),
        )


class Rates:
    """Per second between two readings. None where there is no telling: at the first reading, and
    over a restart of the process that counts."""

    def __init__(self, before, after):
        self._before, self._after = before, after
        self._was = {partner.name: partner for partner in before.partners} if before else {}
        self._same_control = bool(before) and before.control.get("pid") == after.control.get("pid")
        # The dataplane's numbers start again with its process, and received ones only grow.
        self._same_dataplane = (
            bool(before) and before.packets is not None and after.packets is not None
            and all(after.packets.get(f"{way}.received", 0) >= before.packets.get(f"{way}.received", 0)
                    for way in ("in", "out")))

    @property
    def interval_s(self):
        return self._after.control_at - self._before.control_at if self._before else None

    def packets(self, name):
        """Of a counter of the dataplane, by flat name."""
        if not self._same_dataplane:
            return None
        return self._per_second(self._before.packets.get(name, 0), self._after.packets.get(name, 0), True)

    def partner(self, partner, what):
        """Of a number of a partner: one of TRAFFIC, or of its messages."""
        if not (self._same_dataplane if what in TRAFFIC else self._same_control):
            return None
        was = self._was.get(partner.name)
        return self._per_second(was.count(what) if was else 0, partner.count(what), what in TRAFFIC)

    def messages(self, way):
        """Of all messages in one direction."""
        parts = [self.partner(partner, way) for partner in self._after.partners]
        return None if None in parts else sum(parts)

    def _per_second(self, was, now, dataplane):
        seconds = (self._after.packets_at - self._before.packets_at if dataplane
                   else self._after.control_at - self._before.control_at)
        return (now - was) / seconds if now >= was and seconds > 0 else None


def document(reading, rates):
    """All of it as one JSON-able object; rates are null where there is no telling."""

    def rounded(number):
        return None if number is None else round(number, 3)

    def row(p):
        said = {"partner": p.name, "class": p.trust, "protocol": p.protocol, "id": p.id, "flows": p.flows}
        for what in TRAFFIC:
            name = "connections" if what == "flows_opened" else what
            said[name] = p.count(what)
            said[f"{name}_per_s"] = rounded(rates.partner(p, what))
        for way in WAYS:
            said[way] = {"messages": p.count(way), "per_s": rounded(rates.partner(p, way)),
                         **{end: p.count(f"{way}_{end}") for end in OUTCOMES}}
        said["classes"] = {name: p.classes.get(name, 0) for name in CLASSES}
        said["connections_refused"] = p.resets
        said["frames_dropped"] = p.drops
        said["frames_refused"] = p.refusals
        said["messages_refused"] = p.causes
        return said

    return {
        "interval_s": rounded(rates.interval_s),
        "control": reading.control,
        "dataplane": {"ready": reading.dataplane_ready,
                      **{key: reading.channel.get(key) for key in ("state", "program", "handoff", "generation")}},
        "partners": [row(partner) for partner in reading.partners],
        "dropped": reading.group("dropped"),
        "refused": reading.group("refused"),
        "hitters": list(reading.hitters),
        "control_counters": reading.counters,
    }
