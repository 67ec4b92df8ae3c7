# SPDX-License-Identifier: GPL-2.0-or-later
"""How calls end: with the right message, once, and nothing of them stays behind."""
import pytest

from xl2tpd_wire import CDN, ICCN, ICRQ, WEN, Daemon, Peer, avp, message, u16, u32, wait


def calls(daemon, peer):
    return daemon.tunnels().get(peer.their_tid)


def wait_calls(daemon, peer, number):
    """Needs the daemon to go round its loop: a Hello makes it."""
    def now():
        assert peer.hello(), "the tunnel is dead:\n" + daemon.text()
        return calls(daemon, peer) == number
    wait(now, "%d calls" % number)


def cdn(sid, result=1, *more):
    return message(CDN, avp(1, u16(result)), avp(14, u16(sid)), *more)


def test_cdn_without_session_id_closes_the_call_only(daemon, peer):
    peer.call(1)
    peer.call(2)
    peer.send(cdn(1))
    wait_calls(daemon, peer, 1)
    assert peer.hello()


def test_cdn_for_an_unknown_call_closes_nothing(daemon, peer):
    peer.call(1)
    peer.send(cdn(77))
    wait_calls(daemon, peer, 1)


@pytest.mark.parametrize("how", ["zlb-of-the-tunnel", "zlb-of-the-call", "next-message"])
def test_closing_call_is_freed_when_its_cdn_is_acknowledged(daemon, peer, how):
    sid = peer.call(1)
    peer.acknowledge = False
    daemon.command("h %d" % sid)
    peer.expect(CDN)
    if how == "zlb-of-the-tunnel":
        peer.zlb()
    elif how == "zlb-of-the-call":
        peer.zlb(sid)
    wait_calls(daemon, peer, 0)


def test_closing_call_waits_for_the_acknowledgement(daemon, peer):
    """Nr acknowledges what is before it: one that stops at the CDN does not free the call."""
    sid = peer.call(1)
    peer.acknowledge = False
    daemon.command("h %d" % sid)
    peer.expect(CDN)
    peer.nr -= 1
    peer.zlb(sid)
    peer.nr += 1
    assert calls(daemon, peer) == 1


def test_late_zlb_for_a_freed_call_leaves_the_tunnel_alone(daemon, peer):
    sid = peer.call(1)
    peer.send(cdn(1), sid)
    wait_calls(daemon, peer, 0)
    for _ in range(3):
        peer.zlb(sid)
    assert peer.hello()


def test_call_that_is_closing_goes_on_with_nothing(daemon, peer):
    """An ICCN that crosses the daemon's CDN starts no pppd."""
    sid = peer.call(1)
    peer.acknowledge = False
    daemon.command("h %d" % sid)
    peer.expect(CDN)
    peer.nr -= 1
    peer.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), sid)
    peer.nr += 1
    assert peer.hello()
    assert daemon.logged("Call established") == 0
    wait_calls(daemon, peer, 0)


def test_call_closed_by_the_peer_is_freed_whatever_follows(daemon, peer):
    """A damaged message for it has come before its turn and is handled right after the CDN."""
    sid = peer.call(1)
    peer.ns += 1
    peer.send(message(ICCN) + b"\x80", sid)
    peer.ns -= 2
    peer.send(cdn(1), sid)
    peer.ns += 1
    wait_calls(daemon, peer, 0)


@pytest.mark.parametrize("result", [1, 3, 11, 12, 26, 300])
def test_cdn_is_obeyed_whatever_its_result(daemon, peer, result):
    sid = peer.call(1)
    peer.send(cdn(1, result), sid)
    wait_calls(daemon, peer, 0)


@pytest.mark.parametrize("attr,value", [(12, b"\0\x10\0"), (16, u32(1)), (17, u32(1)), (34, b"\0" * 26), (37, b"group")])
def test_mandatory_avp_without_use_is_accepted(daemon, peer, attr, value):
    sid = peer.call(1)
    peer.send(cdn(1, 3, avp(attr, value)), sid)
    wait_calls(daemon, peer, 0)
    assert daemon.logged("No handler") == 0


def test_wan_error_notify_ends_nothing(tmp_path):
    d = Daemon(tmp_path)
    p = Peer(d).open()
    try:
        # no pppd on the test machine ends the call soon after the ICCN: both go in one burst
        sid = p.call(1)
        p.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), sid)
        p.send(message(WEN, avp(34, b"\0" * 26)), sid)
        assert p.hello()
        assert "don't know how to handle" not in d.text()
        assert d.logged("on mandatory packet") == 0
    finally:
        p.close()
        d.stop()


@pytest.mark.parametrize("mandatory", [True, False])
def test_bad_icrq_ends_its_call_only(daemon, peer, mandatory):
    peer.call(1)
    bad = avp(55, b"?", vendor=9) if mandatory else b""
    peer.send(message(ICRQ, avp(14, u16(2)), avp(15, u32(2)), bad) + (b"" if mandatory else b"\x80"))
    got = peer.expect(CDN)
    assert got.sid == 2
    assert got.value(1)[:4] == u16(2) + u16(8 if mandatory else 2)
    wait_calls(daemon, peer, 1)


def test_bad_icrq_without_session_id_leaves_no_call(daemon, peer):
    peer.send(message(ICRQ, avp(55, b"?", vendor=9)))
    wait_calls(daemon, peer, 0)


def test_session_ids_are_free_and_not_zero(daemon, peer):
    number = 1500
    ids = {peer.call(sid) for sid in range(1, number + 1)}
    assert len(ids) == number
    assert 0 not in ids


def test_hang_up_of_a_call_without_pppd(daemon, peer):
    sid = peer.call(1)
    daemon.command("h %d" % sid)
    assert peer.expect(CDN).sid == 1
    assert daemon.running(), daemon.text()
    wait_calls(daemon, peer, 0)
