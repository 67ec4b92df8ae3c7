# SPDX-License-Identifier: GPL-2.0-or-later
"""One hop: packets per second through the LAC, against plain forwarding and a bridge made by hand.

Called by guest.py. Frames are injected with AF_PACKET at one end (past the qdisc) and counted where they
arrive at the other; the far ends drop them at once, since they are for another MAC address. The kernel does
all of that in the injector's own system call, so that a flood loses nothing and its rate is what a frame costs.

One injector on one CPU has the three kinds take turns of some milliseconds, there and back again: what
disturbs the machine disturbs all of them. A round's figure is the median of the ratios of turns
that followed each other, so that the spread of the rounds says what the figure is worth.
"""

import json
import os
import socket
import statistics

import account
import fakes
import net as nets

KINDS = ("ip", "static", "vpdn")
SIZES = (64, 1300)
ROUNDS = 5
SECONDS, TURN = 2, 0.025	# of each kind in a round
CPU = "1"
NO_LOSS = 0.005
SO_NO_CHECK, ETH_P_ALL = 11, 3
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
        # As xl2tpd has its own: L2TP's UDP datagrams have no checksum.
        self.tunnel_by_hand.udp.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
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
        """What the injector is told of one kind: "up" is from the subscriber to the LNS."""
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
        return [what[0], "-i", "eth0", "--dst-mac", self.lac_mac["eth1" if up else "eth0"],
                "--size", str(size), *inner, *what[1:]]

    def ends(self, way):
        """(the node that injects, the one that counts)"""
        return (self.lab.client, self.lab.lns) if way == "up" else (self.lab.lns, self.lab.client)

    def inject(self, kinds, size, way, *options):
        """One injector with these kinds in turns: the report of each, by kind."""
        near, far = self.ends(way)
        argv = ["taskset", "-c", CPU, nets.LOAD, "inject"]
        for kind in kinds:
            argv += ([","] if kind != kinds[0] else []) + self.argv(kind, size, way)
            if kind == kinds[0]:
                argv += [*map(str, options), "--count", f"{netns(far)}:eth0"]
        self.bench.command(argv)
        report = json.loads(near.run(argv))
        if abs(report["loss"]) > NO_LOSS:
            raise AssertionError(f"{size} {way}: of the frames of a flood {report['loss']:.1%} were lost: {report}")
        return dict(zip(kinds, report["streams"])) if len(kinds) > 1 else {kinds[0]: report}

    def outcome(self, kind, size, way):
        """What a frame is when it has passed the LAC, but for the numbers of whose it is."""
        far = self.ends(way)[1]
        with far.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as seen:
            far.call(seen.bind, ("eth0", ETH_P_ALL))
            seen.settimeout(5)
            self.inject([kind], size, way, "--time", 0.01, "--rate", 500)
            frame = seen.recv(2048)
        if way == "down":
            return len(frame), frame[12:16], frame[18:]		# PPPoE but its session
        # IP: version, length, flags, TTL; UDP: length, checksum; L2TP: flags; what is in it
        return len(frame), frame[12:18], frame[20:24], frame[38:44], frame[-size - 4:]


def check_alike(measured, size, way):
    """Both bridges make the same of a frame: else they are not to be compared."""
    ours, by_hand = (measured.outcome(kind, size, way) for kind in ("vpdn", "static"))
    if ours != by_hand:
        raise AssertionError(f"{size} {way}: what the LAC sends is not what the bridge by hand does: {ours}, {by_hand}")


def one_round(bench, measured, size, way):
    """The kinds in turns, and what they are to each other."""
    daemons = measured.lab.lac.processes()
    before = {pid: account.switches([pid]) for pid in daemons}
    streams = measured.inject(KINDS, size, way, "--time", SECONDS, "--slice", TURN)
    bench.add("hop.switches", sum(account.switches([pid]) - before[pid] for pid in daemons), "switches")
    for role in measured.net.lac.daemons():
        bench.add(f"hop.switches.{role.name.split()[-1]}", account.switches([role.pid]) - before[role.pid], "switches")
    turns = {kind: stream["slices"] for kind, stream in streams.items()}
    for kind in KINDS:
        bench.add(f"hop.{kind}.{size}.{way}", statistics.median(turns[kind]), "packets/s")
    for kind in ("static", "ip"):
        ratios = [ours / theirs for ours, theirs in zip(turns["vpdn"], turns[kind])]
        bench.add(f"hop.vpdn_by_{kind}.{size}.{way}", statistics.median(ratios), "")
    bench.reports.setdefault(f"hop.{size}.{way}", []).append(turns)


def hop(bench):
    with nets.Net(bench, "hop") as net:
        # The far ends hear nothing of each other while frames are injected, and nobody must ask meanwhile.
        net.start_lns(options="lcp-echo-interval 0\n", hello=3600)
        net.start_lac(hello=3600)
        measured = Hop(bench, net)
        for size in SIZES:
            for way in ("up", "down"):
                check_alike(measured, size, way)
                for _ in range(ROUNDS):
                    one_round(bench, measured, size, way)
        measured.bridge.close()
