# SPDX-License-Identifier: GPL-2.0-or-later
"""AVPs that are not as RFC 2661 has them: without the M bit they are passed over, with it they end the call or tunnel."""
import pytest

from xl2tpd_wire import CDN, ICCN, ICRP, ICRQ, SCCCN, SCCRP, SCCRQ, STOPCCN, Peer, avp, message, sccrq_avps, u16, u32

pytestmark = pytest.mark.builds("ordinary", "sanitized")

OPTIONS = "force userspace = yes\ndebug avp = yes"


@pytest.mark.parametrize("mandatory", [False, True], ids=["optional", "mandatory"])
def test_malformed_avps(start, mandatory):
    daemon = start(options=OPTIONS, fake_pppd=True)
    peer = Peer(daemon)
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid), avp(6, b"123", mandatory)))     # Firmware Revision: two octets
    if mandatory:
        assert peer.expect(STOPCCN).value(1)[:4] == u16(2) + u16(2)
        peer.close()
        peer = Peer(daemon, tid=5).open()
    else:
        peer.expect(SCCRP)
        peer.send(message(SCCCN))
    for attr, value in ((18, b"123"), (25, b"1")):
        peer.send(message(ICRQ, avp(14, u16(7)), avp(15, u32(7)), avp(attr, value, mandatory)))
        got = peer.receive()
        while got.type is None:
            got = peer.receive()
        assert (got.type == CDN) == mandatory, attr
        if mandatory:
            assert got.value(1)[:4] == u16(2) + u16(2)
        else:
            peer.send(message(CDN, avp(1, u16(3)), avp(14, u16(7))), got.number(14))
    for value in (b"", b"quick", b"12345678901", b"12 45"):
        sid = peer.call(9)
        peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1)), avp(38, value, mandatory)), sid)
        if mandatory:
            assert peer.expect(CDN).value(1)[:2] == u16(2)
        else:
            assert peer.hello()
            peer.send(message(CDN, avp(1, u16(3)), avp(14, u16(9))), sid)
    assert peer.hello()
    peer.close()


def test_malformed_avps_that_are_meant_well(start):
    """A connect speed in digits."""
    daemon = start(options=OPTIONS, fake_pppd=True)
    peer = Peer(daemon).open()
    sid = peer.call(1)
    peer.send(message(ICCN, avp(24, b"115200"), avp(19, u32(1)), avp(38, b"53333", False)), sid)
    daemon.await_log("transmit baud rate is 115200")
    daemon.await_log("receive baud rate is 53333")
    assert peer.hello()
    peer.close()


def test_malformed_avps_of_a_challenge(start):
    """A challenge of no octets proves nothing."""
    daemon = start(options=OPTIONS)
    peer = Peer(daemon)
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid), avp(11, b"")))
    assert peer.expect(STOPCCN).value(1)[:4] == u16(2) + u16(2)
    peer.close()


@pytest.mark.parametrize("more", [[], [avp(14, u16(0))]], ids=["absent", "zero"])
def test_icrp_without_session_id(start, more):
    """There is nobody to send an ICCN to: the call ends."""
    peer = Peer(None)
    start(sections="[lac far]\nlns = 127.0.0.1:%d\nautodial = yes\n" % peer.socket.getsockname()[1], options=OPTIONS, fake_pppd=True)
    peer.expect(SCCRQ)
    peer.send(message(SCCRP, *sccrq_avps(peer.tid)))
    peer.expect(SCCCN)
    sid = peer.expect(ICRQ).number(14)
    peer.send(message(ICRP, *more), sid)
    got = peer.receive()
    while got.type is None:
        got = peer.receive()
    assert got.type == CDN and got.value(1)[:4] == u16(2) + u16(5)
    assert peer.hello()
    peer.close()
