# SPDX-License-Identifier: GPL-2.0-or-later
"""Which tunnels come up: limits, and requests that cross (RFC 2661, section 4.4.3, Tie Breaker)."""
import time

import pytest

from conftest import settle
from xl2tpd_wire import HELLO, SCCCN, SCCRP, SCCRQ, STOPCCN, Message, Peer, avp, control, message, sccrq_avps, u16, wait

BOTH = pytest.mark.builds("ordinary", "sanitized")
LNS = "[lns default]\nip range = 10.99.0.2-10.99.15.254\nlocal ip = 10.99.0.1\n"
OTHER = "127.0.0.5"             # where the daemon under test asks for a tunnel
HIGHEST = 0xFFFFFFFFFFFFFFFF


def refused(daemon, **more):
    """The result and error of the StopCCN that a new peer gets."""
    peer = Peer(daemon, tid=99, **more)
    peer.send(message(SCCRQ, *sccrq_avps(99)))
    got = peer.expect(STOPCCN)
    peer.close()
    return got.value(1)[:4]


@BOTH
def test_tunnel_limits(start):
    """Of all, and of a section: the next one is refused with StopCCN 2, error 4, until there is room again."""
    daemon = start(options="max tunnels = 3", sections="[lns a]\nlac = 127.0.0.10\nmax tunnels = 2\nassign ip = no\n"
                   "[lns default]\nassign ip = no\n")
    peers = [Peer(daemon, tid=i + 1, address="127.0.0.10").open() for i in range(2)]
    assert refused(daemon, address="127.0.0.10") == u16(2) + u16(4)
    peers.append(Peer(daemon, tid=3).open())
    assert refused(daemon) == u16(2) + u16(4)
    for tid in range(1000, 1064):       # no more than asked for: they do not count
        Peer(daemon, tid=tid).raw(control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(tid))))
    peers[0].send(message(STOPCCN, avp(9, u16(1)), avp(1, u16(1))))
    peers[0].expect(None)
    peers.append(Peer(daemon, tid=4, address="127.0.0.10").open())
    assert refused(daemon) == u16(2) + u16(4)
    for peer in peers[1:]:
        assert peer.hello()
    for peer in peers:
        peer.close()


class Asked(Peer):
    """The other end of a tunnel that the daemon asks for: its SCCRQ has come, and is not acknowledged yet."""

    def __init__(self, start, clock, lac=""):
        super().__init__(None, address=OTHER, tid=500)
        self.daemon = start(sections=LNS + "[lac peer]\nlns = %s:%d\nautodial = yes\n%s\n" % (*self.socket.getsockname(), lac),
                            fake_clock=clock.how)
        self.to = (self.daemon.address, self.daemon.port)
        got = Message(self.socket.recv(4096))
        assert got.type == SCCRQ
        value = got.value(5)
        self.tie = value and int.from_bytes(value, "big")
        assert value is None or (len(value) == 8 and not next(a[3] for a in got.avps if a[1] == 5))
        self.offered = got.number(9)

    def ask(self, tid, tie):
        """An SCCRQ of our own, from the port the daemon's went to."""
        tie = [] if tie is None else [avp(5, tie.to_bytes(8, "big"), mandatory=False)]
        self.raw(control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(tid), *tie)))

    def answers(self):
        settle(self.daemon)
        return [(got.type, got.tid) for got in self.everything(0)]

    def accept(self):
        self.their_tid, self.nr, self.ns = self.offered, 1, 0
        self.send(message(SCCRP, *sccrq_avps(self.tid)))
        self.expect(SCCCN)
        assert self.hello()


@BOTH
@pytest.mark.parametrize("lac,theirs,opened", [
    ("", "lower", "theirs"), ("", "higher", "ours"), ("", "none", "both"), ("", "equal", "none"),
    ("tie breaker = no", "higher", "theirs"), ("tie breaker = no", "none", "both")])
def test_tie_breaker(start, clock, lac, theirs, opened):
    peer = Asked(start, clock, lac)
    assert (peer.tie is None) == bool(lac)
    ours = peer.tie or 0
    peer.ask(77, {"lower": ours - 1, "higher": min(ours + 1, HIGHEST), "equal": ours, "none": None}[theirs])
    answers = peer.answers()
    if opened in ("theirs", "both"):
        assert (SCCRP, 77) in answers
    else:
        assert answers == [], "the loser gets no answer"
    if opened in ("ours", "both"):
        peer.accept()
    if opened == "ours":
        # The request that lost may be made again when the other one is up
        peer.ask(77, None)
        assert (SCCRP, 77) in peer.answers()
    if opened in ("theirs", "none"):
        wait(lambda: peer.offered not in peer.daemon.tunnels() or clock.go(1, peer.daemon), "our own tunnel to go")
        peer.answers()
        again = wait(lambda: next((got for got in peer.everything(0.01) if got.type == SCCRQ), None) or clock.go(1, peer.daemon), "another SCCRQ")
        assert again.number(9) != peer.offered
    assert not any(kind == STOPCCN for kind, _ in answers)
    peer.close()


def test_source_address_of_a_section(start):
    """Every packet of the tunnel that we ask for comes from there, whatever route it takes."""
    lns = Peer(None, address=OTHER, tid=500)
    daemon = start(listen="0.0.0.0", sections="[lac peer]\nlns = %s:%d\nautodial = yes\nsource address = 127.0.0.44\n" % lns.socket.getsockname())
    lns.expect(SCCRQ)
    assert lns.source == ("127.0.0.44", daemon.port)
    lns.send(message(SCCRP, *sccrq_avps(500)))
    lns.expect(SCCCN)
    assert lns.hello()
    assert lns.source == ("127.0.0.44", daemon.port)
    lns.close()


@BOTH
def test_sccrq_in_our_own_tunnel(start, tmp_path):
    """The peer that is asked for a tunnel answers our challenge; a request of its own in that tunnel does not make it up."""
    lns = Peer(None, address=OTHER, tid=500)
    daemon = start(sections=LNS + "[lac peer]\nlns = %s:%d\nautodial = yes\nchallenge = yes\n" % lns.socket.getsockname())
    assert lns.expect(SCCRQ).value(11)
    lns.send(message(SCCRQ, *sccrq_avps(500)))
    assert lns.expect(STOPCCN).value(1)[:2] == u16(7)
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")
    lns.close()


def test_restarted_peer_with_the_same_ids(start):
    """From the same port and with the same tunnel id: the old tunnel is asked for a sign of life, and makes room for the new one."""
    daemon = start(options="max retries = 1\n")
    old = Peer(daemon)
    port = old.socket.getsockname()[1]
    old.open().call(1)
    old.close()
    new = Peer(daemon, tid=old.tid, port=port)
    new.acknowledge = False
    request = control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(new.tid)))
    end = time.monotonic() + 20
    seen = []
    while SCCRP not in seen:
        assert time.monotonic() < end, "no new tunnel; there came %s" % seen
        new.raw(request)
        seen += [m.type for m in new.everything(1)]
    assert seen[0] == HELLO and None not in seen       # no ZLB: the peer would not ask again
    wait(lambda: list(daemon.tunnels()) != [old.their_tid], "the old tunnel to be gone")
    assert old.their_tid not in daemon.tunnels()
    new.close()


def test_repeated_sccrq_of_a_tunnel_that_is_up(start):
    """Late on its way, or from somebody else in the peer's name: the tunnel and its call stay."""
    daemon = start(options="max retries = 1\n")
    peer = Peer(daemon)
    peer.open().call(1)
    for _ in range(5):
        peer.raw(control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(peer.tid))))
        got = peer.receive()
        assert got.type == HELLO
    assert peer.hello() and daemon.tunnels() == {peer.their_tid: 1}
    peer.close()
