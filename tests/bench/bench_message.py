# SPDX-License-Identifier: BSD-3-Clause
"""CPU time per message on the way TLS -> Kamailio -> TLS -> picket-control -> TLS -> Prosody.

Kamailio relays each MESSAGE from one mutual-TLS connection to another; picket-control translates it
and waits for its outcome. Both see the same messages in the same run; CPU time is the scheduler's
own account (schedstat) of all threads and processes of each."""

import argparse
import pathlib
import ssl
import sys
import threading
import time

from measuring import cpu_ns, need_lab, say  # noqa: I001  (it knows the way to the next)
import netns
from lab import Lab

BODY = "Hello Alice, are you coming to the meeting at ten? The agenda is in the wiki, room 4."
REQUEST = (
    "MESSAGE sip:alice@partner.example SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.20:5061;branch=z9hG4bK{0}\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:bob@corp.example>;tag=b{0}\r\nTo: <sip:alice@partner.example>\r\n"
    "Call-ID: load@bench\r\nCSeq: {0} MESSAGE\r\nContent-Type: text/plain;charset=UTF-8\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
)


def cpu_of(namespace, program):
    """Of every process of that name in the namespace."""
    return cpu_ns(pid for pid in netns.run("ip", "netns", "pids", namespace).split() if name_of(pid).startswith(program[:15]))


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text(encoding="ascii")
    except OSError:
        return ""


class Load:
    """Keeps `window` requests open on one connection to Kamailio and counts final responses."""

    def __init__(self, lab):
        sock = netns.connect(lab.ns("inside"), lab.address("sipuser"), (lab.address("inside"), 5061))
        context = ssl.create_default_context(cafile=lab.ca.file)
        context.check_hostname = False
        context.load_cert_chain(lab.ca.path("inside", "crt"), lab.ca.path("inside", "key"))
        self.sock = context.wrap_socket(sock)
        self.sock.settimeout(60)
        self.number = int(time.time()) % 1000000 * 1000
        self.codes = {}

    def run(self, count, window):
        sent = answered = 0
        rest = b""
        while answered < count:
            room = min(count - sent, window - (sent - answered))
            if room >= window // 4 or (room and sent + room == count):
                self.sock.sendall("".join(REQUEST.format(self.number + i) for i in range(room)).encode())
                self.number += room
                sent += room
            got = self.sock.recv(262144)
            if not got:
                raise RuntimeError(f"Kamailio closed the connection after {answered} answers: {self.codes}")
            rest += got
            parts = rest.split(b"\r\n\r\n")
            rest = parts.pop()
            for head in parts:
                code = int(head.lstrip()[8:11])
                if code >= 200:
                    answered += 1
                    self.codes[code] = self.codes.get(code, 0) + 1


def measured(args, flags):
    """CPU time per message, of picket-control and of Kamailio, round by round."""
    samples, kamailio = [], []
    with Lab("bmsg", args.build) as lab:
        lab.up(edge=False)
        lab.start_dataplane(*flags)
        lab.start_control(*flags)
        lab.wait_ready()
        alice = lab.xmpp_user("alice")
        seen = [0]

        def drain():
            while True:
                alice.messages.get()
                seen[0] += 1

        threading.Thread(target=drain, daemon=True).start()
        load = Load(lab)
        for number in range(args.rounds):
            places = (("picket", "picket-control"), ("inside", "kamailio"))
            before = [cpu_of(lab.ns(node), program) for node, program in places]
            try:
                load.run(args.count, args.window)
            except RuntimeError as problem:
                tails = "".join(f"\n--- {p}\n" + "\n".join(lab.log_text(p).splitlines()[-12:])
                                for p in ("kamailio", "control"))
                sys.exit(f"bench_message: {problem}{tails}")
            spent = [(cpu_of(lab.ns(node), program) - b) / args.count / 1e3
                     for (node, program), b in zip(places, before)]
            if number:
                samples.append(spent[0])
                kamailio.append(spent[1])
        end = time.monotonic() + 60
        while seen[0] < args.count * args.rounds and time.monotonic() < end:
            time.sleep(0.2)
        if load.codes != {202: args.count * args.rounds} or seen[0] != args.count * args.rounds:
            sys.exit(f"bench_message: answers {load.codes}, {seen[0]} delivered of {args.count * args.rounds}")
        alice.close()
    return samples, kamailio


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build")
    parser.add_argument("--count", type=int, default=4000, help="messages per round (default 4000)")
    parser.add_argument("--rounds", type=int, default=6, help="rounds, the first one warms up (default 6)")
    parser.add_argument("--window", type=int, default=200, help="requests open at once (default 200)")
    args = parser.parse_args()
    need_lab()
    # A loop and an lcore that go first take up each piece by itself, where others find several waiting.
    for words, flags in (("", ()), (", --realtime 0", ("--realtime", "0"))):
        samples, kamailio = measured(args, flags)
        say(f"control_cpu_per_message_sip_to_xmpp{words}", "us", samples, "kamailio 5.6 relaying TLS to TLS", kamailio)


if __name__ == "__main__":
    main()
