# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial-out with LACs and LNSs that are not ours: what RFC 2661 lets them do, and what some do nevertheless."""

import struct

import pytest

import dialout
import leaks
import modem
import roles
from dialout import (EXIT_BUSY, EXIT_NO_CARRIER, EXIT_NO_RESOURCES, EXIT_REFUSED, EXIT_TIMEOUT, EXIT_UNREACHABLE, LNS_ADDRESS, NUMBER,
                     PASSWORD, PEER, REMOTE_ADDRESS, REMOTE_NAME, number_of)
from peer import CDN, OCCN, OCRP, OCRQ, SLI, STOPCCN, TUNNEL, WEN, Peer, avp, u16, u32
from subscriber import LCP
from waiting import await_condition

SECRET = roles.TUNNEL_SECRET.encode()
SPEED, FRAMING = avp(24, u32(64000)), avp(19, u32(1))


def stop_tunnel(peer):
    """The peer closes the tunnel, unless that has been done."""
    if peer.tunnel and not peer.found("StopCCN"):
        peer.say(STOPCCN, avp(1, u16(6)), avp(9, u16(TUNNEL)))


class ForeignLac:
    """A LAC of the test's own that our LNS asks to dial; remote2 is a Subscriber, which our LNS authenticates."""

    def __init__(self, lab):
        self.lab = lab
        self.lns = dialout.start_lns(lab, settings="connect-timeout = 3", idle=3,
                                     peer=PEER.replace("noauth", "auth\nrequire-chap") + "lcp-max-configure 3\n")
        lab.lns.write("/etc/ppp/chap-secrets", f'"{REMOTE_NAME}" "LNS" "{PASSWORD}" {REMOTE_ADDRESS}\n')
        self.before = leaks.count(lab.lns, self.lns.daemons())
        self.peer = Peer(lab.lac, lab.LAC, lab.LNS, secret=SECRET)

    def asked(self):
        """pppd has called, and the OCRQ is here: (pppd, the call)."""
        caller = self.lab.lns.spawn("pppd", ["pppd", "call", "remote2", "nodetach"])
        caller.stopped = True
        if not self.peer.tunnel:
            self.peer.accept()
        count = len(self.peer.subscribers) + 1
        self.peer.run(lambda: len(self.peer.found("OCRQ")) == count, "OCRQ")
        call = self.peer.add(count, self.peer.found("OCRQ")[-1], REMOTE_NAME, PASSWORD)
        call.state = "lcp"
        return caller, call

    def finish(self):
        """The tunnel goes, and with it all that the LNS has for it."""
        stop_tunnel(self.peer)
        leaks.await_same(self.before)

    def assert_up(self, call):
        call.await_up("remote2 up")
        assert call.address == REMOTE_ADDRESS
        call.ping(LNS_ADDRESS)


@pytest.fixture
def lac(lab):
    foreign = ForeignLac(lab)
    yield foreign
    try:
        foreign.finish()
    finally:
        foreign.peer.close()


def number(call):
    return avp(14, u16(call.session))


def test_foreign_lac_minimal(lac):
    """Only what must be in OCRP and OCCN; the LNS opens PPP actively, then a CDN ends it."""
    caller, call = lac.asked()
    call.say(OCRP, number(call))
    call.say(OCCN, SPEED, FRAMING)
    lac.peer.run(call.negotiated, "the LNS's Configure-Request")
    call.request(LCP)
    lac.assert_up(call)
    call.say(CDN, avp(1, u16(1)), number(call))
    lac.peer.run(lambda: not caller.running(), "pppd's end")
    lac.peer.run(lambda: lac.peer.found("StopCCN"), "the idle tunnel's end")


def test_foreign_lac_burst(lac):
    """OCRP, OCCN and remote2's first Configure-Request in one burst: the call is up.

    The frame is there before the session can be; remote2 sends it again.
    """
    _, call = lac.asked()
    call.say(OCRP, number(call))
    call.say(OCCN, SPEED, FRAMING)
    call.request(LCP)
    lac.assert_up(call)


def test_foreign_lac_early_frame(lac):
    """A frame between OCRP and OCCN waits in the session."""
    _, call = lac.asked()
    call.say(OCRP, number(call))
    lac.peer.run_for(0.3)
    call.request(LCP)
    lac.peer.run_for(0.3)
    call.say(OCCN, SPEED, FRAMING)
    lac.assert_up(call)
    assert call.retransmissions == 0


def test_foreign_lac_talkative(lac):
    """AVPs that may come, unknown ones and other vendors'; WEN is accepted, and counted."""
    _, call = lac.asked()
    odd = [avp(3000, b"?", 0), avp(2, b"xx", 0, vendor=9)]
    call.say(OCRP, number(call), avp(25, u32(7)), *odd)
    call.say(OCCN, SPEED, FRAMING, avp(38, u32(32000), 0), *odd)
    call.say(WEN, avp(34, struct.pack("!H6I", 0, 1, 2, 3, 4, 5, 6)))
    call.request(LCP)
    lac.assert_up(call)
    session, = lac.lns.show("session")["sessions"]
    assert (session["speed_bps"], session["framing"]) == (64000, "synchronous")
    detail, = lac.lns.show("session", str(session["id"]))["sessions"]
    assert list(detail["wan_errors"].values()) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("wanted", [False, True], ids=["plain", "required"])
def test_foreign_lac_sequencing(lac, wanted):
    """Sequencing Required in the OCCN (RFC 2661 section 4.4.4): all data has sequence numbers, the LNS's too; else it has none."""
    _, call = lac.asked()
    call.data_ns = 0 if wanted else None
    call.say(OCRP, number(call))
    call.say(OCCN, SPEED, FRAMING, *([avp(39, b"")] if wanted else []))
    lac.peer.run(call.negotiated, "the LNS's Configure-Request")
    call.request(LCP)
    lac.assert_up(call)
    assert set(lac.peer.sequenced) == {wanted}


# A CDN before the OCRP: what pppd logs of it, its AVPs, pppd's exit status.
REFUSALS = (
    ("busy", [avp(1, u16(8)), avp(12, struct.pack("!HB", 17, 0))], EXIT_BUSY),
    ("cause 17", [avp(1, u16(1)), avp(12, struct.pack("!HB", 17, 0))], EXIT_BUSY),
    ("no carrier", [avp(1, u16(7))], EXIT_NO_CARRIER),
    ("result 4", [avp(1, u16(4))], EXIT_NO_RESOURCES),
    ("not for you", [avp(1, u16(3) + u16(0) + b"not for you")], EXIT_REFUSED),
    ("result 77", [avp(1, u16(77))], EXIT_REFUSED),
)


def test_foreign_lac_refuses(lac):
    """CDN before OCRP, with and without an id of the LAC's own; the tunnel stays for the next call."""
    for assigned, (words, avps, status) in enumerate(REFUSALS):
        caller, call = lac.asked()
        call.say(CDN, *avps, avp(14, u16(assigned)))
        lac.peer.run(lambda c=caller: not c.running(), "pppd's end")
        assert caller.wait() == status, words
        caller.await_line(words)
    assert not lac.peer.found("StopCCN")


def test_foreign_lac_session_zero(lac):
    """A CDN after the OCRP with session id 0 in its header ends the call that its AVP names."""
    caller, call = lac.asked()
    call.say(OCRP, number(call))
    lac.peer.say(CDN, avp(1, u16(10)), avp(12, struct.pack("!HB", 19, 0)), number(call))
    lac.peer.run(lambda: not caller.running(), "pppd's end")
    assert caller.wait() == dialout.EXIT_NO_ANSWER


@pytest.mark.parametrize("how", ["silent", "stops"])
def test_foreign_lac_gone(lac, how):
    """A LAC that takes the OCRQ and says nothing more, or closes the tunnel: no pppd hangs."""
    caller, _ = lac.asked()
    if how == "stops":
        stop_tunnel(lac.peer)
    lac.peer.run(lambda: not caller.running(), "pppd's end", 15)
    assert caller.wait() == (EXIT_UNREACHABLE if how == "stops" else EXIT_TIMEOUT)
    if how == "silent":
        assert lac.peer.found("CDN"), "the LAC is not told"


class ForeignLns:
    """An LNS of the test's own that asks our LAC to dial remote2, a stock pppd behind the modem."""

    def __init__(self, lab):
        dialout.write_remote(lab)
        lab.secrets.add(PASSWORD)
        self.remote = modem.Remote(lab.client, dialout.REMOTE_OPTIONS)
        self.modem = modem.Modem(f"{dialout.MODEM}0", {NUMBER: self.remote, "6122": modem.SILENCE})
        self.lac = dialout.start_lac(lab)
        self.before = leaks.count(lab.lac, self.lac.daemons())
        self.peer = Peer(lab.lns, lab.LNS, lab.LAC, name="LNS", secret=SECRET)
        self.peer.open()

    def ask(self, *more, number_=NUMBER, least=1, most=0xffffffff):
        """Send an OCRQ; returns our session id."""
        session = len(self.peer.found("OCRP")) + len(self.peer.found("CDN")) + 1
        called = [avp(21, number_.encode())] if number_ else []
        self.peer.say(OCRQ, avp(14, u16(session)), avp(15, u32(session)), avp(16, u32(least)), avp(17, u32(most)),
                      avp(18, u32(3)), avp(19, u32(3)), *called, *more)
        return session

    def connected(self, *more):
        """A call that is up, with PPP."""
        session = self.ask(*more)
        call = self.peer.add(session, self.peer.await_message("OCRP", session), "LNS", PASSWORD)
        call.state = "lcp"
        occn = self.peer.await_message("OCCN", session)
        assert number_of(occn.value(24)) == 33600 and number_of(occn.value(19)) == 2
        call.request(LCP)
        call.await_up("up")
        call.ping(REMOTE_ADDRESS)
        return call

    def finish(self):
        """The tunnel goes, and with it all that the LAC has for it; the modem is on hook."""
        stop_tunnel(self.peer)
        leaks.await_same(self.before)
        await_condition(lambda: self.modem.state == "idle" and not self.modem.open, lambda: f"the modem to hang up: {self.modem.events}")

    def assert_refused(self, session, result):
        cdn = self.peer.await_message("CDN", session)
        assert cdn.result()[0] == result and cdn.result()[2], str(cdn)
        return cdn


@pytest.fixture
def lns(lab):
    foreign = ForeignLns(lab)
    yield foreign
    try:
        foreign.finish()
    finally:
        foreign.peer.close()
        foreign.modem.close()


def test_foreign_lns(lns):
    """Unknown optional AVPs, a sub-address, a vendor's AVP; SLI is taken; its CDN hangs the modem up."""
    call = lns.connected(avp(3000, b"?", 0), avp(23, b"basement"), avp(2, b"xx", 0, vendor=9))
    call.say(SLI, avp(35, u16(0) + u32(0) + u32(0)))
    call.ping(REMOTE_ADDRESS)
    call.say(CDN, avp(1, u16(3)), avp(14, u16(call.session)))
    lns.modem.await_event("hung up")
    lns.peer.run(lambda: lns.peer.found("StopCCN"), "the idle tunnel's end")


def test_foreign_lns_repeats(lns):
    """A retransmitted OCRQ dials once."""
    lns.ask(number_="6122")
    lns.peer.ns -= 1
    lns.ask(number_="6122")
    lns.modem.await_event("ATDT6122")
    lns.peer.run_for(0.5)
    assert len(lns.peer.found("OCRP")) == 1 and not lns.peer.found("CDN")


def test_foreign_lns_wrong_ocrq(lns):
    """No Called Number, an unknown AVP with M=1, a speed that the line does not have: that call ends, not the tunnel."""
    lns.assert_refused(lns.ask(number_=None), 6)
    session = lns.ask(avp(3000, b"?"))
    assert lns.peer.await_message("CDN", session).result()[:2] == (2, 8)
    lns.assert_refused(lns.ask(most=9600), 4)
    assert not [m for m in lns.peer.messages if m.message == "StopCCN"]
    lns.connected()


@pytest.mark.parametrize("how", ["cdn", "stopccn"])
def test_foreign_lns_cancels(lns, how):
    """CDN or StopCCN while the modem dials: it hangs up."""
    session = lns.ask(number_="6122")
    ocrp = lns.peer.await_message("OCRP", session)
    lns.modem.await_event("ATDT6122")
    if how == "cdn":
        lns.peer.say(CDN, avp(1, u16(3)), avp(14, u16(session)), session=number_of(ocrp.value(14)))
    else:
        stop_tunnel(lns.peer)
    lns.modem.await_event("hung up")
    await_condition(lambda: not lns.lac.show("session")["sessions"], "no call at the LAC")
