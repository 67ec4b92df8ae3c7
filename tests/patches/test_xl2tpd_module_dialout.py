# SPDX-License-Identifier: GPL-2.0-or-later
"""
The module's outgoing calls (RFC 2661 5.2.2) on both sides, seen by vpdnd and on the wire.

LNS: vpdnd says L2TP_DIAL_PLACE, the peer is a LAC. LAC: the peer is an LNS that sends OCRQ, vpdnd gets L2TP_DIAL_ASK.
"""
import hashlib
import os
import struct
import time

import pytest

from xl2tpd_ipc import DIALIN, DIALOUT, Node, group, open_fds
from xl2tpd_wire import (CDN, ICCN, ICRP, ICRQ, OCCN, OCRP, OCRQ, SCCCN, SCCRP, SCCRQ, SLI, STOPCCN, WEN, Called, Calling, answer, avp,
                         control, message, u16, u32, wait)

ASKED = 0x80000000          # in a CALL_REF that the module has chosen
BY_US, BY_PEER, BY_TIMEOUT = 1, 2, 3
TUNNEL, CALL, CONNECTED = 1, 2, 3       # STAGE
ERRORS = bytes(range(24))


def ocrp(sid, *more):
    return message(OCRP, avp(14, u16(sid)), *more)


def occn(speed=56000, framing=2, *more):
    return message(OCCN, avp(24, u32(speed)), avp(19, u32(framing)), *more)


def cdn(sid, result, error=0, q931=None, text=b""):
    more = [avp(12, u16(q931) + b"\0")] if q931 else []
    return message(CDN, avp(1, u16(result) + u16(error) + text), avp(14, u16(sid)), *more)


def ocrq_avps(sid, number=b"6121", *more):
    return (avp(14, u16(sid)), avp(15, u32(77)), avp(16, u32(1200)), avp(17, u32(64000)), avp(18, u32(3)), avp(19, u32(3)),
            avp(21, number), *more)


def result(packet):
    """Result and error code of a CDN."""
    value = packet.value(1)
    return int.from_bytes(value[:2], "big"), int.from_bytes(value[2:4], "big")


def close_all(fds):
    for fd in fds:
        os.close(fd)


# ---- LNS ----

@pytest.fixture
def lns():
    n = Node()
    yield n
    n.stop()


@pytest.fixture
def lac():
    peer = Called(name=b"LAC")
    yield peer
    peer.close()


def dial(node, lac, ref=1, number="6121", *more, **options):
    options.setdefault("local_name", "LNS")
    node.place(ref, lac.where, ("CALLED_NUMBER", number), *more, what="L2TP_DIAL_PLACE", **options)


def dial_first(node, lac, *more, **options):
    """The tunnel with it: the OCRQ."""
    dial(node, lac, 1, "6121", *more, **options)
    lac.accept_tunnel()
    lac.expect(SCCCN)
    return lac.expect(OCRQ)


def accept(node, lac, ocrq, ref=1, sid=500):
    lac.send(ocrp(sid), ocrq.number(14))
    return node.vpdnd.expect("L2TP_DIAL_ACCEPTED", CALL_REF=ref)


def connect(node, lac, ocrq, ref=1, sid=500):
    accept(node, lac, ocrq, ref, sid)
    lac.send(occn(), ocrq.number(14))
    connected = node.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=ref)
    close_all(connected.fds)
    return connected


def test_lns_dials_and_is_connected(lns, lac):
    more = [("SUB_ADDRESS", "7"), ("MIN_BPS", 9600), ("MAX_BPS", 128000), ("BEARER_TYPE", 2), ("FRAMING_TYPE", 2)]
    ocrq = dial_first(lns, lac, *more)
    # RFC 2661 6.9: these and no others, each with the M bit
    assert sorted((vendor, attr, mandatory) for vendor, attr, _, mandatory in ocrq.avps) == [
        (0, a, True) for a in (0, 14, 15, 16, 17, 18, 19, 21, 23)]
    assert ocrq.sid == 0 and ocrq.number(14) and ocrq.number(15)
    assert [ocrq.number(a) for a in (16, 17, 18, 19)] == [9600, 128000, 2, 2]
    assert ocrq.value(21) == b"6121" and ocrq.value(23) == b"7"
    ours = ocrq.number(14)
    lac.send(ocrp(500, avp(25, u32(3), False)), ours)
    accepted = lns.vpdnd.expect("L2TP_DIAL_ACCEPTED", CALL_REF=1)
    assert (accepted["TUNNEL_ID"], accepted["PEER_TUNNEL_ID"]) == (lac.their_tid, lac.tid)
    assert (accepted["SESSION_ID"], accepted["PEER_SESSION_ID"], accepted["PHYSICAL_CHANNEL"]) == (ours, 500, 3)
    assert not accepted.fds
    # the LAC dials for as long as it takes
    lns.vpdnd.quiet(1, "L2TP_DIAL_CONNECTED")
    lac.send(occn(33600, 2, avp(38, u32(31200), False), avp(39)), ours)
    connected = lns.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=1)
    assert (connected["TX_SPEED"], connected["RX_SPEED"], connected["FRAMING_TYPE"]) == (33600, 31200, 2)
    assert len(connected.fds) == 1
    close_all(connected.fds)
    lns.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", 1), ("RESULT", 3), ("TEXT", "idle"))
    end = lac.expect(CDN)
    assert end.sid == 500 and end.number(14) == ours and end.value(1) == u16(3) + u16(0) + b"idle" and end.value(12) is None
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (CONNECTED, BY_US, 3)


def test_lns_asks_for_any_line_by_default(lns, lac):
    ocrq = dial_first(lns, lac)
    assert [ocrq.number(a) for a in (16, 17, 18, 19)] == [1, 0x7fffffff, 3, 3] and ocrq.value(23) is None


# Framing and Bearer Capabilities of the LAC; Framing and Bearer Type wanted, and asked for
@pytest.mark.parametrize("has, wanted, asked", [
    ((1, 2), (3, 3), (1, 2)),
    ((3, 1), (2, 3), (2, 1)),
    ((2, 0), (3, 1), (2, 1)),
    ((2, None), (2, 2), (2, 2)),
    ((1, 3), (2, 3), None),
    ((3, 2), (3, 1), None),
], ids=["less", "bearer", "no_bearer", "bearer_unsaid", "other_framing", "other_bearer"])
def test_lns_asks_for_what_the_lac_has(lns, lac, has, wanted, asked):
    """RFC 2661 4.4.3: no framing or bearer that the LAC has not advertised; a LAC that has none of those wanted is not asked."""
    dial(lns, lac, 1, "6121", ("FRAMING_TYPE", wanted[0]), ("BEARER_TYPE", wanted[1]))
    lac.accept_tunnel(framings=has[0], bearers=has[1])
    lac.expect(SCCCN)
    if asked:
        ocrq = lac.expect(OCRQ)
        assert (ocrq.number(19), ocrq.number(18)) == asked
        return
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (CALL, BY_US, 5) and "wanted" in cleared["TEXT"]
    # the tunnel is good for other calls
    dial(lns, lac, 2)
    lac.expect(OCRQ)

def test_ocrp_and_occn_in_one_burst_without_what_is_optional(lns, lac):
    ocrq = dial_first(lns, lac)
    lac.send(ocrp(500), ocrq.number(14))
    lac.send(message(OCCN), ocrq.number(14))
    assert lns.vpdnd.expect("L2TP_DIAL_ACCEPTED", CALL_REF=1).get("PHYSICAL_CHANNEL") is None
    connected = lns.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=1)
    assert (connected["TX_SPEED"], connected["FRAMING_TYPE"], connected.get("RX_SPEED")) == (0, 0, None)
    close_all(connected.fds)


@pytest.mark.parametrize("header", ["ours", "zero"])
def test_cdn_before_ocrp(lns, lac, header):
    ocrq = dial_first(lns, lac)
    lac.send(cdn(0 if header == "ours" else 500, 8, 0, 17, b"busy"), ocrq.number(14) if header == "ours" else 0)
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"], cleared["TEXT"]) == (CALL, BY_PEER, 8, 17, "busy")
    # it was the call and not the tunnel
    assert lac.expect(STOPCCN).value(1)[:2] == u16(1)


def test_early_cdn_without_session_id_among_several_calls(lns, lac):
    """Which of two waiting calls is meant is not known, unless our id is given."""
    ocrq = dial_first(lns, lac)
    dial(lns, lac, 2, "6122")
    second = lac.expect(OCRQ)
    lac.send(cdn(ocrq.number(14) ^ second.number(14) or 1, 8))
    lac.send(cdn(second.number(14), 7))
    assert lns.vpdnd.expect("L2TP_CALL_CLEARED")["CALL_REF"] == 2
    connect(lns, lac, ocrq)


def test_cdn_between_ocrp_and_occn(lns, lac):
    ocrq = dial_first(lns, lac)
    accept(lns, lac, ocrq)
    before = open_fds(lns)
    lac.send(cdn(500, 10, 0, 19, b"no answer"), ocrq.number(14))
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"]) == (CALL, BY_PEER, 10, 19)
    wait(lambda: open_fds(lns) == before - 1, "the session's socket closed")


def test_carrier_lost(lns, lac):
    ocrq = dial_first(lns, lac)
    connect(lns, lac, ocrq)
    lac.send(cdn(500, 1, 0, 16), ocrq.number(14))
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"]) == (CONNECTED, BY_PEER, 1, 16)
    lac.expect(STOPCCN)
    wait(lambda: lns.daemon.tunnels() == {}, "no tunnel")


@pytest.mark.parametrize("packets", [[occn()], [ocrp(500), ocrp(501)], [ocrp(500), occn(), occn()], [message(OCRP)]],
                         ids=["OCCN first", "second OCRP", "second OCCN", "OCRP without a session id"])
def test_what_is_out_of_order_ends_the_call(lns, lac, packets):
    ocrq = dial_first(lns, lac)
    for packet in packets:
        lac.send(packet, ocrq.number(14))
    assert result(lac.expect(CDN)) == (2, 6)
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["BY"], cleared["RESULT"], cleared["ERROR_CODE"]) == (BY_US, 2, 6)
    assert lac.expect(STOPCCN).value(1)[:2] == u16(1)


def test_lac_does_not_answer_the_ocrq(lns, lac):
    dial_first(lns, lac, timeout_ms=1500)
    assert result(lac.expect(CDN)) == (10, 0)
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (CALL, BY_TIMEOUT, 10)


def test_no_tunnel(lns, lac):
    dial(lns, lac, timeout_ms=1000)
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"]) == (TUNNEL, BY_TIMEOUT)


@pytest.mark.parametrize("state", ["asked", "accepted"])
def test_lns_gives_up(lns, lac, state):
    """Its CDN carries the Q.931 cause; before OCRP the LAC's session id is not known. What the LAC says meanwhile changes nothing."""
    ocrq = dial_first(lns, lac)
    if state == "accepted":
        accept(lns, lac, ocrq)
    why = "cancelled: " + 100 * "very " + "long"
    lns.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", 1), ("RESULT", 3), ("Q931_CAUSE", 16), ("TEXT", why[:255]))
    end = lac.expect(CDN)
    assert end.value(1)[4:] == why[:119].encode()       # a long message is cut, not left out
    assert end.sid == (500 if state == "accepted" else 0) and end.number(14) == ocrq.number(14)
    assert result(end) == (3, 0) and end.value(12)[:2] == u16(16)
    lac.send(occn() if state == "accepted" else ocrp(500), ocrq.number(14))
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"]) == (CALL, BY_US, 3, 16)
    lns.vpdnd.quiet(0.5, "L2TP_DIAL_ACCEPTED")


@pytest.mark.parametrize("state", ["asked", "accepted", "connected"])
def test_tunnel_ends_under_the_call(lns, lac, state):
    ocrq = dial_first(lns, lac)
    if state != "asked":
        (accept if state == "accepted" else connect)(lns, lac, ocrq)
    lac.send(message(STOPCCN, avp(9, u16(lac.tid)), avp(1, u16(6) + u16(0) + b"shutdown")))
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (CONNECTED if state == "connected" else TUNNEL, BY_PEER, 6)
    wait(lambda: lns.daemon.tunnels() == {}, "no tunnel")


def test_link_info_and_errors(lns, lac):
    """SLI goes out when vpdnd has it, as often as that is; WEN comes in."""
    ocrq = dial_first(lns, lac)
    lns.vpdnd.say("L2TP_LINK_INFO", ("CALL_REF", 1), ("SEND_ACCM", 0), ("RECV_ACCM", 0), seq=5)
    assert lns.vpdnd.expect("ERROR").seq == 5
    connect(lns, lac, ocrq)
    for send, receive in ((0, 0xA0000), (0xFFFFFFFF, 0xFFFFFFFF)):
        lns.vpdnd.say("L2TP_LINK_INFO", ("CALL_REF", 1), ("SEND_ACCM", send), ("RECV_ACCM", receive))
        sli = lac.expect(SLI)
        assert sli.sid == 500 and [a[1:] for a in sli.avps[1:]] == [(35, u16(0) + u32(send) + u32(receive), True)]
    lac.send(message(WEN, avp(34, u16(0) + ERRORS)), ocrq.number(14))
    assert lns.vpdnd.expect("L2TP_WAN_ERRORS", CALL_REF=1)["CALL_ERRORS"] == ERRORS


def test_vpdnd_of_the_lns_goes(lns, lac):
    ocrq = dial_first(lns, lac)
    connect(lns, lac, ocrq)
    lns.vpdnd.close()
    assert result(lac.expect(CDN)) == (2, 6)


# ---- LAC ----

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


def ask(node, peer, sid=1, *more):
    peer.send(message(OCRQ, *ocrq_avps(sid, b"6121", *more)))
    got = node.vpdnd.expect("L2TP_DIAL_ASK", PEER_SESSION_ID=sid)
    close_all(got.fds)
    return got


def accepted(node, peer, sid=1):
    got = ask(node, peer, sid)
    node.vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    peer.expect(OCRP)
    return got


def connected(node, peer, sid=1):
    got = accepted(node, peer, sid)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", got["CALL_REF"]), ("TX_SPEED", 56000), ("FRAMING_TYPE", 2))
    peer.expect(OCCN)
    return got


@pytest.mark.parametrize("accepts, bearers", [(DIALIN, 0), (DIALOUT, 3)], ids=["dialin", "dialout"])
@pytest.mark.parametrize("opened_by", ["peer", "us"])
def test_lac_says_that_it_can_dial(accepts, bearers, opened_by, lac):
    """RFC 2661 4.4.3: Bearer Capabilities, in whatever message opens the tunnel, of who takes outgoing calls; an LNS may ask no other."""
    node = Node(groups=[group("out", ("LNS",), accepts=accepts, local_name="LAC")])
    if opened_by == "peer":
        lac = Calling(node.daemon)
        message_ = lac.open_as(b"LNS")
    else:
        node.place(1, lac.where, local_name="LAC")
        message_ = lac.expect(SCCRQ)
    assert message_.number(4) == bearers
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
    before = open_fds(dialing_lac)
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
    assert open_fds(dialing_lac) < before


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


# ---- one tunnel for both directions ----

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
    last, now = None, [open_fds(n) for n in nodes]
    while last != now:
        time.sleep(0.1)
        last, now = now, [open_fds(n) for n in nodes]
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


def unhidden(packet, secret=b"s3cret"):
    """{type: (value, was it hidden)} of a message's AVPs (RFC 2661 4.3)."""
    found, vector, rest = {}, None, packet.data[12:]
    while rest:
        flags, _, attr = struct.unpack("!HHH", rest[:6])
        value, rest = rest[6:flags & 0x3FF], rest[flags & 0x3FF:]
        if attr == 36:
            vector = value
        if flags & 0x4000:
            plain, key = b"", hashlib.md5(u16(attr) + secret + vector).digest()
            for at in range(0, len(value), 16):
                part = value[at:at + 16]
                plain += bytes(a ^ b for a, b in zip(part, key))
                key = hashlib.md5(secret + part).digest()
            value = plain[2:2 + int.from_bytes(plain[:2], "big")]
        found[attr] = value, bool(flags & 0x4000)
    return found


def test_hidden_avps_of_an_lns(lns, lac):
    """`hidden = true`: the number is not to be read in the OCRQ without the tunnel's password."""
    dial(lns, lac, 1, "6121", ("HIDDEN", 1))
    sccrq = unhidden(lac.expect(SCCRQ))
    lac.their_tid = int.from_bytes(sccrq[9][0], "big")
    lac.send(message(SCCRP, avp(2, u16(0x100)), avp(3, u32(3)), avp(7, b"LAC"), avp(9, u16(lac.tid)),
                     avp(13, answer(sccrq[11][0], SCCRP, b"s3cret"))))
    lac.expect(SCCCN)
    packet = lac.expect(OCRQ)
    ocrq = unhidden(packet)
    assert {attr for attr, (_, hidden) in ocrq.items() if hidden} == {14, 15, 16, 17, 18, 19, 21}
    assert ocrq[21][0] == b"6121" and b"6121" not in packet.data
    lac.send(ocrp(500), int.from_bytes(ocrq[14][0], "big"))
    lns.vpdnd.expect("L2TP_DIAL_ACCEPTED", CALL_REF=1)


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
