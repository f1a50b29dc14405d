# SPDX-License-Identifier: BSD-3-Clause
"""The picture that scripts/top shows, as lines of text: what was seen lately, and how it is drawn.
Knows no terminal."""

import collections
import time

import columns
import readings

HISTORY = 240  # samples kept of each curve
SORTS = ("traffic", "messages", "flows", "name")


def total(values):
    """None when one of them is."""
    values = list(values)
    return None if None in values else sum(values)


CURVES = {
    "packets/s in": lambda r: r.packets("in.received"),
    "packets/s out": lambda r: r.packets("out.received"),
    "bytes/s in": lambda r: r.packets("in.bytes"),
    "bytes/s out": lambda r: r.packets("out.bytes"),
    "dropped/s": lambda r: total((r.packets("in.dropped"), r.packets("out.dropped"))),
    "messages/s in": lambda r: r.messages("in"),
    "messages/s out": lambda r: r.messages("out"),
}


class Screen:
    def __init__(self, ascii_only=False, clock=lambda: time.strftime("%H:%M:%S")):
        self._ascii = ascii_only
        self._clock = clock
        self._reading = self._rates = None
        self._error = None
        self._lost_at = None
        self._restarts = 0
        self._curves = {name: collections.deque(maxlen=HISTORY) for name in CURVES}
        self.sort = SORTS[0]

    def next_sort(self):
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]

    def feed(self, reading):
        """What was read now."""
        if self._reading and self._reading.control.get("pid") != reading.control.get("pid"):
            self._restarts += 1
        self._rates = readings.Rates(None if self._error else self._reading, reading)
        self._reading, self._error, self._lost_at = reading, None, None
        for name, rate in CURVES.items():
            self._curves[name].append(rate(self._rates))

    def feed_trouble(self, error):
        """Nothing could be read: the last numbers stay, marked as old."""
        self._error = str(error)
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        for curve in self._curves.values():
            curve.append(None)

    # ---- drawing --------------------------------------------------------------------------

    def lines(self, width, height):
        """At most `height` lines of at most `width` characters."""
        drawn = [*self._health(), ""]
        if self._reading:
            drawn += [*self._curve_lines(width), ""]
            drops = self._drops()
            room = max(3, height - len(drawn) - min(len(drops), 10) - 2)
            drawn += [*self._partners()[:room], "", *drops]
        return [columns.safe(line)[:width].rstrip() for line in drawn[:height]]

    def _health(self):
        clock = self._clock()
        reading = self._reading
        if reading is None:
            return [f"Picket  {clock}", f"control plane  waiting: {self._error or 'not asked yet'}"]
        said = reading.control
        control = (f"up {columns.seconds(said.get('uptime_s'))}, pid {said.get('pid')}, "
                   f"version {said.get('version')}")
        if self._restarts:
            control += f", restarts seen: {self._restarts}"
        if self._error:
            control = f"GONE for {columns.seconds(time.monotonic() - self._lost_at)}: {self._error}"
        channel = reading.channel
        packets = reading.packets or {}
        if self._error:
            dataplane = "not known while the control plane is gone"
        elif reading.dataplane_ready:
            dataplane = (f"up, {channel.get('program')}, hand-off {channel.get('handoff')}, flows "
                         f"{packets.get('flows', 0)} of {packets.get('flow_capacity', 0)}")
        else:
            dataplane = f"GONE (channel: {channel.get('state', 'none')})"
        return [f"Picket  {clock}  generation {packets.get('generation', '-')} in force, "
                f"{channel.get('generation', '-')} wanted{'  (old numbers)' if self._error else ''}",
                f"control plane  {control}",
                f"dataplane      {dataplane}"]

    def _curve_lines(self, width):
        for name, curve in self._curves.items():
            room = max(8, min(60, width - 36))
            now = columns.short(curve[-1] if curve else None)
            top = columns.short(max((v for v in curve if v is not None), default=None))
            yield f"{name:<19}{now:>7}  {columns.sparkline(curve, room, self._ascii)}  max {top}"

    def _partners(self):
        rate = self._rates.partner
        keys = {
            "traffic": lambda p: -((rate(p, "bytes_in") or 0) + (rate(p, "bytes_out") or 0)),
            "messages": lambda p: -(p.count("in") + p.count("out")),
            "flows": lambda p: -p.flows,
            "name": lambda p: p.name,
        }
        rows = [(p.name, p.trust, p.protocol, p.flows, *(columns.short(rate(p, what)) for what in readings.TRAFFIC),
                 p.count("in"), p.count("out"),
                 p.resets + p.count("in_refused") + p.count("out_refused"))
                for p in sorted(self._reading.partners, key=keys[self.sort])]
        return columns.table(["partner", "class", "protocol", "flows", "conn/s", "pkt/s-in", "pkt/s-out", "B/s-in",
                              "B/s-out", "msg-in", "msg-out", "refused"], rows, left=3)

    def _drops(self):
        """Causes that happened, those that happen most just now first."""
        rows = []
        for group, what in (("dropped", "dropped"), ("refused", "reset")):
            for cause, number in self._reading.group(group).items():
                if number:
                    rows.append((what, cause, number, self._rates.packets(f"{group}.{cause}")))
        rows.sort(key=lambda row: (-(row[3] or 0), -row[2], row[1]))
        if not rows:
            return ["nothing dropped, nothing reset"]
        return columns.table(["", "cause", "count", "per s", "mostly from"],
                             [(what, cause, number, columns.short(rate), columns.share(self._reading.mostly_from(cause)))
                              for what, cause, number, rate in rows], left=2)
