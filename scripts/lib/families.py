# SPDX-License-Identifier: BSD-3-Clause
"""A reading as Prometheus metrics. Needs python3-prometheus-client."""

import time

import picket
import readings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

MORE = "(more)"  # partners beyond the limit, together
DIRECTIONS = ("in", "out")


class _Families:
    """Metric families by name, in the order of their first use."""

    def __init__(self):
        self._made = {}

    def __iter__(self):
        return iter(self._made.values())

    def _put(self, kind, name, text, labels, value):
        if name not in self._made:
            self._made[name] = kind(name, text, labels=tuple(labels))
        self._made[name].add_metric([str(label) for label in labels.values()], value)

    def counter(self, name, text, value, **labels):
        self._put(CounterMetricFamily, name, text, labels, value)

    def gauge(self, name, text, value, **labels):
        self._put(GaugeMetricFamily, name, text, labels, value)


def folded(partners, limit):
    """At most `limit` partners with names of their own: the first ones by id, which a name keeps for
    ever. Between two changes of the rules nobody joins or leaves them, so no sum goes back."""
    kept = sorted(partners, key=lambda p: (p.kind == "former", p.id))
    rest = kept[limit:]
    if rest:
        kept = kept[:limit] + [readings.Partner(
            name=MORE, kind="partner",
            flows=sum(p.flows for p in rest),
            traffic={what: sum(p.count(what) for p in rest) for what in readings.TRAFFIC},
            resets=sum(p.resets for p in rest),
            messages=_sums(p.messages for p in rest),
            causes=_sums(p.causes for p in rest),
            classes=_sums(p.classes for p in rest),
            drops=_sums(p.drops for p in rest),
            refusals=_sums(p.refusals for p in rest))]
    return kept


def _sums(dictionaries):
    result = {}
    for dictionary in dictionaries:
        for key, number in dictionary.items():
            result[key] = result.get(key, 0) + number
    return result


class Collector:
    """Given to a registry: reads the edge anew for every scrape."""

    def __init__(self, client, partners_max=1000):
        self._client = client
        self._partners_max = partners_max
        self.trouble = None  # why the last scrape could not read, or None

    def describe(self):
        return ()

    def collect(self):
        families = _Families()
        started = time.monotonic()
        self.trouble = None
        try:
            reading = readings.take(self._client)
        except picket.PicketError as trouble:
            self.trouble = trouble
            reading = None
        families.gauge("picket_up", "1 if the control plane answered.", int(reading is not None))
        families.gauge("picket_dataplane_up", "1 if the dataplane answered and has its rules.",
                       int(bool(reading and reading.dataplane_ready)))
        if reading:
            _control(families, reading)
            _handshakes(families, self._client)
            if reading.packets is not None:
                _edge(families, reading)
            for partner in folded(reading.partners, self._partners_max):
                _messages(families, partner)
                if reading.packets is not None:
                    _traffic(families, partner)
        families.gauge("picket_scrape_duration_seconds", "Time that reading the edge took.",
                       time.monotonic() - started)
        return families


def _control(families, reading):
    families.gauge("picket_control_info", "Version of the control plane.", 1,
                   version=reading.control.get("version", ""))
    families.gauge("picket_control_uptime_seconds", "Since the control plane started.",
                   reading.control.get("uptime_s", 0))
    families.gauge("picket_control_generation", "Generation of the control plane's rules.",
                   reading.channel.get("generation", 0))
    for name, number in reading.counters.items():
        families.counter("picket_control_events", "What the control plane counted, by the name that "
                         "'picketctl show counters' gives it.", number, event=name)


def _handshakes(families, client):
    try:
        said = client.show("handshakes")
    except picket.PicketError:
        return  # gone since, or it does not know
    for row in said.rows:
        kind = row.get("class", "")
        families.gauge("picket_unproven_connections", "Connections that have not proven who they are.",
                       row.get("unproven", 0), **{"class": kind})
        families.gauge("picket_unproven_connections_limit", "How many of this class and less trusted ones there may be.",
                       row.get("unproven_max", 0), **{"class": kind})
        families.counter("picket_unproven_connections_refused", "Connections refused because too many had proven nothing.",
                         row.get("refused", 0), **{"class": kind})
    pool = said.head.get("pool", {})
    families.gauge("picket_handshake_threads", "Threads for TLS handshakes.", pool.get("threads", 0))
    for side in ("partners", "strangers"):
        told = pool.get(side, {})
        families.gauge("picket_handshakes_waiting", "Handshakes that wait for a thread.", told.get("waiting", 0), side=side)
        families.counter("picket_handshake_steps", "Steps of handshakes that threads took.", told.get("steps", 0), side=side)
        families.counter("picket_handshake_wait_seconds", "Time that these steps waited for a thread, together.",
                         told.get("waited_us", 0) / 1e6, side=side)


def _edge(families, reading):
    packets = reading.packets
    families.gauge("picket_dataplane_generation", "Generation of the rules in force, 0: none.",
                   packets.get("generation", 0))
    families.gauge("picket_flows", "Connections known.", packets.get("flows", 0))
    families.gauge("picket_flow_capacity", "Connections that may be known.", packets.get("flow_capacity", 0))
    families.gauge("picket_gathers", "Connections whose first bytes are kept just now.", packets.get("gathers", 0))
    families.gauge("picket_suspects", "Partners that have the limits of suspicious ones.", packets.get("suspects", 0))
    families.gauge("picket_expectations", "Announced outbound connections that have not begun.",
                   packets.get("expectations", 0))
    families.counter("picket_late_refusals", "Connections refused because first bytes did not come in time.",
                     packets.get("late", 0))
    families.counter("picket_lost_resets", "Resets that could not be made or queued.", packets.get("resets_lost", 0))
    families.counter("picket_contradicted_claims", "Stream headers from another partner than the source's.",
                     packets.get("claims_contradicted", 0))
    for way in DIRECTIONS:
        families.counter("picket_frames_received", "Frames taken from the port (in) or the TAP (out).",
                         packets.get(f"{way}.received", 0), direction=way)
        for fate in readings.FATES:
            families.counter("picket_frames", "Frames by their fate.", packets.get(f"{way}.{fate}", 0),
                             direction=way, fate=fate)
        families.gauge("picket_frames_held", "Frames that wait for the other side.", packets.get(f"{way}.held", 0),
                       direction=way)
        families.counter("picket_forwarded_bytes", "Bytes of the frames that were forwarded.",
                         packets.get(f"{way}.bytes", 0), direction=way)
        families.counter("picket_made_frames", "Frames made here (resets, answers to SYNs, acknowledgements) and sent in this direction.",
                         packets.get(f"{way}.made", 0), direction=way)
    for cause, number in reading.group("dropped").items():
        families.counter("picket_dropped_frames", "Frames dropped, by cause.", number, cause=cause)
    for cause, number in reading.group("refused").items():
        families.counter("picket_refused_frames", "Frames answered with a reset, by cause.", number, cause=cause)
    for end in ("passed", "dropped"):
        for fate, number in reading.group(f"kernel.{end}").items():
            families.counter(f"picket_kernel_{end}_frames", f"Frames from the TAP that the tc program {end}, by fate.",
                             number, fate=fate)
    for event, number in reading.group("kernel.sockets").items():
        families.counter("picket_kernel_sockets", "What the kernel's socket queues behind the TAP count.", number, event=event)


def _traffic(families, partner):
    name = partner.name
    families.gauge("picket_partner_flows", "Open connections.", partner.flows, partner=name)
    families.counter("picket_partner_connections", "Connections begun.", partner.count("flows_opened"), partner=name)
    families.counter("picket_partner_refused_connections", "Connections reset by the dataplane.", partner.resets,
                     partner=name)
    for kind in readings.CLASSES:
        families.gauge("picket_partner_class_flows", "Open connections, by what is known of who is there.",
                       partner.classes.get(kind, 0), partner=name, **{"class": kind})
    for cause, number in partner.drops.items():
        families.counter("picket_partner_dropped_frames", "Frames dropped, by cause.", number, partner=name, cause=cause)
    for cause, number in partner.refusals.items():
        families.counter("picket_partner_refused_frames", "Frames answered with a reset, by cause.", number,
                         partner=name, cause=cause)
    for way in DIRECTIONS:
        families.counter("picket_partner_packets", "TCP segments that passed.", partner.count(f"packets_{way}"),
                         partner=name, direction=way)
        families.counter("picket_partner_bytes", "Bytes of the TCP segments that passed.",
                         partner.count(f"bytes_{way}"), partner=name, direction=way)


def _messages(families, partner):
    name = partner.name
    for way in readings.WAYS:
        families.counter("picket_messages", "Messages that came: in, from the partner; out, for it.", partner.count(way),
                         partner=name, direction=way)
        for outcome in readings.OUTCOMES:
            families.counter("picket_messages_ended", "Messages by outcome; unknown: it may have arrived.",
                             partner.count(f"{way}_{outcome}"), partner=name, direction=way, outcome=outcome)
    for key, number in partner.causes.items():
        way, _, cause = key.partition(".")
        families.counter("picket_messages_refused", "Messages refused, by cause.", number,
                         partner=name, direction=way, cause=cause)
