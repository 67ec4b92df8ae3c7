# SPDX-License-Identifier: GPL-2.0-or-later
"""One hop: packets per second through the LAC, against plain forwarding and a bridge made by hand.

Called by guest.py. Frames are injected with AF_PACKET at one end (past the qdisc) and counted where they
arrive at the other; the far ends drop them at once, since they are for another MAC address. The three kinds
take turns, so that what disturbs the machine disturbs all of them.
"""

import json
import os

import account
import fakes
import net as nets

KINDS = ("ip", "static", "vpdn")
SIZES = (64, 1300)
ROUNDS = 7
SECONDS = 0.6
NO_LOSS = 0.005
NOBODY = "02:00:00:00:99:99"
# The bridge by hand: numbers that nobody negotiated.
STATIC_PORT, STATIC_TUNNEL, STATIC_SESSION = 1702, 0x0a01, 0x0a02
STATIC_PPPOE, STATIC_MAC = 0x7a01, "02:76:70:ff:ff:01"
INSIDE, OUTSIDE = "10.64.0.9", "192.0.2.77"


def netns(node):
    return f"/proc/{os.getpid()}/task/{node.tid}/ns/net"


class Hop:
    """The three kinds in one topology."""

    def __init__(self, bench, net):
        self.bench, self.net, self.lab = bench, net, net.lab
        lab = self.lab
        self.lac_mac = {name: lab.lac.call(self._mac, name) for name in ("eth0", "eth1")}
        self.lns_mac = lab.lns.call(self._mac, "eth0")
        with net.pppoe(eager=True, calls=1, list=True, release="none") as load:
            call, = load.up()["sessions"]
            # The client of this bench is the injector: it does not answer echoes, nor hang up.
            load.down()
        session, = net.lac.show("session")["sessions"]
        self.sid, self.mac = call["session"], call["mac"]
        self.tunnel, self.session = session["tunnel_id"], session["session_id"]
        self.tunnel_by_hand = fakes.Tunnel(lab.lac, lab.LAC, lab.LNS, STATIC_TUNNEL, STATIC_TUNNEL, STATIC_PORT)
        self.ends_by_hand = (fakes.pppoe_session(lab.lac, "eth1", STATIC_MAC, STATIC_PPPOE),
                             self.tunnel_by_hand.session(STATIC_SESSION, STATIC_SESSION))
        self.bridge = lab.lac.call(fakes.Bridge, *self.ends_by_hand)
        # Whatever arrives at the far ends is dropped by them before it costs anything.
        lab.lac.ip(f"neigh replace {lab.LNS} lladdr {NOBODY} dev eth0 nud permanent",
                   "address add 192.0.2.79/24 dev eth1", "route add 198.51.100.99/32 dev eth1",
                   f"route add 198.51.100.98/32 via {lab.LNS} dev eth0 onlink",
                   f"neigh replace 198.51.100.99 lladdr {NOBODY} dev eth1 nud permanent")

    @staticmethod
    def _mac(interface):
        with open(f"/sys/class/net/{interface}/address", encoding="ascii") as file:
            return file.read().strip()

    def argv(self, kind, size, way):
        """The injector's command line: "up" is from the subscriber to the LNS."""
        lab = self.lab
        up = way == "up"
        inner = ["--src", INSIDE, "--dst", OUTSIDE] if up else ["--src", OUTSIDE, "--dst", INSIDE]
        if kind == "ip":
            what = ["ip"]
            inner = ["--src", "192.0.2.78", "--dst", "198.51.100.98"] if up else ["--src", lab.LNS, "--dst", "198.51.100.99"]
        elif up:
            sid, mac = (self.sid, self.mac) if kind == "vpdn" else (STATIC_PPPOE, STATIC_MAC)
            what = ["pppoe", "--session", f"{sid}/{mac}"]
        else:
            tunnel, session, port = (self.tunnel, self.session, 1701) if kind == "vpdn" else \
                (STATIC_TUNNEL, STATIC_SESSION, STATIC_PORT)
            what = ["l2tp", "--outer-src", lab.LNS, "--outer-dst", lab.LAC, "--sport", str(port), "--dport", str(port),
                    "--tunnel", str(tunnel), "--session", str(session)]
        far = lab.lns if up else lab.client
        return [nets.LOAD, "inject", what[0], "-i", "eth0", "--dst-mac", self.lac_mac["eth1" if up else "eth0"],
                "--size", str(size), *inner, *what[1:], "--count", f"{netns(far)}:eth0"]

    def inject(self, kind, size, way, rate=0):
        node = self.lab.client if way == "up" else self.lab.lns
        argv = self.argv(kind, size, way) + ["--time", str(SECONDS), "--rate", str(int(rate))]
        if not rate:
            self.bench.command(argv)
        return json.loads(node.run(argv))

    def no_loss(self, kind, size, way):
        """Packets/s received: of a flood when (nearly) nothing of it is lost, else of the highest rate without loss."""
        flood = self.inject(kind, size, way)
        if flood["received"] == 0:
            raise AssertionError(f"nothing came through: {kind} {size} {way}: {flood}")
        if flood["loss"] <= NO_LOSS:
            return flood["received_pps"]
        low, high, best = 0.0, flood["sent_pps"], 0.0
        for _ in range(6):
            rate = (low + high) / 2
            got = self.inject(kind, size, way, rate)
            if got["loss"] <= NO_LOSS:
                low, best = rate, max(best, got["received_pps"])
            else:
                high = rate
        return best


def one_round(bench, measured, daemons, size, way):
    """Each kind once, and what they are to each other: those that ran one after the other had the same machine."""
    value = {}
    for kind in KINDS:
        before = account.switches(daemons)
        value[kind] = measured.no_loss(kind, size, way)
        if kind == "vpdn":
            bench.add("hop.switches", account.switches(daemons) - before, "switches")
        bench.add(f"hop.{kind}.{size}.{way}", value[kind], "packets/s")
    for kind in ("static", "ip"):
        bench.add(f"hop.vpdn_by_{kind}.{size}.{way}", value["vpdn"] / value[kind], "")


def hop(bench):
    with nets.Net(bench, "hop") as net:
        # The far ends hear nothing of each other while frames are injected, and nobody must ask meanwhile.
        net.start_lns(options="lcp-echo-interval 0\n", hello=3600)
        net.start_lac(hello=3600)
        measured = Hop(bench, net)
        daemons = [daemon.pid for daemon in net.lac.daemons()]
        for size in SIZES:
            for way in ("up", "down"):
                for _ in range(ROUNDS):
                    one_round(bench, measured, daemons, size, way)
        measured.bridge.close()
