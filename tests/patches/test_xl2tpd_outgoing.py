# SPDX-License-Identifier: GPL-2.0-or-later
"""Outgoing calls (RFC 2661 5.2.2) of xl2tpd itself, no module loaded: it can send OCRQ, and refuses that of others."""
import pytest

from xl2tpd_wire import CDN, ICRQ, OCCN, OCRP, OCRQ, SCCCN, SCCRP, SCCRQ, Called, Daemon, Peer, avp, message, u16, u32, wait


def ocrq_avps(number=b"6121"):
    return avp(15, u32(1)), avp(16, u32(1200)), avp(17, u32(64000)), avp(18, u32(3)), avp(19, u32(3)), avp(21, number), avp(23, b"7")


def test_ocrq_is_refused_with_a_cdn(daemon, peer):
    """No appropriate facilities, now and later; the tunnel and its other calls stay."""
    other = peer.call(1)
    peer.send(message(OCRQ, avp(14, u16(2)), *ocrq_avps()))
    cdn = peer.expect(CDN)
    assert cdn.sid == 2 and cdn.value(1)[:4] == u16(5) + u16(0) and cdn.number(14) not in (0, other)
    assert peer.hello()
    wait(lambda: daemon.tunnels() == {peer.their_tid: 1}, "the first call alone")


def test_bad_ocrq_ends_its_call(daemon, peer):
    """A Bearer Type of the wrong size, with the M bit."""
    peer.send(message(OCRQ, avp(14, u16(2)), avp(18, u16(3))))
    cdn = peer.expect(CDN)
    assert cdn.sid == 2 and cdn.value(1)[:2] == u16(2)
    assert peer.hello()


@pytest.mark.parametrize("msgtype", [OCRQ, ICRQ], ids=["OCRQ", "ICRQ"])
def test_request_without_session_id_leaves_nothing(daemon, peer, msgtype):
    peer.send(message(msgtype, avp(15, u32(1)), avp(18, u32(3))))
    assert peer.hello()
    wait(lambda: daemon.tunnels() == {peer.their_tid: 0}, "no call")


def test_ocrq_out_of_a_tunnel(daemon):
    """Before the tunnel is up there are no calls; nothing is allocated for good."""
    p = Peer(daemon)
    p.send(message(OCRQ, avp(14, u16(2)), *ocrq_avps()))
    wait(lambda: daemon.tunnels() == {}, "no tunnel")
    p.close()


@pytest.fixture
def lac():
    p = Called(name=b"lac")
    yield p
    p.close()


@pytest.fixture
def dialling(tmp_path, lac):
    """`o` on the control pipe, up to the OCRQ."""
    d = Daemon(tmp_path, sections="[lac x]\nlns = 127.0.0.1:%d\n" % lac.where[1])
    assert d.command("o x 6121").startswith("00")
    lac.expect(SCCRQ)
    lac.send(message(SCCRP, avp(2, u16(0x100)), avp(3, u32(3)), avp(7, b"lac"), avp(9, u16(lac.tid))))
    lac.expect(SCCCN)
    yield d
    d.stop()


def test_ocrq_of_a_lac_section(dialling, lac):
    ocrq = lac.expect(OCRQ)
    assert [a[:2] + a[3:] for a in ocrq.avps] == [(0, n, True) for n in (0, 14, 15, 16, 17, 18, 19, 21)]
    assert ocrq.value(21) == b"6121"
    lac.send(message(OCRP, avp(14, u16(500)), avp(25, u32(1), False)), ocrq.number(14))
    assert lac.hello()
    lac.send(message(OCCN, avp(24, u32(64000)), avp(19, u32(1)), avp(39)), ocrq.number(14))
    dialling.await_log("Phoneid: 6121")


@pytest.mark.parametrize("packets", [[OCCN], [OCRP, OCRP]], ids=["OCCN first", "second OCRP"])
def test_answers_out_of_order(dialling, lac, packets):
    ocrq = lac.expect(OCRQ)
    for kind in packets:
        lac.send(message(kind, avp(14, u16(500))) if kind == OCRP else message(OCCN, avp(24, u32(64000)), avp(19, u32(1))), ocrq.number(14))
    cdn = lac.expect(CDN)
    assert cdn.number(14) == ocrq.number(14) and cdn.value(1)[:4] == u16(2) + u16(6)
    assert lac.hello()


def test_ocrp_without_session_id(dialling, lac):
    ocrq = lac.expect(OCRQ)
    lac.send(message(OCRP), ocrq.number(14))
    assert lac.expect(CDN).value(1)[:4] == u16(2) + u16(6)


@pytest.mark.parametrize("id_of", ["ours", "the peer"])
def test_early_cdn_without_session_id(dialling, lac, id_of):
    ocrq = lac.expect(OCRQ)
    lac.send(message(CDN, avp(1, u16(8)), avp(14, ocrq.value(14) if id_of == "ours" else u16(500))))
    assert lac.hello()
    wait(lambda: dialling.tunnels() == {lac.their_tid: 0}, "no call")
