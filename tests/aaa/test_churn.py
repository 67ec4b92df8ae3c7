# SPDX-License-Identifier: GPL-2.0-or-later
"""Subscribers, servers, xl2tpd, administrators and reloads come and go at the same time, by chance: nothing is left of it, and nothing breaks."""
import os
import random
import select
import socket
import time

import pytest

from conftest import CHAP_TLVS, ROLE_L2TP
from https import Raw, Server, forward
from radius import ACCEPT, REJECT, Scripted, answer, attribute, tagged
from waiting import await_condition

SECONDS = 8
AT_ONCE = 100
LNS = ["192.0.2.2", "192.0.2.3", "192.0.2.4"]
GROUP = ('vpdn-group backup { request-dialin { protocol = l2tp domain = { "d0.example" } default = true }\n'
         + "".join(f'  initiate-to "{lns}" {{ priority = {i} }}\n' for i, lns in enumerate(LNS))
         + '  local-name = "LAC" tunnel-authentication = false connect-timeout = 1 }\ndead-time = 1\n')


class Churn:
    def __init__(self, daemon, confs, chance):
        self.daemon, self.confs, self.chance = daemon, confs, chance
        self.subscribers, self.held = [], []

    def arrive(self):
        number = self.chance.randrange(40)
        more = [("CALLED_NUMBER", b"614629")] if number % 3 else []
        hold_ms = self.chance.choice([100, 400, 1000, 3000, 8000])
        self.subscribers.append(self.daemon.subscriber(f"user{self.chance.randrange(5)}@d{number}.example", CHAP_TLVS, more=more, hold_ms=hold_ms))

    def leave(self, connection):
        self.subscribers.remove(connection)
        self.daemon.hang_up(connection)

    def plugin(self, connection):
        """What pppd does when it is spoken to, or was left."""
        try:
            got = connection.read(1)
        except (EOFError, ConnectionError, AssertionError):
            got = None
        if not got or got.name != "SUBSCRIBER_FORWARD" or self.chance.random() < 0.2:
            self.leave(connection)
        elif self.chance.random() < 0.8:
            access, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
            self.held.append(access)
            try:
                connection.say("SUBSCRIBER_CHANNEL", ("PARKED", 1), fds=[channel.fileno()] * 2)
            except BrokenPipeError:     # the call has ended meanwhile
                self.leave(connection)
            channel.close()

    def cleared(self, ref, stage, by, *more):
        self.daemon.module.say("L2TP_CALL_CLEARED", ("CALL_REF", ref), ("STAGE", stage), ("BY", by), *more, ("TEXT", "by chance"))

    def ready(self, ref):
        l2tp, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self.daemon.module.say("L2TP_CALL_READY", ("CALL_REF", ref), ("TUNNEL_ID", 10), ("PEER_TUNNEL_ID", 20), ("SESSION_ID", 30),
                               ("PEER_SESSION_ID", 40), ("CALL_SERIAL", ref), fds=[ours.fileno()])
        ours.close()
        self.held.append(l2tp)

    def xl2tpd(self):
        got = self.daemon.module.read(1)
        ref = got.get("CALL_REF") if got.name.startswith("L2TP_CALL") else None
        if got.name == "L2TP_CALL_CLEAR":
            self.cleared(ref, 2, 1)
        elif got.name == "L2TP_CALL_PLACE":
            what = self.chance.randrange(6)
            if what < 3:
                self.ready(ref)
                if what == 0:       # and gives it up at once, or in the middle
                    self.cleared(ref, 2, 2, ("RESULT", 4))
            elif what == 3:
                self.cleared(ref, 1, 3)
            elif what == 4:
                self.cleared(ref, 2, 2, ("RESULT", self.chance.choice([2, 3, 4])))

    def administrator(self):
        what = self.chance.randrange(8)
        if what == 0:
            for session in self.chance.sample(sessions := self.daemon.ctl("show", "session")["sessions"], min(5, len(sessions))):
                self.daemon.may_fail("clear", "session", str(session["id"]))
        elif what == 1:
            self.daemon.ctl("explain", f"alice@d{self.chance.randrange(40)}.example")
        elif what == 2:
            self.daemon.ctl("clear", "aaa-cache")
        elif what == 3:
            self.daemon.table("metrics")
        elif what == 4:
            self.daemon.connections.remove(self.daemon.module)
            self.daemon.module.close()
            self.daemon.module = self.daemon.hello(ROLE_L2TP)
        else:
            self.daemon.reload(self.chance.choice(self.confs))

    def run(self, seconds):
        end, next_admin = time.monotonic() + seconds, time.monotonic() + 0.5
        while time.monotonic() < end:
            if len(self.subscribers) < AT_ONCE:
                self.arrive()
            if self.chance.random() < 0.1 and self.subscribers:
                self.leave(self.chance.choice(self.subscribers))
            if len(self.held) > AT_ONCE or (self.held and self.chance.random() < 0.05):
                self.held.pop(self.chance.randrange(len(self.held))).close()
            if time.monotonic() > next_admin:
                self.administrator()
                next_admin = time.monotonic() + 0.3
            ready = select.select([self.daemon.module.socket, *(c.socket for c in self.subscribers)], [], [], 0.005)[0]
            for connection in [c for c in self.subscribers if c.socket in ready]:
                self.plugin(connection)
            if self.daemon.module.socket in ready:
                self.xl2tpd()
            assert self.daemon.process.poll() is None, self.daemon.text()[-4000:]

    def close(self):
        for fd in self.held:
            fd.close()

    def end(self):
        for connection in list(self.subscribers):
            self.leave(connection)
        self.close()

        def over():
            while select.select([self.daemon.module.socket], [], [], 0)[0]:
                self.xl2tpd()
            return not self.daemon.ctl("show", "session")["sessions"]
        await_condition(over, lambda: self.daemon.ctl("show", "session"), 30)


@pytest.fixture(name="churn")
def fixture_churn(vpdnd, tmp_path):
    """Makes one of a seed, with servers that do anything."""
    servers = []
    (tmp_path / "stats").write_text("10 100 20 200")

    def make(seed):
        chance = random.Random(seed)

        def http(question):
            what = chance.randrange(8)
            return (forward(*LNS, ttl=1, limit=5) if what < 3 else {"result": "reject"} if what == 3 else {"result": "nothing", "ttl": 0} if what == 4
                    else Raw.answer(b"no JSON", wait=0.2) if what == 5 else Raw.answer({"result": "local"}, wait=chance.random()) if what == 6
                    else Raw(wait=2))

        def radius(request):
            tunnels = tagged(64, 1, 3) + attribute(67, b"\x01192.0.2.2") + tagged(64, 2, 3) + attribute(67, b"\x02192.0.2.3")
            what = chance.randrange(6)
            if request[0] == 4:
                return [answer(request, 5, mac=False)] if what else []
            return ([answer(request, ACCEPT, tunnels)] if what < 2 else [answer(request, REJECT, b"")] if what == 2 else [b"\2\1"] if what == 3
                    else [answer(request, ACCEPT, tunnels, secret="guessed"), answer(request, ACCEPT, tunnels)] if what == 4 else [])

        servers.extend([Server(http), Server(http), Scripted(radius)])
        one, two, asked = servers
        blocks = [f'http {{ url = {{ "{a.url()}", "{b.url()}" }} timeout = 1 cache-time = 1 }}\n'
                  f'radius {{ {asked.conf("timeout = 1 retries = 1")} accounting = true interim-interval = 10 dead-time = 1 }}\n'
                  for a, b in ((one, two), (two, one))]
        confs = [GROUP, f"sources = {{ http, local, radius }}\n{GROUP}{blocks[0]}",
                 f"sources = {{ radius, http }} aaa-failure = closed\n{GROUP}{blocks[1]}",
                 f"search-order = {{ dnis, domain }} sources = {{ radius, local }}\n{GROUP}{blocks[0]}"]
        # Not with accounting at first: its Accounting-On would be under way when descriptors are counted.
        daemon = vpdnd(confs[1].replace("accounting = true interim-interval = 10", ""), env={"LD_PRELOAD": os.environ["FAKE_PPP"], "ASAN_OPTIONS": "verify_asan_link_order=0",
                                   "FAKE_L2TP_STATS": str(tmp_path / "stats")})
        daemon.reload(confs[1])
        return Churn(daemon, confs, chance)

    yield make
    for server in servers:
        server.stop()


@pytest.mark.parametrize("seed", [1, 2])
def test_churn(churn, seed):
    """All of it at once; at the end no session is counted anywhere and nobody is asked any more."""
    churn = churn(seed)
    churn.run(SECONDS)
    churn.end()
    daemon = churn.daemon
    daemon.reload(churn.confs[1])
    rows = daemon.ctl("show", "aaa")["peers"]
    for group in daemon.ctl("show", "group")["groups"]:
        rows += [group, *group["peers"]]
    assert not [row for row in rows if row["sessions"] or row.get("state") == "being probed"], rows
    http = daemon.source("http")
    assert (http["under_way"], http["waiting"]) == (0, 0)
    daemon.reload(GROUP)        # accounting records that wait are lost


def test_churn_stop(churn):
    """vpdnd is stopped in the midst of it."""
    churn = churn(3)
    churn.run(SECONDS / 2)
    churn.daemon.process.terminate()
    churn.daemon.process.wait(10)
    churn.close()
