# SPDX-License-Identifier: GPL-2.0-or-later
"""The module as a LAC: calls that vpdnd places, seen by vpdnd and on the wire."""
import errno
import os

import pytest

from xl2tpd_ipc import Node, group
from xl2tpd_wire import (CDN, HELLO, ICCN, ICRP, ICRQ, SCCCN, SCCRP, SCCRQ, SLI, STOPCCN, Called, avp, message, sccrq_avps, u16, u32,
                         wait)

LCP_SENT = bytes.fromhex("0305C223050506109D08F2")
LCP_RECEIVED = bytes.fromhex("05066EE4E865")
OWN = 32473
PROXY = [("PROXY_LAST_SENT", LCP_SENT), ("PROXY_LAST_RCVD", LCP_RECEIVED), ("PROXY_AUTH_TYPE", 2), ("PROXY_AUTH_NAME", "alice@example.com"),
         ("PROXY_AUTH_CHALLENGE", b"\0" + bytes(range(15))), ("PROXY_AUTH_ID", 6), ("PROXY_AUTH_RESPONSE", b"\0R" * 8)]


class Lns(Called):
    def accept_call(self, sid, *more):
        icrq = self.expect(ICRQ)
        self.send(message(ICRP, avp(14, u16(sid)), *more), icrq.number(14))
        return icrq


@pytest.fixture
def node():
    n = Node()
    yield n
    n.stop()


@pytest.fixture
def lns():
    peer = Lns()
    yield peer
    peer.close()


def start(node, lns, ref=1, sid=500, *more, **options):
    """A call up to L2TP_CALL_READY: (ICRQ, READY)."""
    node.place(ref, lns.where, *more, **options)
    lns.accept_tunnel()
    lns.expect(SCCCN)
    icrq = lns.accept_call(sid)
    return icrq, node.vpdnd.expect("L2TP_CALL_READY", CALL_REF=ref)


def test_call_is_placed_and_connected(node, lns):
    rate = u32(0) + u32(100000000)
    more = [("USER", "alice@example.com"), ("PEER_MAC", b"\x02\0\0\0\0\x01"), ("ACCESS_INTERFACE", "eth1"), ("CIRCUIT_ID", "olt1/3"),
            ("REMOTE_ID", "house 7"), ("CALLED_NUMBER", "614629"), ("CALLING_NUMBER", "5551234"), ("SUB_ADDRESS", "9"), ("NAS_PORT", "eth1"),
            ("PHYSICAL_CHANNEL", 7), ("AVP", u16(3561) + u16(130) + b"\0" + rate), ("TX_SPEED", 100000000), ("RX_SPEED", 20000000)]
    icrq, ready = start(node, lns, 7, 500, *more, *PROXY)
    assert (ready["TUNNEL_ID"], ready["PEER_TUNNEL_ID"]) == (lns.their_tid, lns.tid)
    assert (ready["SESSION_ID"], ready["PEER_SESSION_ID"]) == (icrq.number(14), 500)
    assert len(ready.fds) == 1
    assert (icrq.value(22), icrq.value(23), icrq.number(25)) == (b"5551234", b"9", 7)
    assert icrq.value(21) == b"614629"
    assert icrq.value(100, vendor=9) == b"eth1"
    assert icrq.value(1, vendor=3561) == b"olt1/3"
    assert icrq.value(2, vendor=3561) == b"house 7"
    assert icrq.value(130, vendor=3561) == rate
    assert ready["CALL_SERIAL"] == icrq.number(15) and icrq.value(18) is None
    # no ICCN before vpdnd says that the bridge stands
    assert all(m.type is None for m in lns.everything(0.7))
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 7))
    iccn = lns.expect(ICCN)
    assert iccn.sid == 500
    assert iccn.number(24) == 100000000 and iccn.number(38) == 20000000 and iccn.number(19) == 1
    assert iccn.value(27) == LCP_SENT and iccn.value(28) == LCP_RECEIVED and iccn.value(26) is None
    assert iccn.number(29) == 2 and iccn.value(30) == b"alice@example.com"
    assert iccn.value(31) == b"\0" + bytes(range(15)) and iccn.number(32) == 6 and iccn.value(33) == b"\0R" * 8
    assert not any(mandatory for vendor, attr, _, mandatory in iccn.avps if vendor == 0 and 26 <= attr <= 33)
    os.close(ready.fds[0])
    node.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", 7), ("RESULT", 1), ("TEXT", "loss of carrier"))
    cdn = lns.expect(CDN)
    assert cdn.sid == 500 and cdn.value(1) == u16(1) + u16(0) + b"loss of carrier"
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=7)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (3, 1, 1)


@pytest.mark.parametrize("ours", [True, False])
def test_mschapv2_goes_to_one_of_ours_only(node, lns, ours):
    """The LNS is asked in the ICRQ, has to agree in the ICRP, and else gets the LCP and nothing of the authentication."""
    proxy = [(name, 0x81 if name == "PROXY_AUTH_TYPE" else b"r" * 49 if name == "PROXY_AUTH_RESPONSE" else value) for name, value in PROXY]
    node.place(1, lns.where, *proxy)
    lns.accept_tunnel()
    lns.expect(SCCCN)
    icrq = lns.accept_call(500, *[avp(1, u32(1), False, vendor=OWN)] if ours else [])
    assert icrq.value(1, vendor=OWN) == u32(1)
    ready = node.vpdnd.expect("L2TP_CALL_READY", CALL_REF=1)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    iccn = lns.expect(ICCN)
    assert iccn.value(27) == LCP_SENT and iccn.value(28) == LCP_RECEIVED and iccn.value(29) is None
    assert iccn.value(2, vendor=OWN) == (u16(0x81) if ours else None)
    assert [iccn.value(kind) is not None for kind in (30, 31, 32, 33)] == [ours] * 4
    assert not any(mandatory for vendor, attr, _, mandatory in icrq.avps + iccn.avps if vendor == OWN)
    os.close(ready.fds[0])


def test_what_vpdnd_leaves_out_is_not_sent(node, lns):
    """The module makes up nothing of the line: what the group withholds stays here."""
    icrq, _ = start(node, lns, 1, 500, ("USER", "alice@example.com"), ("PEER_MAC", b"\x02\0\0\0\0\x01"), ("ACCESS_INTERFACE", "eth1"))
    assert {(vendor, kind) for vendor, kind, _, _ in icrq.avps} == {(0, 0), (0, 14), (0, 15)}


def test_rx_speed_equal_to_tx_is_left_out(node, lns):
    start(node, lns, 1, 500, ("TX_SPEED", 64000), ("RX_SPEED", 64000))
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    iccn = lns.expect(ICCN)
    assert iccn.number(24) == 64000 and iccn.value(38) is None


def test_calls_share_a_tunnel_and_the_last_one_closes_it(node, lns):
    for ref in range(1, 6):
        node.place(ref, lns.where)
    sccrq = lns.accept_tunnel()
    assert sccrq.value(7) == b"LAC" and len(sccrq.value(11)) == 16
    lns.expect(SCCCN)
    for ref in range(1, 6):
        lns.accept_call(500 + ref)
        for fd in node.vpdnd.expect("L2TP_CALL_READY", CALL_REF=ref).fds:
            os.close(fd)
    assert node.daemon.tunnels() == {lns.their_tid: 5}
    for ref in range(1, 6):
        node.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", ref), ("RESULT", 3), ("TEXT", "over"))
        lns.expect(CDN)
    stop = lns.expect(STOPCCN)
    assert stop.value(1)[:2] == u16(1)
    node.vpdnd.expect("L2TP_TUNNEL_STATE", TUNNEL_STATE=4, TUNNEL_ID=lns.their_tid)
    assert node.daemon.tunnels() == {}


def test_receive_window_of_the_peer(node, lns):
    """Twelve calls at once for a peer that says nothing of its window: it has room for four messages."""
    node.place(1, lns.where)
    lns.accept_tunnel()
    lns.expect(SCCCN)
    lns.expect(ICRQ)
    for ref in range(2, 14):
        node.place(ref, lns.where)
    new = {m.ns for m in lns.everything(0.5) if m.type == ICRQ and m.ns >= lns.nr}
    assert len(new) == 4
    seen = set()
    while len(seen) < 12:
        lns.zlb()
        seen.add(lns.expect(ICRQ).number(14))


def test_another_call_keeps_an_idle_tunnel(node, lns):
    start(node, lns, 1, 500, idle_s=2)
    node.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", 1), ("RESULT", 1), ("TEXT", "over"))
    lns.expect(CDN)
    node.place(2, lns.where, idle_s=2)
    lns.accept_call(501)
    node.vpdnd.expect("L2TP_CALL_READY", CALL_REF=2)
    assert all(m.type != STOPCCN for m in lns.everything(2.5))


def test_groups_do_not_share_a_tunnel(node, lns):
    other = Lns()
    try:
        start(node, lns)
        node.place(2, lns.where, group="other", local_name="LAC2")
        other.tid += 1
        other.socket, lns.socket = lns.socket, other.socket     # the second SCCRQ comes to the same port
        assert other.accept_tunnel().value(7) == b"LAC2"
        other.expect(SCCCN)
        assert len(node.daemon.tunnels()) == 2
        # the kernel would take the frames of one tunnel for the other's
        assert other.source[0] == "127.0.0.1" and other.source[1] != node.daemon.port
        other.accept_call(501)
        node.vpdnd.expect("L2TP_CALL_READY", CALL_REF=2)
        assert other.hello()
    finally:
        other.close()


def test_tunnel_secret_is_wrong(node, lns):
    node.place(1, lns.where)
    lns.accept_tunnel(secret=b"another")
    stop = lns.expect(STOPCCN)
    assert stop.value(1) == u16(4) + u16(0) + b"Invalid challenge authentication"
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"]) == (1, 1)
    assert "Invalid challenge authentication" in cleared["TEXT"]
    node.daemon.await_log("Invalid challenge authentication")


@pytest.mark.parametrize("secret", ["s3cret", None])
def test_peer_has_another_name(node, lns, secret):
    """RFC 2868 3.10, RFC 2661 7.2.1: a reply that is not acceptable is answered by StopCCN in place of SCCCN. Who does not mind the name
    gets a tunnel to that peer."""
    node.place(1, lns.where, ("REMOTE_NAME", "LNS-2"), secret=secret)
    lns.accept_tunnel()
    stop = lns.expect(STOPCCN)
    assert stop.value(1) == u16(4) + u16(0) + b"Host Name LNS is not the remote-name"
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (1, 1, 4)
    assert cleared["TEXT"] == "Host Name LNS is not the remote-name" and cleared.get("ERRNO") is None
    assert not [m for m in lns.everything(0.5) if m.type == SCCCN]
    node.daemon.await_log("group corp refuses this peer: its Host Name LNS is not the remote-name LNS-2")
    wait(lambda: node.daemon.tunnels() == {}, "the tunnel to be gone")
    other = Lns()
    node.place(2, other.where, ("REMOTE_NAME", "lns"), secret=secret)
    other.accept_tunnel()
    other.expect(SCCCN)
    other.close()


def test_no_tunnel_authentication(node, lns):
    node.place(1, lns.where, secret=None)
    sccrq = lns.accept_tunnel()
    assert sccrq.value(11) is None
    assert lns.expect(SCCCN).value(13) is None


def test_challenge_without_a_secret_of_ours(node, lns):
    node.place(1, lns.where, secret=None)
    lns.expect(SCCRQ)
    lns.send(message(SCCRP, avp(2, u16(0x100)), avp(3, u32(3)), avp(7, b"LNS"), avp(9, u16(lns.tid)), avp(11, b"challenge")))
    assert lns.expect(STOPCCN).value(1)[:2] == u16(4)
    assert node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)["STAGE"] == 1


def test_nobody_answers(node, lns):
    node.place(1, lns.where, timeout_ms=1500)
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"]) == (1, 3)
    lns.expect(SCCRQ)


def test_peer_vanishes(node, lns):
    """One HELLO is under way at a time, and when it is given up so are tunnel and call."""
    start(node, lns, hello_s=1)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    lns.expect(ICCN)
    assert len({m.ns for m in lns.everything(34) if m.type == HELLO}) == 1
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"]) == (3, 3)


def test_icrq_is_not_answered(node, lns):
    node.place(1, lns.where, timeout_ms=1500)
    lns.accept_tunnel()
    icrq = lns.expect(ICRQ)
    cdn = lns.expect(CDN)
    assert cdn.value(1)[:2] == u16(10) and cdn.sid == 0 and cdn.number(14) == icrq.number(14)
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (2, 3, 10)


def test_tunnel_is_refused(node, lns):
    node.place(1, lns.where)
    lns.expect(SCCRQ)
    lns.send(message(STOPCCN, avp(9, u16(lns.tid)), avp(1, u16(2) + u16(7) + b"busy")))
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["ERROR_CODE"]) == (1, 2, 2, 7)
    assert cleared["TEXT"] == "busy"


@pytest.mark.parametrize("groups", [[], [group(terminate_from=("LNS",), secret=None)]], ids=["unknown", "accepted"])
def test_sccrq_in_our_own_tunnel(groups):
    """An LNS that answers our SCCRQ with one of its own, in the same tunnel."""
    node = Node(groups=groups)
    lns = Lns()
    try:
        node.place(1, lns.where)
        lns.expect(SCCRQ)
        lns.send(message(SCCRQ, *sccrq_avps(lns.tid, b"LNS")))
        assert lns.expect(STOPCCN).value(1)[:2] == u16(7)
        assert node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)["STAGE"] == 1
        assert node.daemon.logged("requested, group") == 0
        wait(lambda: node.daemon.tunnels() == {}, "the tunnel to be gone")
    finally:
        lns.close()
        node.stop()


def test_call_is_refused_with_causes(node, lns):
    node.place(1, lns.where)
    lns.accept_tunnel()
    icrq = lns.expect(ICRQ)
    lns.send(message(CDN, avp(1, u16(4) + u16(0) + b"no \xffroom"), avp(14, u16(500)), avp(12, u16(34) + b"\0"),
                     avp(46, u16(16) + u16(0xC223) + b"\2", False)), icrq.number(14))
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["Q931_CAUSE"]) == (2, 2, 4, 34)
    assert (cleared["DISC_CODE"], cleared["DISC_PROTO"], cleared["DISC_DIRECTION"]) == (16, 0xC223, 2)
    assert cleared["TEXT"] == "no \\xffroom"


def test_connected_call_is_ended_by_the_peer(node, lns):
    icrq, ready = start(node, lns)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    lns.expect(ICCN)
    lns.send(message(CDN, avp(1, u16(3)), avp(14, u16(500))), icrq.number(14))
    cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"]) == (3, 2, 3)
    wait(lambda: node.daemon.tunnels() == {lns.their_tid: 0}, "the call to be gone")
    os.close(ready.fds[0])


def test_accm_of_the_lns_is_passed_on(node, lns):
    """SLI (RFC 2661 6.14), for a subscriber who is on a tty; a damaged one is not."""
    icrq, _ = start(node, lns)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    lns.expect(ICCN)
    lns.send(message(SLI, avp(35, u16(0) + u32(0xA0000) + b"\0", False)), icrq.number(14))
    lns.send(message(SLI, avp(35, u16(0) + u32(0xA0000) + u32(1))), icrq.number(14))
    said = node.vpdnd.expect("L2TP_LINK_INFO", CALL_REF=1)
    assert (said["SEND_ACCM"], said["RECV_ACCM"]) == (0xA0000, 1)
    assert lns.hello()


def test_stopccn_ends_every_call(node, lns):
    start(node, lns)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    lns.expect(ICCN)
    node.place(2, lns.where)
    lns.expect(ICRQ)
    lns.send(message(STOPCCN, avp(9, u16(lns.tid)), avp(1, u16(6))))
    one = node.vpdnd.expect("L2TP_CALL_CLEARED")
    two = node.vpdnd.expect("L2TP_CALL_CLEARED")
    stages = {m["CALL_REF"]: (m["STAGE"], m["BY"], m["RESULT"]) for m in (one, two)}
    assert stages == {1: (3, 2, 6), 2: (1, 2, 6)}
    wait(lambda: node.daemon.tunnels() == {}, "the tunnel to be gone")


def test_clear_while_the_tunnel_opens(node, lns):
    node.place(1, lns.where)
    lns.expect(SCCRQ)
    node.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", 1), ("RESULT", 1), ("TEXT", "loss of carrier"))
    assert node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)["BY"] == 1
    assert lns.expect(STOPCCN).value(1)[:2] == u16(1)


def test_clear_before_icrp(node, lns):
    """The answer that crosses our CDN changes nothing."""
    node.place(1, lns.where)
    lns.accept_tunnel()
    icrq = lns.expect(ICRQ)
    node.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", 1), ("RESULT", 1), ("TEXT", "loss of carrier"))
    lns.acknowledge = False
    lns.expect(CDN)
    lns.nr -= 1
    lns.send(message(ICRP, avp(14, u16(500))), icrq.number(14))
    lns.nr += 1
    node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
    node.vpdnd.quiet(0.5, "L2TP_CALL_READY")
    assert lns.hello()


def test_source_address(node):
    peer = Lns()
    try:
        node.place(1, peer.where, ("SOURCE_IP", "127.0.0.1"))
        peer.accept_tunnel()
        assert peer.source[0] == "127.0.0.1"
        node.place(2, peer.where, ("SOURCE_IP", "192.0.2.77"))
        cleared = node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=2)
        assert cleared["STAGE"] == 1 and "Cannot assign" in cleared["TEXT"]
        assert cleared["ERRNO"] == errno.EADDRNOTAVAIL      # this host's failure, not the LNS's
    finally:
        peer.close()


def test_vpdnd_goes_and_comes_back(node, lns):
    start(node, lns, idle_s=30)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
    lns.expect(ICCN)
    node.vpdnd.close()
    cdn = lns.expect(CDN)
    assert cdn.value(1)[:2] == u16(2) and b"vpdnd has gone" in cdn.value(1)
    node.vpdnd = node.accept()
    assert [(m.name, m["TUNNEL_STATE"]) for m in node.vpdnd.kept] == [("L2TP_TUNNEL_STATE", 2)]
    node.place(9, lns.where, idle_s=30)
    lns.accept_call(600)
    node.vpdnd.expect("L2TP_CALL_READY", CALL_REF=9)


def test_tunnel_clear(node, lns):
    start(node, lns)
    node.vpdnd.say("L2TP_TUNNEL_CLEAR", ("TUNNEL_ID", lns.their_tid), ("TEXT", "cleared by an administrator"))
    assert b"cleared by an administrator" in lns.expect(STOPCCN).value(1)
    assert node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)["BY"] == 1


def test_many_calls_leave_nothing(node, lns):
    start(node, lns, 1, 500)
    # the first call's session is with us, the module keeps none
    before = node.daemon.fds()
    for ref in range(2, 122):
        node.place(ref, lns.where)
        icrq = lns.accept_call(500 + ref)
        for fd in node.vpdnd.expect("L2TP_CALL_READY", CALL_REF=ref).fds:
            os.close(fd)
        if ref % 2:
            node.vpdnd.say("L2TP_CALL_CLEAR", ("CALL_REF", ref), ("RESULT", 1), ("TEXT", "over"))
            lns.expect(CDN)
        else:
            lns.send(message(CDN, avp(1, u16(3)), avp(14, u16(500 + ref))), icrq.number(14))
        node.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=ref)
    assert lns.hello()
    wait(lambda: node.daemon.tunnels() == {lns.their_tid: 1}, "the calls to be gone")
    assert node.daemon.fds() <= before


def test_damaged_and_unknown_messages_are_refused(node):
    node.vpdnd.say("CTL_REQUEST", ("WORD", "show"), seq=5)
    assert node.vpdnd.expect("ERROR").seq == 5
    node.vpdnd.socket.send(b"\x56\x50\x01\x00\x03\xe7\0\0\0\0\0\x10\0\0\0\x06")
    assert node.vpdnd.expect("ERROR").seq == 6
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 99), seq=7)
    node.vpdnd.quiet(0.3, "ERROR")
    assert node.daemon.running()
