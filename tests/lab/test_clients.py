# SPDX-License-Identifier: GPL-2.0-or-later
"""Subscribers that behave badly while the LNS negotiates LCP again: it converges."""

import pytest

import roles
from decode import Control, Ppp
from labnet import Topology
from subscriber import CHAP, CONF_ACK, CONF_REQ, ECHO_REQ, LCP, MAGIC, TERM_ACK, Access, Subscriber, options_of

# An MRU that the proxied LCP does not have: the LNS negotiates again.
MISMATCH = "mtu 1400\nmru 1400\n"


class AckOnly(Subscriber):
    """Acknowledges the LNS's requests, and begins anew only when a Terminate-Ack tells it to."""
    asked = False

    def renegotiate(self):
        if self.asked:
            super().renegotiate()

    def receive_lcp(self, code, identifier, data):
        if code == TERM_ACK:
            self.asked = True
            self.renegotiate()
        else:
            super().receive_lcp(code, identifier, data)


class Eager(Subscriber):
    """Negotiates again by itself as soon as its response is out, and again when the LNS does."""
    begun = False

    def receive_chap(self, code, identifier, data):
        super().receive_chap(code, identifier, data)
        if not self.begun:
            self.begun = True
            self.acked = set()
            self.state = "lcp"
            self.request(LCP)


class OldMagic(Subscriber):
    """Sends Echo-Requests with the magic number of the first negotiation during the second, and after it."""
    old = None

    def renegotiate(self):
        self.old = self.magic
        self.magic = b"new!"
        self.lcp_wants = [(kind, self.magic if kind == MAGIC else value) for kind, value in self.lcp_wants]
        self.echo()
        super().renegotiate()

    def echo(self):
        self.send_code(LCP, ECHO_REQ, 0x80, self.old)

    def receive_lcp(self, code, identifier, data):
        super().receive_lcp(code, identifier, data)
        if self.old and code in (CONF_REQ, CONF_ACK):
            self.echo()


class DupResponse(Subscriber):
    """Repeats every CHAP Response, and goes on repeating the first."""
    first = None

    def send_code(self, protocol, code, identifier, data=b"", again=False):
        super().send_code(protocol, code, identifier, data, again)
        if (protocol, code) == (CHAP, 2):
            self.first = self.first or (protocol, code, identifier, data)
            super().send_code(protocol, code, identifier, data)

    def repeat(self):
        if self.first:
            super().send_code(*self.first)


def lcp(net, code, src):
    return [p for p in net.core.packets(Ppp, protocol="LCP", code=code) if p.src == src]


def assert_opened(net):
    """In the tunnel, each side's last LCP request has been acknowledged by the other."""
    for one, other in ((Topology.LNS, Topology.LAC), (Topology.LAC, Topology.LNS)):
        request = lcp(net, "ConfReq", one)[-1]
        acks = [p for p in lcp(net, "ConfAck", other) if p.time > request.time and p.id == request.id]
        assert acks and acks[0].data == request.data, f"{request} was not acknowledged:\n{net.core.text()}"


def connect(net, kind):
    """A subscriber of that kind, up and with an address of the LNS's pool."""
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD, kind=kind, restart=1.0)
    alice.dial()

    def is_up():
        if kind is DupResponse:
            alice.repeat()
        return alice.state in ("up", "closed")

    access.run(is_up, "alice up")
    assert alice.state == "up", f"{alice}\n{net.core.text()}"
    assert alice.address.startswith("203.0.113.")
    alice.ping(roles.POOL_LOCAL)
    access.write_log()
    return access, alice


@pytest.mark.parametrize("how", ["as_proxied", "asked"])
def test_client_ack_only(dialin, how):
    """One that only acknowledges: its direction stays as proxied; where that does not suit, it is asked."""
    asked = how == "asked"
    net = dialin(lns={"options": MISMATCH + "lcp-restart 3\n" + ("nomagic\n" if asked else "")})
    access, alice = connect(net, AckOnly)
    assert alice.asked == asked
    requests = [dict(options_of(p.data)) for p in lcp(net, "ConfReq", Topology.LAC)]
    assert bool(requests) == asked
    if asked:
        assert_opened(net)
        assert MAGIC in requests[0] and MAGIC not in requests[-1]
    else:
        net.lns.await_log("its options stay as proxied")
    access.close()


def test_client_eager(dialin):
    """One that negotiates again while its call is being forwarded."""
    net = dialin(lns={"options": MISMATCH})
    access, alice = connect(net, Eager)
    assert_opened(net)
    assert alice.begun and not net.core.packets(Control, message="CDN")
    access.close()


def test_client_old_magic(dialin):
    """Echo-Requests with the old magic number neither end the call nor disturb the negotiation."""
    net = dialin(lns={"options": MISMATCH})
    access, alice = connect(net, OldMagic)
    echoes = [p for p in lcp(net, "EchoReq", Topology.LAC) if p.data[:4] == alice.old]
    assert alice.old and echoes and echoes[0].time < lcp(net, "ConfAck", Topology.LNS)[-1].time
    assert_opened(net)
    assert not lcp(net, "TermReq", Topology.LNS)
    access.run_for(0.3)
    alice.ping(roles.POOL_LOCAL)
    access.close()


@pytest.mark.parametrize("options", ["", MISMATCH], ids=["forced", "renegotiated"])
def test_client_dup_response(dialin, options):
    """Duplicates of the Response: one judgement, by the Response to the LNS's own challenge where it has asked again."""
    net = dialin(lns={"options": options})
    access, alice = connect(net, DupResponse)
    responses = alice.packets("sent", "CHAP", code="Response")
    first = responses[0]
    answers = alice.packets("received", "CHAP", code="Success")
    challenges = net.core.packets(Ppp, protocol="CHAP", code="Challenge", src=Topology.LNS)
    assert len([p for p in responses if p.id == first.id]) > 2
    assert not alice.packets("received", "CHAP", code="Failure")
    if options:
        assert_opened(net)
        assert challenges and {p.id for p in answers} == {challenges[-1].id}
        assert challenges[-1].id != first.id
    else:
        assert not challenges and {p.id for p in answers} == {first.id}
    access.close()
