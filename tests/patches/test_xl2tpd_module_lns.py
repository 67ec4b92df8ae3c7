# SPDX-License-Identifier: GPL-2.0-or-later
"""The module as an LNS: tunnels and calls of a LAC, seen by vpdnd, by the pppd template and on the wire."""
import os
import signal
import socket

import pytest

from xl2tpd_ipc import TLVS, Node, group
from xl2tpd_wire import (CDN, ICCN, ICRP, ICRQ, SCCRQ, STOPCCN, WEN, Calling, avp, control, message, sccrq_avps, u16, u32, wait)

LCP_SENT = bytes.fromhex("0305C223050506109D08F2")
LCP_RECEIVED = bytes.fromhex("05066EE4E865")
CHALLENGE = b"\0" + bytes(range(15))
OWN = 32473
POOL = ("10.1.0.1", "10.1.0.10", "10.1.0.11")
WAIT, CONNECTED, PPP_UP, CLOSING, CLOSED = 1, 2, 3, 4, 5


class Lac(Calling):
    def ask(self, sid):
        """ICRQ, ICRP; the session id of the LNS."""
        return self.call(sid, avp(22, b"02:00:00:00:00:01"), avp(21, b"614629"))


def iccn(*more):
    return message(ICCN, avp(24, u32(100000000)), avp(19, u32(1)), *more)


def proxy():
    return [avp(27, LCP_SENT, False), avp(28, LCP_RECEIVED, False), avp(29, u16(2), False), avp(30, b"alice@example.com", False),
            avp(31, CHALLENGE, False), avp(32, u16(6), False), avp(33, b"\0R" * 8, False)]


@pytest.fixture
def node():
    n = Node(groups=[group(pool=POOL)])
    yield n
    n.stop()


@pytest.fixture
def lac(node):
    peer = Lac(node.daemon)
    yield peer
    peer.close()


def taken(template):
    """A call that has come to a template, and waits for ICCN: (its connection, CALL_START)."""
    call = template.accept()
    started = call.read()
    assert started.name == "CALL_START" and started["CONNECT_LATER"] == 1
    return call, started


def connected(call, started):
    """What ICCN has brought: CALL_START with the TLVs of CALL_CONNECTED."""
    got = call.read()
    assert got.name == "CALL_CONNECTED"
    started.tlvs += got.tlvs
    single = [name for name, _ in started.tlvs if TLVS[name][1] != "list"]
    assert len(single) == len(set(single)), "said twice"
    return started


def start(node, lac, sid=1, *more):
    """A call that a template has taken and the LAC has connected: (session id, the call's connection, what is said of it)."""
    template = node.templates[0] if node.templates else node.template()
    theirs = lac.ask(sid)
    call, started = taken(template)
    call.say("CALL_STARTED", ("PID", 4242), flags=1, seq=started.seq)
    lac.send(iccn(*more), theirs)
    return theirs, call, connected(call, started)


def test_call_goes_to_the_template(node, lac):
    assert lac.open_as().value(7) == b"LNS"
    template = node.template()
    theirs = lac.call(1, avp(22, b"02:00:00:00:00:01"), avp(21, b"614629"), avp(1, b"olt1/3", False, vendor=3561),
                      avp(100, b"eth1", False, vendor=9), avp(25, u32(7), False))
    state = node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=WAIT)
    assert (state["TUNNEL_ID"], state["SESSION_ID"], state["PEER_SESSION_ID"]) == (lac.their_tid, theirs, 1)
    call, got = taken(template)                 # while the LAC connects the subscriber
    assert len(got.fds) == 1
    lac.send(iccn(*proxy()), theirs)
    connected(call, got)
    assert got["ACCESS"] == 3 and got["GROUP"] == "wholesale" and got["PEER_NAME"] == "LAC"
    assert (got["TUNNEL_ID"], got["SESSION_ID"], got["PEER_SESSION_ID"]) == (lac.their_tid, theirs, 1)
    assert got["CALLING_NUMBER"] == b"02:00:00:00:00:01" and got["CALLED_NUMBER"] == b"614629"
    assert got["CIRCUIT_ID"] == b"olt1/3" and got["TX_SPEED"] == 100000000 and got["FRAMING_TYPE"] == 1
    assert got["NAS_PORT"] == b"eth1" and got["PHYSICAL_CHANNEL"] == 7 and not got.all("AVP")
    assert got["PROXY_LAST_SENT"] == LCP_SENT and got["PROXY_LAST_RCVD"] == LCP_RECEIVED
    assert got["PROXY_AUTH_TYPE"] == 2 and got["PROXY_AUTH_NAME"] == b"alice@example.com"
    assert got["PROXY_AUTH_CHALLENGE"] == CHALLENGE and got["PROXY_AUTH_ID"] == 6 and got["PROXY_AUTH_RESPONSE"] == b"\0R" * 8
    assert got.all("OPTION") == [b"10.1.0.1:10.1.0.10"]
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CONNECTED)
    call.say("CALL_STARTED", ("PID", 4242), flags=1, seq=got.seq)
    call.say("CALL_INFO", ("TEXT", "proxy LCP forced"))
    assert node.vpdnd.expect("L2TP_CALL_STATE", TEXT="proxy LCP forced")["PID"] == 4242
    call.say("CALL_UP", ("IFNAME", "ppp0"), ("USER", "alice@example.com"), ("LOCAL_IP", "10.1.0.1"), ("REMOTE_IP", "10.1.0.10"))
    up = node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=PPP_UP)
    assert (up["IFNAME"], up["USER"], up["REMOTE_IP"]) == ("ppp0", b"alice@example.com", "10.1.0.10")
    node.daemon.await_log('user="alice@example.com": PPP is up on ppp0, 10.1.0.1 to 10.1.0.10')


def test_line_reaches_template_and_vpdnd(node, lac):
    """RFC 5515's AVPs, each once, whatever the LAC repeats, misses or makes up; vpdnd hears of it again after a reconnect."""
    lac.open_as()
    template = node.template()
    rate, other = u32(0) + u32(16240000), u32(0) + u32(1)
    bbf = [avp(kind, value, False, vendor=3561) for kind, value in
           ((130, rate), (130, other), (142, u32(9)), (144, b"\2\1\6"), (139, b"short"), (200, b"unknown"), (1, b"port\n1"), (1, b"again"))]
    theirs = lac.call(1, avp(22, b"5551234"), avp(100, b"Serial0:0", False, vendor=9), *bbf)
    lac.send(iccn(), theirs)
    started = connected(*taken(template))
    kept = [u16(3561) + u16(kind) + b"\0" + value for kind, value in ((130, rate), (142, u32(9)), (144, b"\2\1\6"))]
    assert started.all("AVP") == kept and started.all("CIRCUIT_ID") == [b"port\n1"]
    report = node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CONNECTED)
    node.vpdnd.close()
    node.vpdnd = node.accept()
    for report in (report, node.vpdnd.expect("L2TP_CALL_STATE", SESSION_ID=theirs)):
        assert report.all("AVP") == kept and report["CIRCUIT_ID"] == b"port\n1" and report["NAS_PORT"] == b"Serial0:0"
        assert report["CALLING_NUMBER"] == b"5551234" and report["TX_SPEED"] == 100000000


def counters(said):
    return {int.from_bytes(c[:2], "big"): int.from_bytes(c[2:], "big") for c in said.all("COUNTER")}


def test_counters_of_tunnel_and_session(node, lac):
    """On demand and in the reply to that number; the control channel's are xl2tpd's, the data's the kernel's."""
    lac.open_as()
    node.template()
    theirs = lac.call(1)
    lac.raw(control(lac.their_tid, 0, 2, lac.nr, message(ICRQ, avp(14, u16(1)), avp(15, u32(1)))))      # the same once more
    assert lac.hello()
    node.vpdnd.say("L2TP_STATS_ASK", ("TUNNEL_ID", lac.their_tid), seq=71)
    got = node.vpdnd.expect("L2TP_STATS")
    assert (got.flags, got.seq, got["TUNNEL_ID"], got.get("SESSION_ID")) == (1, 71, lac.their_tid, None)
    values = counters(got)
    # sent: SCCRP, ICRP; received: SCCRQ, SCCCN, ICRQ, Hello
    assert (values[1], values[2], values[3], values[4]) == (2, 4, 0, 1)
    assert (values[9], values[11]) == (4, 0) and values[16] == 0
    node.vpdnd.say("L2TP_STATS_ASK", ("TUNNEL_ID", lac.their_tid), ("SESSION_ID", theirs), seq=72)
    got = node.vpdnd.expect("L2TP_STATS")
    assert (got.seq, got["SESSION_ID"]) == (72, theirs)
    values = counters(got)
    assert 1 not in values and (values[16], values[17], values[19], values[20]) == (theirs, 100 * theirs, 2 * theirs, 200 * theirs)
    node.vpdnd.say("L2TP_STATS_ASK", ("TUNNEL_ID", lac.their_tid ^ 1), seq=73)
    assert node.vpdnd.expect("ERROR").seq == 73


def test_ppp_ends_in_good_order(node, lac):
    lac.open_as()
    theirs, call, _ = start(node, lac)
    call.say("CALL_ENDING", ("TEXT", "the peer hung up"), ("DISC_CODE", 3), ("DISC_PROTO", 0xC021), ("DISC_DIRECTION", 1))
    cdn = lac.expect(CDN)
    assert cdn.sid == 1 and cdn.number(14) == theirs
    assert cdn.value(1) == u16(3) + u16(0) + b"the peer hung up"
    assert cdn.value(46) == u16(3) + u16(0xC021) + b"\1"
    closing = node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSING)
    assert "the peer hung up" in closing["TEXT"]
    # the address is the child's as long as it lives
    node.vpdnd.quiet(0.5, "CALL_ENDED")
    assert not any(m.get("CALL_STATE") == CLOSED for m in node.vpdnd.kept)
    call.say("CALL_ENDED", ("STATUS", 16), ("TEXT", "the peer hung up"))
    call.close()
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)


def test_authentication_fails(node, lac):
    lac.open_as()
    _, call, _ = start(node, lac)
    call.say("CALL_ENDING", ("TEXT", "CHAP authentication failed"), ("DISC_CODE", 16), ("DISC_PROTO", 0xC223), ("DISC_DIRECTION", 2))
    cdn = lac.expect(CDN)
    assert cdn.value(1)[:2] == u16(3) and cdn.value(46) == u16(16) + u16(0xC223) + b"\2"


@pytest.mark.parametrize("how", ["dies", "says-status"])
def test_pppd_crashes(node, lac, how):
    lac.open_as()
    _, call, _ = start(node, lac)
    if how == "says-status":
        call.say("CALL_ENDED", ("STATUS", 1), ("TEXT", "pppd met an error"))
    call.close()
    cdn = lac.expect(CDN)
    assert cdn.value(1)[:4] == u16(2) + u16(6) and cdn.value(46) is None
    assert (b"pppd died" if how == "dies" else b"pppd met an error") in cdn.value(1)
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)


def test_lac_hangs_up(node, lac):
    lac.open_as()
    theirs, call, _ = start(node, lac)
    lac.send(message(CDN, avp(1, u16(1) + u16(0) + b"loss of carrier"), avp(14, u16(1))), theirs)
    assert call.read() is None      # the child sees a hangup
    state = node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSING)
    assert "ended by the peer, result 1" in state["TEXT"] and "loss of carrier" in state["TEXT"]
    call.close()
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)


def test_no_template(node, lac):
    lac.open_as()
    lac.ask(1)
    cdn = lac.expect(CDN)
    assert cdn.value(1)[:2] == u16(4) and b'pppd template "corp": not running' in cdn.value(1)
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)


def test_template_refuses(node, lac):
    lac.open_as()
    template = node.template()
    lac.ask(1)
    call, got = taken(template)
    call.say("ERROR", ("ERRNO", 11), ("TEXT", "fork: no memory"), flags=1, seq=got.seq)
    call.close()
    cdn = lac.expect(CDN)
    assert cdn.value(1)[:2] == u16(4) and b"fork: no memory" in cdn.value(1)


def test_pool_is_used_up_and_addresses_come_back(node, lac):
    lac.open_as()
    one = start(node, lac, 1)
    two = start(node, lac, 2)
    assert {one[2]["OPTION"], two[2]["OPTION"]} == {b"10.1.0.1:10.1.0.10", b"10.1.0.1:10.1.0.11"}
    ask = message(ICRQ, avp(15, u32(1)))
    lac.send(ask + avp(14, u16(3)))
    cdn = lac.expect(CDN)
    assert cdn.sid == 3 and cdn.value(1)[:2] == u16(4) and b"no free address" in cdn.value(1)
    lac.send(message(CDN, avp(1, u16(1)), avp(14, u16(1))), one[0])
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSING, SESSION_ID=one[0])
    lac.send(ask + avp(14, u16(4)))         # its child still has the address
    assert lac.expect(CDN).sid == 4
    one[1].close()
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED, SESSION_ID=one[0])
    assert start(node, lac, 5)[2]["OPTION"] == one[2]["OPTION"]


def test_damaged_proxy_avps_do_not_end_the_call(node, lac):
    lac.open_as()
    _, _, got = start(node, lac, 1, avp(27, LCP_SENT, False), avp(29, u16(2), False), avp(32, b"\1\2\3", False))
    assert got.get("PROXY_LAST_SENT") is None or got.get("PROXY_AUTH_ID") is None
    _, _, got = start(node, lac, 2, *proxy()[:2], avp(29, u16(77), False))
    assert got["PROXY_LAST_SENT"] == LCP_SENT


@pytest.mark.parametrize("asked", [True, False])
def test_mschapv2_is_taken_from_one_of_ours_only(node, lac, asked):
    lac.open_as()
    template = node.template()
    more = [avp(1, u32(1), False, vendor=OWN)] if asked else []
    lac.send(message(ICRQ, avp(14, u16(1)), avp(15, u32(1)), *more))
    icrp = lac.expect(ICRP)
    sid = icrp.number(14)
    assert icrp.value(1, vendor=OWN) == (u32(1) if asked else None)
    lac.send(iccn(*proxy()[:2], avp(2, u16(0x81), False, vendor=OWN), *proxy()[3:]), sid)
    got = connected(*taken(template))
    assert got["PROXY_LAST_SENT"] == LCP_SENT
    assert got.get("PROXY_AUTH_TYPE") == (0x81 if asked else None)


def test_tunnel_secret_is_wrong(node, lac):
    lac.open_as(response=b"x" * 16)
    assert b"Invalid challenge authentication" in lac.expect(STOPCCN).value(1)
    node.daemon.await_log("Invalid challenge authentication")
    state = node.vpdnd.expect("L2TP_TUNNEL_STATE", TUNNEL_STATE=3)
    assert "Invalid challenge authentication" in state["TEXT"]


def test_host_name_is_not_accepted(node, lac):
    """Without an [lns] section and with access control, nobody else takes it either."""
    lac.send(message(SCCRQ, *sccrq_avps(lac.tid, b"somebody")))
    assert b"No Authorization" in lac.expect(STOPCCN).value(1)


def test_no_tunnel_authentication():
    node = Node(groups=[group(secret=None)])
    lac = Lac(node.daemon)
    try:
        assert lac.open_as(secret=None).value(11) is None
        start(node, lac)
        other = Lac(node.daemon, tid=99)
        other.send(message(SCCRQ, *sccrq_avps(99, b"LAC"), avp(11, b"challenge")))
        assert other.expect(STOPCCN).value(1)[:2] == u16(4)
        node.daemon.await_log("wants tunnel authentication")
        other.close()
    finally:
        lac.close()
        node.stop()


def test_groups_are_chosen_by_name_and_address():
    groups = [group("any", terminate_from=(), template="any", secret=None, local_name="LNS-any"),
              group("elsewhere", terminate_from=("LAC",), sources=[("192.0.2.0", 24)], local_name="LNS-elsewhere"),
              group("one", terminate_from=("LAC", "LAC2"), sources=[("127.0.0.0", 8)], local_name="LNS-one"),
              group("two", terminate_from=("LAC3",), secret="other secret", local_name="LNS-two")]
    node = Node(groups=groups)
    try:
        for tid, name, secret, ours in ((1, b"LAC", b"s3cret", b"LNS-one"), (2, b"lac2", b"s3cret", b"LNS-one"),
                                        (3, b"LAC3", b"other secret", b"LNS-two"), (4, b"unheard of", None, b"LNS-any")):
            lac = Lac(node.daemon, tid=tid)
            assert lac.open_as(name, secret).value(7) == ours
            lac.close()
    finally:
        node.stop()


def test_reload_replaces_the_groups(node, lac):
    lac.open_as()
    running = start(node, lac, 1)
    node.groups = [group("other", terminate_from=("LAC9",))]
    node.configure()
    # running calls stay, new ones of a group that is gone are refused
    lac.send(message(ICRQ, avp(14, u16(2)), avp(15, u32(2))))
    assert lac.expect(CDN).value(1)[:2] == u16(3)
    assert lac.hello() and node.daemon.tunnels() == {lac.their_tid: 1} and not running[1].kept
    other = Lac(node.daemon, tid=9)
    other.open_as(b"LAC9")
    other.close()


def test_session_limit():
    node = Node(groups=[group(limit=1)])
    lac = Lac(node.daemon)
    try:
        lac.open_as()
        theirs, call, _ = start(node, lac, 1)
        lac.send(message(ICRQ, avp(14, u16(2)), avp(15, u32(2))))
        assert lac.expect(CDN).value(1)[:2] == u16(4)
        call.close()
        lac.expect(CDN)
        start(node, lac, 3)
    finally:
        lac.close()
        node.stop()


def test_idle_tunnel_is_closed(node, lac):
    lac.open_as()
    theirs, call, _ = start(node, lac)
    assert all(m.type != STOPCCN for m in lac.everything(1.5))
    lac.send(message(CDN, avp(1, u16(1)), avp(14, u16(1))), theirs)
    assert lac.expect(STOPCCN).value(1)[:2] == u16(1)
    node.vpdnd.expect("L2TP_TUNNEL_STATE", TUNNEL_STATE=4)
    # the child of the last call may outlive the tunnel
    call.close()
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED, SESSION_ID=theirs)


def test_vpdnd_goes_and_calls_stay(node, lac):
    lac.open_as()
    theirs, call, _ = start(node, lac)
    call.say("CALL_UP", ("IFNAME", "ppp0"), ("USER", "alice"), ("LOCAL_IP", "10.1.0.1"), ("REMOTE_IP", "10.1.0.10"))
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=PPP_UP)
    node.vpdnd.close()
    other = Lac(node.daemon, tid=77)
    other.open_as()                         # the groups are kept
    assert other.hello()
    node.vpdnd = node.accept()
    reported = node.vpdnd.kept
    tunnels = {m["TUNNEL_ID"]: (m["TUNNEL_STATE"], m["SESSIONS"]) for m in reported if m.name == "L2TP_TUNNEL_STATE"}
    assert tunnels == {lac.their_tid: (2, 1), other.their_tid: (2, 0)}
    state = next(m for m in reported if m.name == "L2TP_CALL_STATE")
    assert (state["SESSION_ID"], state["CALL_STATE"], state["IFNAME"], state["USER"]) == (theirs, PPP_UP, "ppp0", b"alice")
    assert lac.hello()
    other.close()


def test_session_clear_ends_ppp_in_good_order(node, lac):
    lac.open_as()
    theirs, call, _ = start(node, lac)
    node.vpdnd.say("L2TP_SESSION_CLEAR", ("TUNNEL_ID", lac.their_tid), ("SESSION_ID", theirs), ("TEXT", "cleared"))
    assert call.expect("CALL_CLOSE")["TEXT"] == "cleared"
    call.say("CALL_ENDING", ("TEXT", "cleared"), ("DISC_CODE", 1), ("DISC_PROTO", 0), ("DISC_DIRECTION", 0))
    cdn = lac.expect(CDN)
    assert cdn.value(1)[:2] == u16(3) and cdn.value(46) == u16(1) + u16(0) + b"\0"


def test_session_clear_does_not_wait_for_ever(node, lac):
    """The child hangs: in a script, in a question to a server."""
    lac.open_as()
    theirs, call, _ = start(node, lac)
    node.vpdnd.say("L2TP_SESSION_CLEAR", ("TUNNEL_ID", lac.their_tid), ("SESSION_ID", theirs), ("TEXT", "cleared"))
    assert call.read().name == "CALL_CLOSE"
    cdn = lac.expect(CDN, 15)
    assert cdn.value(1)[:2] == u16(3) and b"cleared" in cdn.value(1)
    assert call.read() is None
    call.close()
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)


@pytest.mark.parametrize("who", ["lac", "vpdnctl"])
def test_iccn_does_not_come_and_somebody_gives_up(node, lac, who):
    lac.open_as()
    template = node.template()
    assert lac.hello()
    before = node.daemon.fds()
    theirs = lac.ask(1)
    call, _ = taken(template)
    call.say("CALL_STARTED", ("PID", 4242), flags=1, seq=1)
    if who == "lac":
        lac.send(message(CDN, avp(1, u16(1)), avp(14, u16(1))))     # it has not seen our id
    else:
        node.vpdnd.say("L2TP_SESSION_CLEAR", ("TUNNEL_ID", lac.their_tid), ("SESSION_ID", theirs), ("TEXT", "cleared"))
        assert b"cleared" in lac.expect(CDN).value(1)
    assert call.read() is None                  # nothing was connected, and the child sees a hangup
    call.close()
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)
    assert node.daemon.fds() == before
    assert lac.hello()


def test_call_is_connected_before_the_template_can_take_it(node, lac):
    """Its queue is full of others when ICRQ and ICCN come: CALL_CONNECTED follows CALL_START on the same connection."""
    lac.open_as()
    template = node.template()
    template.socket.listen(0)
    other = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    other.connect(template.path)
    theirs = lac.ask(1)
    lac.send(iccn(*proxy()), theirs)
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CONNECTED)
    template.accept().close()
    other.close()
    assert connected(*taken(template))["PROXY_AUTH_NAME"] == b"alice@example.com"


def test_template_dies_before_iccn(node, lac):
    lac.open_as()
    template = node.template()
    theirs = lac.ask(1)
    call, _ = taken(template)
    call.say("CALL_STARTED", ("PID", 4242), flags=1, seq=1)
    call.close()
    assert b"pppd died" in lac.expect(CDN).value(1)
    lac.send(iccn(*proxy()), theirs)
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)
    assert lac.hello()


def state(process):
    """As in ps(1)."""
    with open("/proc/%d/stat" % process.pid) as f:
        return f.read().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("how", ["dies", "refuses"])
def test_template_ends_the_call_in_the_moment_of_iccn(node, lac, how):
    """xl2tpd finds both at the same wake-up: the call is to be closed, but CDN not sent yet, when ICCN is handled."""
    lac.open_as()
    template = node.template()
    theirs = lac.ask(1)
    call, started = taken(template)
    assert lac.hello()
    wait(lambda: state(node.daemon.process) == "S", "xl2tpd to wait for what comes first")
    node.daemon.send(signal.SIGSTOP)
    wait(lambda: state(node.daemon.process) == "T", "xl2tpd to stop")
    if how == "refuses":
        call.say("ERROR", ("ERRNO", 11), ("TEXT", "fork: no memory"), flags=1, seq=started.seq)
    call.close()
    lac.send(iccn(*proxy()), theirs)
    node.daemon.send(signal.SIGCONT)
    cdn = lac.expect(CDN)
    assert cdn.value(1)[:2] == u16(4) and (b"fork: no memory" if how == "refuses" else b"has closed the connection") in cdn.value(1)
    node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)
    assert lac.hello() and not any(line.endswith(": connected") for line in node.daemon.text().splitlines())


def test_wan_error_notify_is_harmless(node, lac):
    lac.open_as()
    theirs, call, _ = start(node, lac)
    lac.send(message(WEN, avp(34, b"\0" * 26)), theirs)
    assert lac.hello() and node.daemon.tunnels() == {lac.their_tid: 1}


def test_tunnel_is_closed_by_the_lac(node, lac):
    lac.open_as()
    calls = [start(node, lac, sid)[1] for sid in (1, 2)]
    lac.send(message(STOPCCN, avp(9, u16(lac.tid)), avp(1, u16(6))))
    for call in calls:
        assert call.read() is None
        call.close()
    for _ in calls:
        node.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)
    assert node.daemon.tunnels() == {}


def test_hundred_calls_leave_nothing():
    node = Node(groups=[group(pool=("10.2.0.1", "10.2.0.2", "10.2.0.254"))])
    lac = Lac(node.daemon)
    try:
        lac.open_as()
        assert lac.hello()
        before = node.daemon.fds()
        calls = [start(node, lac, sid) for sid in range(1, 101)]
        for _, _, got in calls:
            for fd in got.fds:
                os.close(fd)
        assert len({got["OPTION"] for _, _, got in calls}) == 100
        assert node.daemon.tunnels() == {lac.their_tid: 100}
        assert node.daemon.fds() == before + 100
        for n, (theirs, call, _) in enumerate(calls, 1):
            if n % 2:
                call.close()
                lac.expect(CDN)
            else:
                lac.send(message(CDN, avp(1, u16(1)), avp(14, u16(n))), theirs)
                assert call.read() is None
                call.close()
        assert lac.hello()
        wait(lambda: node.daemon.tunnels() == {lac.their_tid: 0}, "the calls to be gone")
        wait(lambda: node.daemon.fds() == before, "the descriptors to be closed")
    finally:
        lac.close()
        node.stop()


def test_sequence_numbers_begin_anew():
    """More than 65,536 messages in one tunnel, with some not acknowledged when Ns is 0 again."""
    node = Node(groups=[group(limit=1)])
    lac = Lac(node.daemon)
    try:
        lac.open_as()
        running = start(node, lac)
        while lac.nr < 65534:
            lac.send(message(ICRQ, avp(14, u16(2)), avp(15, u32(1))))
            lac.expect(CDN)
        lac.acknowledge = False
        for sid in range(2, 6):
            lac.send(message(ICRQ, avp(14, u16(sid)), avp(15, u32(1))))
        for sid in range(2, 6):
            assert lac.expect(CDN).sid == sid
        assert lac.hello() and not running[1].kept
    finally:
        lac.close()
        node.stop()


def test_two_nodes_make_a_call():
    """LAC and LNS, both ours: from L2TP_CALL_PLACE to the template and back."""
    lns = Node(address="127.0.0.2", groups=[group(pool=POOL)])
    lac = Node(address="127.0.0.1")
    try:
        template = lns.template()
        lac.place(1, ("127.0.0.2", lns.daemon.port), ("USER", "alice@example.com"), ("PROXY_LAST_SENT", LCP_SENT),
                  ("PROXY_LAST_RCVD", LCP_RECEIVED))
        lac.vpdnd.expect("L2TP_CALL_READY", CALL_REF=1)
        call, got = taken(template)
        call.quiet(0.5, "CALL_CONNECTED")
        lac.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", 1))
        connected(call, got)
        assert got["PROXY_LAST_SENT"] == LCP_SENT and got["PEER_NAME"] == "LAC"
        call.say("CALL_STARTED", ("PID", 1), flags=1, seq=got.seq)
        call.say("CALL_ENDING", ("TEXT", "wrong password"), ("DISC_CODE", 16), ("DISC_PROTO", 0xC223), ("DISC_DIRECTION", 2))
        cleared = lac.vpdnd.expect("L2TP_CALL_CLEARED", CALL_REF=1)
        assert (cleared["STAGE"], cleared["BY"], cleared["RESULT"], cleared["DISC_CODE"]) == (3, 2, 3, 16)
        assert cleared["TEXT"] == "wrong password"
        call.close()
        lns.vpdnd.expect("L2TP_CALL_STATE", CALL_STATE=CLOSED)
        lac.vpdnd.expect("L2TP_TUNNEL_STATE", TUNNEL_STATE=4)
        wait(lambda: lac.daemon.tunnels() == lns.daemon.tunnels() == {}, "the idle tunnel to be closed")
    finally:
        lac.stop()
        lns.stop()
