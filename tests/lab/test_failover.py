# SPDX-License-Identifier: GPL-2.0-or-later
"""The first LNS does not take the call: the next one does, in time, by what the LAC has captured once.

The first LNS is scripted, the second is the real one; the subscriber is a stock pppd, which must notice nothing.
"""

import socket

import pytest

import leaks
import roles
from decode import Control, Discovery, Ppp
from labnet import Topology
from peer import Lns
from subscriber import Access

RESOURCES = 4                   # general error code, RFC 2661 section 4.4.2
SETTINGS = "connect-timeout = 3"
PROXY_LCP = (26, 27, 28)


def two_lns(dialin, settings=SETTINGS):
    """LAC and LNS, where another LNS, LNS2, is asked before that one."""
    return dialin(lac={"changes": {
        f'initiate-to "{Topology.LNS}" {{\n\t\tpriority = 1': f'initiate-to "{Topology.LNS2}" {{\n\t\tpriority = 1',
        '# initiate-to "192.0.2.3" { priority = 2 }': f'initiate-to "{Topology.LNS}" {{ priority = 2 }}',
        roles.IDLE_LAC: "idle-timeout = 1"}, "settings": settings})


@pytest.fixture
def first(lab):
    """make(...) puts a scripted LNS on LNS2; see peer.Lns."""
    made = []

    def make(**options):
        made.append(Lns(lab.lns2, Topology.LNS2, Topology.LAC, secret=roles.TUNNEL_SECRET.encode(), **options))
        return made[-1]
    yield make
    for lns in made:
        lns.close()


def assert_proxied(net, iccn):
    """The ICCN carries the subscriber's one LCP negotiation and CHAP exchange; returns its Response."""
    packets = net.access.packets(Ppp)
    response, = [p for p in packets if (p.protocol, p.code) == ("CHAP", "Response")]
    challenge = [p for p in packets if (p.protocol, p.code) == ("CHAP", "Challenge") and p.id == response.id][-1]
    size = response.data[0]
    assert iccn.value(30) == response.data[1 + size:] == roles.USER.encode()
    assert iccn.value(31) == challenge.data[1:1 + challenge.data[0]]
    assert iccn.value(32) == bytes((0, response.id))
    assert iccn.value(33) == response.data[1:1 + size]
    asked = {ours: [p.data for p in packets if (p.protocol, p.code) == ("LCP", "ConfReq") and
                    (p.src != Topology.CLIENT_MAC) == ours] for ours in (True, False)}
    assert [iccn.value(kind) for kind in PROXY_LCP] == [asked[False][0], asked[True][-1], asked[False][-1]]
    return response


def assert_taken_over(net, within):
    """The subscriber is up by the LNS, so many seconds after its one Response, and what the LNS was told is all its own."""
    net.lab.client.ping(roles.POOL_LOCAL)
    iccn, = net.core.packets(Control, message="ICCN")
    response = assert_proxied(net, iccn)
    success, = net.access.packets(Ppp, protocol="CHAP", code="Success")
    assert success.id == response.id
    assert success.time - response.time < within
    assert not net.access.packets(Ppp, protocol="CHAP", code="Failure")
    assert not [p for p in net.core.packets(Ppp, protocol="LCP") if p.code.startswith("Conf")]


def decided(net):
    """What the LAC tells of its choice for the only session."""
    session, = net.lac.show("session")["sessions"]
    return "\n".join(net.lac.show("session", str(session["id"]))["sessions"][0]["decisions"])


def test_failover_timeout(dialin, lab):
    """It says nothing at all: given up after connect-timeout."""
    net = two_lns(dialin)
    mute = lab.lns2.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute.bind((Topology.LNS2, 1701))
    client = roles.dial(lab)
    assert_taken_over(net, 3 + 2)
    assert Topology.LNS2 in decided(net)
    client.stop()
    net.assert_nothing_left()
    mute.close()


@pytest.mark.ppp252
def test_failover_stopccn(dialin, lab, first):
    """It refuses the tunnel: no time is lost."""
    net = two_lns(dialin)
    lns = first(tunnel=(2, RESOURCES))
    client = roles.dial(lab)
    assert_taken_over(net, 2)
    assert len(lns.found("SCCRQ")) == 1 and not lns.found("ICRQ")
    assert "result 2" in decided(net)
    client.stop()
    net.assert_nothing_left()


def test_failover_cdn_busy(dialin, lab, first):
    """It refuses the call for now: busy, short of facilities or of resources; each next call asks it again."""
    net = two_lns(dialin)
    lns = first(call=(4, 0))
    client = roles.dial(lab)
    assert_taken_over(net, 2)
    assert len(lns.found("ICRQ")) == 1 and not lns.found("ICCN")
    client.stop()
    access = Access(lab.client)
    for number, refused in enumerate(((5, 0), (7, 0), (2, RESOURCES)), 2):
        lns.refuse_call = refused
        alice = access.add(roles.USER, roles.PASSWORD)
        alice.dial()
        access.run(lambda alice=alice: alice.state == "up", f"up although CDN says {refused}")
        assert len(lns.found("ICRQ")) == number and not lns.found("ICCN")
        alice.hang_up()
    assert len(lns.found("SCCRQ")) == 1, "it was never taken for dead"
    net.assert_nothing_left()
    access.close()


@pytest.mark.ppp252
@pytest.mark.parametrize("how", ["CDN", "StopCCN"])
def test_failover_mid_setup(dialin, lab, first, how):
    """It takes the call and is gone before the subscriber is handed over to it: the subscriber is handed to the next one."""
    net = two_lns(dialin)
    lns = first(regret=how)
    client = roles.dial(lab)
    assert_taken_over(net, 2)
    assert len(lns.found("ICRQ")) == 1
    trace = decided(net)
    assert Topology.LNS2 in trace and Topology.LNS in trace
    client.stop()
    net.assert_nothing_left()


def refused(net):
    """A subscriber is turned away: (Response, Failure) as it saw them."""
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    alice.dial()
    access.run(lambda: alice.state == "closed", "alice refused")
    response, = net.access.packets(Ppp, protocol="CHAP", code="Response")
    failure, = net.access.packets(Ppp, protocol="CHAP", code="Failure")
    assert failure.id == response.id
    assert [p for p in net.access.packets(Ppp, protocol="LCP", code="TermReq")]
    net.access.await_packet(Discovery, name="PADT")
    access.close()
    return response, failure


def test_failover_not(dialin, first):
    """It refuses the subscriber, not the call: nobody else is asked."""
    net = two_lns(dialin)
    lns = first(call=(3, 0))
    refused(net)
    assert len(lns.found("ICRQ")) == 1
    assert not net.core.packets(Control)
    net.assert_nothing_left()


def test_failover_all_dead(dialin, lab, first):
    """Nobody takes it: a Failure to the Response, Terminate and PADT before the deadline, and the reasons in the log."""
    net = two_lns(dialin)
    first(tunnel=(2, RESOURCES))
    net.lns.xl2tpd.stop()
    response, failure = refused(net)
    assert failure.time - response.time < 3 + 2
    log = net.lac.await_log("refused: .*user=alice")
    assert Topology.LNS in log, "the last reason"
    assert Topology.LNS2 in net.lac.await_log(f"{Topology.LNS2}.*result 2")
    assert leaks.l2tp_counts(lab.lac) == (0, 0) and not lab.lac.interfaces("^ppp")
    net.lns.start_xl2tpd()
    # All are dead: they are tried nevertheless.
    client = roles.dial(lab)
    lab.client.ping(roles.POOL_LOCAL)
    client.stop()
