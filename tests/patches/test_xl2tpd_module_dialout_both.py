# SPDX-License-Identifier: GPL-2.0-or-later
"""
The module's outgoing calls (RFC 2661 5.2.2) beside incoming ones, in one tunnel and of two of ours, seen by both vpdnds and on the wire.
"""
import time

import pytest

from xl2tpd_dialout import BY_PEER, CONNECTED, ERRORS, ask, cdn, close_all, connect, connected, ocrq_avps, result
from xl2tpd_ipc import DIALIN, DIALOUT, Node, group
from xl2tpd_wire import CDN, ICCN, ICRP, ICRQ, OCCN, OCRP, OCRQ, SCCCN, Called, Calling, avp, message, u16, u32, wait

BOTH = [group("both", ("peer",), accepts=DIALIN, local_name="us"), group("both", ("peer",), accepts=DIALOUT, local_name="us")]


@pytest.fixture
def both():
    n = Node(groups=BOTH)
    n.template()
    yield n
    n.stop()


def all_four_calls(node, peer):
    """In one tunnel: incoming and outgoing calls of the peer, incoming and outgoing calls of ours."""
    vpdnd = node.vpdnd
    where = ("127.0.0.1", peer.socket.getsockname()[1])
    theirs = peer.call(21, avp(21, b"614629"))
    peer.send(message(ICCN, avp(24, u32(64000)), avp(19, u32(1))), theirs)
    child = node.templates[0].accept()
    child.say("CALL_STARTED", ("PID", 4242), flags=1, seq=child.read().seq)
    connected(node, peer, 22)
    options = dict(group="both", local_name="us")
    node.place(1, where, ("USER", "alice"), **options)
    icrq = peer.expect(ICRQ)
    peer.send(message(ICRP, avp(14, u16(23))), icrq.number(14))
    close_all(vpdnd.expect("L2TP_CALL_READY", CALL_REF=1).fds)
    vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    peer.expect(ICCN)
    node.place(2, where, ("CALLED_NUMBER", "6122"), what="L2TP_DIAL_PLACE", **options)
    connect(node, peer, peer.expect(OCRQ), 2, 24)
    assert node.daemon.tunnels() == {peer.their_tid: 4}
    child.close()


def test_four_calls_in_a_tunnel_of_the_peer(both):
    """It comes from another port than 1701, and is used all the same."""
    peer = Calling(both.daemon)
    peer.open_as(b"peer")
    all_four_calls(both, peer)
    peer.close()


def test_four_calls_in_a_tunnel_of_ours(both):
    peer = Called(name=b"peer")
    both.place(9, peer.where, ("CALLED_NUMBER", "1"), what="L2TP_DIAL_PLACE", group="both", local_name="us", idle_s=20)
    peer.accept_tunnel()
    peer.expect(SCCCN)
    ocrq = peer.expect(OCRQ)
    peer.send(cdn(0, 8), ocrq.number(14))
    both.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=9)
    all_four_calls(both, peer)
    peer.close()


def test_calls_at_once_in_one_tunnel(both):
    """Each side asks while the other does."""
    peer = Calling(both.daemon)
    peer.open_as(b"peer")
    assert peer.hello()
    where = ("127.0.0.1", peer.socket.getsockname()[1])
    both.place(1, where, ("CALLED_NUMBER", "6122"), what="L2TP_DIAL_PLACE", group="both", local_name="us")
    peer.send(message(OCRQ, *ocrq_avps(5)))
    got = both.vpdnd.expect("L2TP_DIAL_ASK")
    close_all(got.fds)
    both.vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    seen = {}
    while not {OCRQ, OCRP} <= set(seen):
        packet = peer.receive()
        seen[packet.type] = packet
    assert seen[OCRP].sid == 5
    connect(both, peer, seen[OCRQ], 1, 6)
    both.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", got["CALL_REF"]), ("TX_SPEED", 64000), ("FRAMING_TYPE", 1))
    assert peer.expect(OCCN).sid == 5
    peer.close()


def test_tunnels_at_once(both):
    """Each side opens one and dials in it."""
    ours, theirs = Called(name=b"peer"), Calling(both.daemon, tid=3001)
    both.place(1, ours.where, ("CALLED_NUMBER", "6122"), what="L2TP_DIAL_PLACE", group="both", local_name="us")
    theirs.open_as(b"peer")
    ours.accept_tunnel()
    ours.expect(SCCCN)
    connect(both, ours, ours.expect(OCRQ))
    connected(both, theirs)
    ours.close()
    theirs.close()


def test_peer_of_another_group_with_another_secret(both):
    """A group whose name and secret are not those of the tunnel does not take its calls."""
    both.groups = [group("in", ("peer",), accepts=DIALIN, local_name="us"),
                   group("out", ("peer",), accepts=DIALOUT, local_name="us", secret="another")]
    both.configure()
    peer = Calling(both.daemon)
    peer.open_as(b"peer")
    peer.send(message(OCRQ, *ocrq_avps(1)))
    assert result(peer.expect(CDN)) == (3, 0)
    both.groups = [group("in", ("peer",), accepts=DIALIN, local_name="us"), group("out", ("peer",), accepts=DIALOUT, local_name="us")]
    both.configure()
    assert ask(both, peer, 2)["GROUP"] == "out"
    peer.close()


# ---- two of ours ----

@pytest.fixture
def pair():
    """An LNS and a LAC, each of which takes both kinds of calls of the other."""
    a = Node(groups=[group("both", ("b",), accepts=kind, local_name="a") for kind in (DIALIN, DIALOUT)])
    b = Node(address="127.0.0.2", port=a.daemon.port, groups=[group("both", ("a",), accepts=kind, local_name="b") for kind in (DIALIN, DIALOUT)])
    yield a, b
    a.stop()
    b.stop()


def place_at(node, other, ref, local_name):
    node.place(ref, (other.daemon.address, other.daemon.port), ("CALLED_NUMBER", "6121"), ("SUB_ADDRESS", "7"), what="L2TP_DIAL_PLACE",
               group="both", local_name=local_name)


def first_of(node, name):
    """The next message of that name; what came before it stays to be read."""
    before = []
    while True:
        got = node.vpdnd.read()
        if got.name == name:
            node.vpdnd.kept = before + node.vpdnd.kept
            return got
        before.append(got)


def dial_through(lac):
    """The LAC's vpdnd takes the next call: its DIAL_ASK."""
    got = first_of(lac, "L2TP_DIAL_ASK")
    close_all(got.fds)
    lac.vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    lac.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", got["CALL_REF"]), ("TX_SPEED", 33600), ("FRAMING_TYPE", 2))
    return got


def test_ours_dials_ours(pair):
    lns, lac = pair
    place_at(lns, lac, 1, "a")
    got = dial_through(lac)
    assert (got["CALLED_NUMBER"], got["SUB_ADDRESS"], got["PEER_NAME"]) == (b"6121", b"7", "a")
    accepted = lns.vpdnd.expect("L2TP_DIAL_ACCEPTED", CALL_REF=1)
    assert (accepted["SESSION_ID"], accepted["PEER_SESSION_ID"]) == (got["PEER_SESSION_ID"], got["SESSION_ID"])
    up = lns.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=1)
    assert (up["TX_SPEED"], up["FRAMING_TYPE"]) == (33600, 2)
    close_all(up.fds)
    lns.vpdnd.say("L2TP_LINK_INFO", ("CALL_REF", 1), ("SEND_ACCM", 7), ("RECV_ACCM", 8))
    assert lac.vpdnd.expect("L2TP_LINK_INFO", CALL_REF=got["CALL_REF"])["SEND_ACCM"] == 7
    lac.vpdnd.say("L2TP_WAN_ERRORS", ("CALL_REF", got["CALL_REF"]), ("CALL_ERRORS", ERRORS))
    assert lns.vpdnd.expect("L2TP_WAN_ERRORS", CALL_REF=1)["CALL_ERRORS"] == ERRORS
    lac.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", got["CALL_REF"]), ("RESULT", 1), ("Q931_CAUSE", 16), ("TEXT", "carrier lost"))
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"], cleared["TEXT"]) == \
        (CONNECTED, BY_PEER, 1, 16, "carrier lost")
    lac.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=got["CALL_REF"])
    wait(lambda: lns.daemon.tunnels() == {} and lac.daemon.tunnels() == {}, "no tunnel on either side")


@pytest.mark.parametrize("again", range(3))
def test_ours_dial_each_other_at_once(pair, again):
    """Neither has a tunnel: the SCCRQs cross, and both calls come up, in one tunnel or two."""
    a, b = pair
    place_at(a, b, 1, "a")
    place_at(b, a, 1, "b")
    for node in pair:
        dial_through(node)
    for node in pair:
        close_all(node.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=1).fds)
    for node in pair:
        node.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", 1), ("RESULT", 3), ("TEXT", "over"))
    for node in pair:
        node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    wait(lambda: not any(sum(n.daemon.tunnels().values()) for n in pair), "no call on either side")


def settled_fds(nodes):
    """What each has open, once it stays the same: a session's socket may still be on its way to vpdnd."""
    last, now = None, [n.daemon.fds() for n in nodes]
    while last != now:
        time.sleep(0.1)
        last, now = now, [n.daemon.fds() for n in nodes]
    return now


def test_a_hundred_calls_leave_nothing(pair):
    lns, lac = pair
    place_at(lns, lac, 1, "a")
    dial_through(lac)
    close_all(lns.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=1).fds)
    before = settled_fds(pair)
    for ref in range(2, 102):
        place_at(lns, lac, ref, "a")
    for _ in range(100):
        dial_through(lac)
    for _ in range(100):
        close_all(lns.vpdnd.expect("L2TP_DIAL_CONNECTED").fds)
    assert [sum(n.daemon.tunnels().values()) for n in pair] == [101, 101]
    for ref in range(2, 102):
        lns.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", ref), ("RESULT", 3), ("TEXT", "over"))
    for node in pair:
        for _ in range(100):
            node.vpdnd.expect("L2TP_CALL_CLEARED")
    wait(lambda: [list(n.daemon.tunnels().values()) for n in pair] == [[1], [1]], "one call left")
    assert settled_fds(pair) == before


def test_hidden_avps_between_ours(pair):
    """Both hide, both read."""
    a, b = pair
    for node, other in (pair, pair[::-1]):
        node.groups = [group("both", ("b" if node is a else "a",), accepts=kind, local_name="a" if node is a else "b", hidden=True)
                       for kind in (DIALIN, DIALOUT)]
        node.configure()
    a.place(1, (b.daemon.address, b.daemon.port), ("CALLED_NUMBER", "6121"), ("HIDDEN", 1), what="L2TP_DIAL_PLACE", group="both", local_name="a")
    assert dial_through(b)["CALLED_NUMBER"] == b"6121"
    up = a.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=1)
    assert (up["TX_SPEED"], up["FRAMING_TYPE"]) == (33600, 2)
    close_all(up.fds)
