# SPDX-License-Identifier: GPL-2.0-or-later
"""Our LNS and LACs that are not ours: what other implementations are known to send."""

import struct

import pytest

import decode
import roles
from peer import CDN, MANDATORY, Peer, avp, u16
from subscriber import LCP


@pytest.fixture
def lac(lab):
    """A tunnel of a foreign LAC to the LNS of the samples: (peer, lns role)."""
    lns = roles.start_lns(lab)
    peer = Peer(lab.lac, lab.LAC, lab.LNS, secret=roles.TUNNEL_SECRET.encode())
    peer.open()
    yield peer, lns
    peer.close()


def place(peer, more=()):
    return peer.call(roles.USER, roles.PASSWORD, more)


def take_over(call, flags=0):
    """The ICCN of a LAC that has proxied everything: the subscriber has no more to say until it is spoken to."""
    call.connect(*call.proxy_lcp(flags=flags), *call.proxy_auth(flags), state="auth")
    return call


@pytest.mark.parametrize("flags", [0, MANDATORY])
def test_interop_take_over(lac, flags):
    """Proxy AVPs with either M bit are used: the Success has the proxied id, no LCP is sent."""
    peer, _ = lac
    call = take_over(place(peer), flags)
    call.await_up("taken over")
    assert call.packets("received", "CHAP")[0].id == 77
    assert not call.negotiated()


# LCP options that our pppd neither sends nor acknowledges; an endpoint alone it does.
MRRU, ENDPOINT, CALLBACK, ODD = (17, u16(1500)), (19, b"\1abc"), (13, b"\6"), (200, b"odd")


@pytest.mark.parametrize("which,option", [
    ("sent", MRRU), ("sent", ENDPOINT), ("sent", CALLBACK), ("sent", ODD),
    ("received", MRRU), ("received", CALLBACK), ("received", ODD)])
def test_interop_unknown_lcp_option(lac, which, option):
    """An option in AVP 27 or 28 that we do not have makes a mismatch, never the end of the call."""
    peer, _ = lac
    call = place(peer)
    call.connect(*call.proxy_lcp(**{f"{which}_more": [option]}), *call.proxy_auth(), state="auth")
    call.await_up("negotiated again")
    assert call.negotiated()


def test_interop_auth_without_lcp(lac):
    """AVPs 29-33 without 26-28: the LNS negotiates and authenticates afresh."""
    peer, _ = lac
    call = place(peer)
    call.connect(*call.proxy_auth())
    call.request(LCP)
    call.await_up("negotiated")
    assert call.packets("received", "CHAP")[0].code == "Challenge"


def test_interop_no_proxy(lac):
    """No proxy AVP at all."""
    peer, _ = lac
    call = place(peer)
    call.connect()
    call.request(LCP)
    call.await_up("negotiated")


def test_interop_garbage_proxy_lcp(lac):
    """A proxied LCP that is no list of options is as good as none."""
    peer, _ = lac
    call = place(peer)
    call.connect(avp(26, b"\1", 0), avp(27, b"\1\0\5\1", 0), avp(28, b"\xff\xff\1", 0), *call.proxy_auth(),
                 state="auth")
    call.await_up("negotiated again")


def test_interop_no_address_field(lac):
    """A LAC that sends frames without FF 03."""
    peer, _ = lac
    call = place(peer)
    call.framing = b""
    take_over(call).await_up("taken over")


def test_interop_early_frames(lac):
    """A frame that comes before the ICCN is queued, not lost: one ConfReq is enough."""
    peer, _ = lac
    call = place(peer)
    call.state = "lcp"
    call.request(LCP)
    call.connect()
    call.await_up("negotiated")
    assert call.retransmissions == 0


@pytest.mark.parametrize("wanted", [False, True], ids=["plain", "required"])
def test_interop_sequencing(lac, wanted):
    """Sequencing Required in the ICCN (RFC 2661 section 4.4.4): all data has sequence numbers, the LNS's too; else it has none."""
    peer, _ = lac
    call = place(peer)
    call.data_ns = 0 if wanted else None
    call.connect(*([avp(39, b"")] if wanted else []))
    call.request(LCP)
    call.await_up("negotiated")
    assert set(peer.sequenced) == {wanted}


def test_interop_speeds_and_vendors(lac):
    """Known but unused AVPs, unknown AVPs with M=0 and other vendors' do not matter."""
    peer, _ = lac
    more = [avp(18, struct.pack("!I", 1)), avp(25, bytes(4)), avp(23, b"sub"), avp(21, b"614629"),
            avp(22, b"02:00:00:00:00:01"), avp(3000, b"?", 0), avp(2, b"xx", 0, vendor=9),
            avp(1, b"circuit", 0, vendor=3561)]
    call = place(peer, more=more)
    assert call.answer.message == "ICRP"
    call.connect(avp(38, struct.pack("!I", 10_000_000)), avp(37, u16(1), 0), avp(100, b"eth", 0, vendor=9),
                 *call.proxy_lcp(), *call.proxy_auth(), state="auth")
    call.await_up("taken over")


def test_interop_unknown_mandatory_avp(lac):
    """An unknown AVP with M=1 ends that call, not the tunnel (RFC 2661 4.1)."""
    peer, _ = lac
    refused = place(peer, more=[avp(3000, b"?")])
    assert refused.answer.message == "CDN"
    take_over(place(peer)).await_up("taken over")


def test_interop_wrong_credential(lac):
    """A wrong proxied response: Failure with its id, CDN result 3, and the tunnel stays."""
    peer, lns = lac
    call = place(peer)
    call.password = "guess"
    take_over(call)
    cdn = peer.await_message("CDN")
    assert cdn.result()[0] == 3
    failure, = call.packets("received", "CHAP")
    assert (failure.code, failure.id) == ("Failure", 77)
    take_over(place(peer)).await_up("taken over")
    assert "guess" not in lns.log()


def test_interop_cdn_without_session(lac):
    """A CDN with session id 0 in the header and the id in the AVP ends the call."""
    peer, lns = lac
    call = take_over(place(peer))
    call.await_up("taken over")
    peer.say(CDN, avp(1, u16(1)), avp(14, u16(call.session)))
    lns.node.await_interfaces("^ppp", 0)


def test_interop_repeated_messages(lac):
    """Retransmitted and out-of-order control messages do nothing twice."""
    peer, lns = lac
    call = take_over(place(peer))
    peer.ns -= 1
    take_over(call).await_up("taken over")
    assert len(lns.node.interfaces("^ppp")) == 1
    assert isinstance(peer.messages[-1], decode.Control)
