# SPDX-License-Identifier: GPL-2.0-or-later
"""
The module's outgoing calls (RFC 2661 5.2.2) as a LAC, seen by vpdnd and on the wire: the peer is an LNS that sends OCRQ, vpdnd gets
L2TP_DIAL_ASK.
"""
import pytest

from xl2tpd_dialout import (ASKED, BY_PEER, BY_US, CALL, CONNECTED, ERRORS, TUNNEL, accepted, ask, cdn, close_all, connected,
                            occn, ocrp, ocrq_avps, result, unhidden)
from xl2tpd_ipc import DIALIN, DIALOUT, Node, group
from xl2tpd_wire import (CDN, OCCN, OCRP, OCRQ, SCCCN, SCCRP, SCCRQ, SLI, STOPCCN, WEN, Called, Calling, answer, avp, control,
                         message, u16, u32, wait)


@pytest.fixture
def dialing_lac():
    n = Node(groups=[group("out", ("LNS",), accepts=DIALOUT, local_name="LAC")])
    yield n
    n.stop()


@pytest.fixture
def peer(dialing_lac):
    p = Calling(dialing_lac.daemon)
    p.open_as(b"LNS")
    assert p.hello()
    yield p
    p.close()


@pytest.mark.parametrize("accepts, bearers", [(DIALIN, 0), (DIALOUT, 3)], ids=["dialin", "dialout"])
@pytest.mark.parametrize("opened_by", ["peer", "us"])
def test_lac_says_that_it_can_dial(accepts, bearers, opened_by):
    """RFC 2661 4.4.3: Bearer Capabilities, in whatever message opens the tunnel, of who takes outgoing calls; an LNS may ask no other."""
    node = Node(groups=[group("out", ("LNS",), accepts=accepts, local_name="LAC")])
    if opened_by == "peer":
        peer = Calling(node.daemon)
        opening = peer.open_as(b"LNS")
    else:
        peer = Called(name=b"LNS")
        node.place(1, peer.where, local_name="LAC")
        opening = peer.expect(SCCRQ)
    assert opening.number(4) == bearers
    peer.close()
    node.stop()


def test_lac_is_asked_accepts_and_connects(dialing_lac, peer):
    vpdnd = dialing_lac.vpdnd
    peer.send(message(OCRQ, *ocrq_avps(9, b"6121", avp(23, b"7"))))
    got = vpdnd.expect("L2TP_DIAL_ASK")
    assert got["CALL_REF"] & ASKED and len(got.fds) == 1
    close_all(got.fds)
    assert got["GROUP"] == "out" and got["PEER_NAME"] == "LNS" and got["PEER_IP"] == "127.0.0.1"
    assert (got["TUNNEL_ID"], got["PEER_TUNNEL_ID"], got["PEER_SESSION_ID"]) == (peer.their_tid, peer.tid, 9)
    assert (got["CALLED_NUMBER"], got["SUB_ADDRESS"], got["CALL_SERIAL"]) == (b"6121", b"7", 77)
    assert [got[t] for t in ("MIN_BPS", "MAX_BPS", "BEARER_TYPE", "FRAMING_TYPE")] == [1200, 64000, 3, 3]
    # no OCRP before vpdnd says so, no OCCN before the bearer is up
    assert all(m.type is None for m in peer.everything(0.5))
    vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    reply = peer.expect(OCRP)
    assert reply.sid == 9 and [a[:2] + a[3:] for a in reply.avps] == [(0, 0, True), (0, 14, True)]
    assert reply.number(14) == got["SESSION_ID"]
    assert all(m.type is None for m in peer.everything(0.5))
    vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", got["CALL_REF"]), ("TX_SPEED", 33600), ("RX_SPEED", 31200), ("FRAMING_TYPE", 2))
    up = peer.expect(OCCN)
    assert up.sid == 9 and [a[:2] + a[3:] for a in up.avps] == [(0, 0, True), (0, 24, True), (0, 19, True), (0, 38, False)]
    assert (up.number(24), up.number(19), up.number(38)) == (33600, 2, 31200)
    vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", got["CALL_REF"]), ("RESULT", 1), ("Q931_CAUSE", 16), ("TEXT", "the modem hung up"))
    end = peer.expect(CDN)
    assert end.sid == 9 and end.number(14) == got["SESSION_ID"]
    assert end.value(1) == u16(1) + u16(0) + b"the modem hung up" and end.value(12)[:2] == u16(16)
    cleared = vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=got["CALL_REF"])
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"]) == (CONNECTED, BY_US, 1, 16)
    assert all(m.name != "L2TP_CALL_STATE" for m in vpdnd.kept)


@pytest.mark.parametrize("state, stage", [(ask, CALL), (accepted, CALL), (connected, CONNECTED)], ids=["asked", "accepted", "connected"])
def test_lac_refuses_or_fails(dialing_lac, peer, state, stage):
    got = state(dialing_lac, peer)
    dialing_lac.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", got["CALL_REF"]), ("RESULT", 2), ("ERROR_CODE", 4), ("Q931_CAUSE", 34),
                          ("TEXT", "no free tty"))
    end = peer.expect(CDN)
    assert end.sid == 1 and end.value(1) == u16(2) + u16(4) + b"no free tty" and end.value(12)[:2] == u16(34)
    cleared = dialing_lac.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=got["CALL_REF"])
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["ERROR_CODE"]) == (stage, BY_US, 2, 4)


@pytest.mark.parametrize("state, stage", [(ask, CALL), (accepted, CALL), (connected, CONNECTED)], ids=["asked", "accepted", "connected"])
def test_lns_clears(dialing_lac, peer, state, stage):
    got = state(dialing_lac, peer)
    peer.send(cdn(1, 3, 0, 16, b"no longer wanted"), got["SESSION_ID"])
    cleared = dialing_lac.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=got["CALL_REF"])
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"]) == (stage, BY_PEER, 3, 16)
    # vpdnd's word comes too late for this call, which is no error
    dialing_lac.vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    dialing_lac.vpdnd.quiet(0.5, "ERROR")
    assert dialing_lac.daemon.tunnels() == {peer.their_tid: 0}


@pytest.mark.parametrize("state, stage", [(ask, TUNNEL), (accepted, TUNNEL), (connected, CONNECTED)], ids=["asked", "accepted", "connected"])
def test_tunnel_of_the_lns_ends(dialing_lac, peer, state, stage):
    got = state(dialing_lac, peer)
    peer.send(message(STOPCCN, avp(9, u16(peer.tid)), avp(1, u16(6))))
    cleared = dialing_lac.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=got["CALL_REF"])
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (stage, BY_PEER, 6)
    wait(lambda: dialing_lac.daemon.tunnels() == {}, "no tunnel")


def test_repeated_ocrq_asks_once(dialing_lac, peer):
    """The same packet twice, and the same request with a number of its own."""
    ocrq = message(OCRQ, *ocrq_avps(1))
    peer.raw(control(peer.their_tid, 0, peer.ns, peer.nr, ocrq))
    peer.raw(control(peer.their_tid, 0, peer.ns, peer.nr, ocrq))
    peer.ns += 1
    peer.send(ocrq)
    got = dialing_lac.vpdnd.expect("L2TP_DIAL_ASK")
    close_all(got.fds)
    dialing_lac.vpdnd.quiet(0.5, "L2TP_DIAL_ASK")
    assert dialing_lac.daemon.tunnels() == {peer.their_tid: 1}
    dialing_lac.vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    assert peer.expect(OCRP).number(14) == got["SESSION_ID"]


def test_ocrq_with_what_is_optional_absent(dialing_lac, peer):
    peer.send(message(OCRQ, avp(14, u16(1)), avp(21, b"6121")))
    got = dialing_lac.vpdnd.expect("L2TP_DIAL_ASK")
    close_all(got.fds)
    assert got["CALLED_NUMBER"] == b"6121" and got.get("MIN_BPS") is None


def test_ocrq_without_a_number(dialing_lac, peer):
    peer.send(message(OCRQ, avp(14, u16(1)), avp(15, u32(1))))
    assert result(peer.expect(CDN)) == (6, 0)


def test_vpdnd_does_not_answer(dialing_lac, peer):
    got = ask(dialing_lac, peer)
    end = peer.expect(CDN, 8)
    assert result(end) == (4, 0) and b"vpdnd" in end.value(1)
    cleared = dialing_lac.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=got["CALL_REF"])
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (CALL, BY_US, 4)


def test_vpdnd_of_the_lac_goes_and_a_call_comes(dialing_lac, peer):
    before = dialing_lac.daemon.fds()
    connected(dialing_lac, peer)
    accepted(dialing_lac, peer, 2)
    dialing_lac.vpdnd.close()
    dialing_lac.listener.close()
    dialing_lac.listener = None
    assert {peer.expect(CDN).sid for _ in range(2)} == {1, 2}
    peer.send(message(OCRQ, *ocrq_avps(3)))
    end = peer.expect(CDN)
    assert end.sid == 3 and result(end) == (4, 0)
    wait(lambda: not any(dialing_lac.daemon.tunnels().values()), "no call")
    assert dialing_lac.daemon.fds() < before


def test_peer_that_may_not_dial(dialing_lac):
    """A group that takes dial-in alone: CDN 3, and the tunnel stays."""
    dialing_lac.groups = [group("in", ("LNS",), accepts=DIALIN, local_name="LAC")]
    dialing_lac.configure()
    peer = Calling(dialing_lac.daemon)
    peer.open_as(b"LNS")
    peer.send(message(OCRQ, *ocrq_avps(1)))
    assert result(peer.expect(CDN)) == (3, 0)
    assert peer.hello()
    peer.close()


def test_limit_of_a_dialout_group(dialing_lac, peer):
    dialing_lac.groups = [group("out", ("LNS",), accepts=DIALOUT, local_name="LAC", limit=1)]
    dialing_lac.configure()
    got = ask(dialing_lac, peer)
    peer.send(message(OCRQ, *ocrq_avps(2)))
    assert result(peer.expect(CDN)) == (4, 0)
    # as many as before, also when the groups were sent anew while the call was up
    dialing_lac.configure()
    dialing_lac.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", got["CALL_REF"]), ("RESULT", 1), ("TEXT", ""))
    peer.expect(CDN)
    ask(dialing_lac, peer, 3)


def test_errors_and_link_info(dialing_lac, peer):
    """WEN at once, then not again for a minute (RFC 2661 6.13); SLI is passed on."""
    got = connected(dialing_lac, peer)
    ref = ("CALL_REF", got["CALL_REF"])
    dialing_lac.vpdnd.say("L2TP_WAN_ERRORS", ref, ("CALL_ERRORS", ERRORS))
    wen = peer.expect(WEN)
    assert wen.sid == 1 and [a[1:] for a in wen.avps[1:]] == [(34, u16(0) + ERRORS, True)]
    dialing_lac.vpdnd.say("L2TP_WAN_ERRORS", ref, ("CALL_ERRORS", ERRORS[::-1]))
    assert all(m.type != WEN for m in peer.everything(1.5))
    peer.send(message(SLI, avp(35, u16(0) + u32(0xA0000) + u32(1))), got["SESSION_ID"])
    sli = dialing_lac.vpdnd.expect("L2TP_LINK_INFO", CALL_REF=got["CALL_REF"])
    assert (sli["SEND_ACCM"], sli["RECV_ACCM"]) == (0xA0000, 1)


@pytest.mark.parametrize("name", [OCRP, OCCN], ids=["OCRP", "OCCN"])
def test_lns_that_sends_what_is_the_lacs(dialing_lac, peer, name):
    got = accepted(dialing_lac, peer)
    peer.send(ocrp(1) if name == OCRP else occn(), got["SESSION_ID"])
    assert result(peer.expect(CDN)) == (2, 6)
    dialing_lac.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=got["CALL_REF"])
    assert peer.hello()


def test_hidden_avps_of_a_lac(dialing_lac):
    dialing_lac.groups = [group("out", ("LNS",), accepts=DIALOUT, local_name="LAC", hidden=True)]
    dialing_lac.configure()
    peer = Calling(dialing_lac.daemon)
    peer.send(message(SCCRQ, avp(2, u16(0x100)), avp(3, u32(3)), avp(7, b"LNS"), avp(9, u16(peer.tid)), avp(11, b"challenge")))
    sccrp = unhidden(peer.expect(SCCRP))
    assert sccrp[9][1]
    peer.their_tid = int.from_bytes(sccrp[9][0], "big")
    peer.send(message(SCCCN, avp(13, answer(sccrp[11][0], SCCCN, b"s3cret"))))
    got = ask(dialing_lac, peer)
    dialing_lac.vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    assert unhidden(peer.expect(OCRP))[14] == (u16(got["SESSION_ID"]), True)
    peer.close()
