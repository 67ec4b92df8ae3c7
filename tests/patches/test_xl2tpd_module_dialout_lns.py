# SPDX-License-Identifier: GPL-2.0-or-later
"""
The module's outgoing calls (RFC 2661 5.2.2) as an LNS, seen by vpdnd and on the wire: vpdnd says L2TP_DIAL_PLACE, the peer is a LAC.
"""
import pytest

from xl2tpd_dialout import (BY_PEER, BY_TIMEOUT, BY_US, CALL, CONNECTED, ERRORS, TUNNEL, accept, cdn, close_all, connect, dial,
                            dial_first, occn, ocrp, result, unhidden)
from xl2tpd_ipc import Node
from xl2tpd_wire import (CDN, OCCN, OCRP, OCRQ, SCCCN, SCCRP, SCCRQ, SLI, STOPCCN, WEN, Called, answer, avp, message, u16, u32,
                         wait)


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
    before = lns.daemon.fds()
    lac.send(cdn(500, 10, 0, 19, b"no answer"), ocrq.number(14))
    cleared = lns.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"]) == (CALL, BY_PEER, 10, 19)
    wait(lambda: lns.daemon.fds() == before - 1, "the session's socket closed")


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
