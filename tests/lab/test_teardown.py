# SPDX-License-Identifier: GPL-2.0-or-later
"""The end of a forwarded session from each side, and of an empty tunnel."""

import pytest

import roles
from decode import Control, Discovery, Ppp
from labnet import Topology
from subscriber import Access

ADDRESS = roles.POOL_LOCAL


@pytest.fixture
def call(dialin):
    """A forwarded subscriber that is up: (net, access, subscriber)."""
    net = dialin()
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    alice.dial()
    access.run(lambda: alice.state == "up", "alice up")
    alice.ping(ADDRESS)
    yield net, access, alice
    access.close()


def disconnect_cause(message):
    """(code, protocol, direction) of AVP 46, RFC 3145."""
    value = message.value(46)
    return int.from_bytes(value[:2], "big"), int.from_bytes(value[2:4], "big"), value[4]


def session_id(role):
    """What vpdnctl calls the only session of a role."""
    session, = role.show("session")["sessions"]
    return str(session["id"])


@pytest.mark.ppp252
def test_teardown_from_subscriber(call):
    """PADT: CDN with result 1 'loss of carrier'; the LNS frees the call."""
    net, _, alice = call
    alice.hang_up(padt=True)
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LAC and cdn.result()[0] == 1
    stop = net.core.await_packet(Control, message="StopCCN")
    assert stop.src == Topology.LAC and stop.result()[0] == 1
    net.assert_nothing_left()
    net.lns.await_log("carrier")


@pytest.mark.ppp252
def test_teardown_from_subscriber_terminate(call):
    """LCP Terminate-Request: the LNS acknowledges, CDN carries the cause, PADT follows."""
    net, access, alice = call
    alice.hang_up(padt=False)
    access.run(lambda: alice.state == "closed", "Terminate-Ack")
    assert net.core.await_packet(Ppp, protocol="LCP", code="TermAck").src == Topology.LNS
    cdn = net.core.await_packet(Control, message="CDN", timeout=3)
    assert cdn.src == Topology.LNS and cdn.result()[0] == 3
    assert disconnect_cause(cdn)[0] == 3
    padt = net.access.await_packet(Discovery, name="PADT", timeout=3)
    assert padt.src == Topology.LAC_MAC
    net.core.await_packet(Control, message="StopCCN")
    net.assert_nothing_left()


@pytest.mark.ppp252
def test_teardown_from_lac(call):
    """vpdnctl clear session at the LAC: CDN to the LNS, PADT to the subscriber."""
    net, access, alice = call
    net.lac.vpdnctl("clear", "session", session_id(net.lac))
    access.run(lambda: alice.state == "closed", "PADT")
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LAC and cdn.result()[0] == 3
    net.core.await_packet(Control, message="StopCCN")
    net.assert_nothing_left()


def test_teardown_from_lac_pppoe_server(call):
    """pppoe-server stopped: its subscribers get a PADT, the LNS a CDN."""
    net, access, alice = call
    assert net.lac.pppoe.stop() in (0, 1, -15)
    access.run(lambda: alice.state == "closed", "PADT")
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LAC and cdn.result()[0] == 1
    net.lab.lns.await_interfaces("^ppp", 0)


@pytest.mark.ppp252
def test_teardown_from_lns(call):
    """vpdnctl clear session at the LNS: LCP Terminate, CDN, PADT."""
    net, access, alice = call
    net.lns.vpdnctl("clear", "session", session_id(net.lns))
    access.run(lambda: alice.state == "closed", "Terminate-Request")
    term = net.access.await_packet(Ppp, protocol="LCP", code="TermReq")
    assert term.src == Topology.LAC_MAC
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LNS and cdn.result()[0] == 3
    net.access.await_packet(Discovery, name="PADT")
    net.core.await_packet(Control, message="StopCCN")
    net.assert_nothing_left()


def test_teardown_from_lns_tunnel(call):
    """StopCCN from the LNS: PADT for every session of the tunnel."""
    net, access, alice = call
    tunnel, = net.lns.show("tunnel")["tunnels"]
    net.lns.vpdnctl("clear", "tunnel", str(tunnel["id"]))
    access.run(lambda: alice.state == "closed", "PADT or Terminate-Request")
    stop = net.core.await_packet(Control, message="StopCCN")
    assert stop.src == Topology.LNS
    net.access.await_packet(Discovery, name="PADT")
    net.assert_nothing_left()


def test_teardown_lns_vanishes(dialin):
    """A LNS that stops answering: HELLO finds out, and the subscriber gets a PADT."""
    net = dialin(lac={"settings": "hello = 2"})
    client = roles.dial(net.lab)
    net.lab.client.ping(ADDRESS)
    net.core.await_packet(Control, message="HELLO", timeout=10)
    net.lab.lns.ip("link set eth0 down")
    net.access.await_packet(Discovery, name="PADT", timeout=60)
    client.wait()


@pytest.mark.parametrize("side", ["lac", "lns"])
def test_tunnel_idle(dialin, side):
    """The last session starts the idle timer; then StopCCN result 1, and not before."""
    seconds = 3
    long, short = "idle-timeout = 100", f"idle-timeout = {seconds}"
    net = dialin(lac={"changes": {roles.IDLE_LAC: short if side == "lac" else long}},
                 lns={"changes": {roles.IDLE_LNS: short if side == "lns" else long}})
    access = Access(net.lab.client)
    for _ in range(2):
        alice = access.add(roles.USER, roles.PASSWORD)
        alice.dial()
        access.run(lambda alice=alice: alice.state == "up", "alice up")
        alice.hang_up()
        net.lab.lns.await_interfaces("^ppp", 0)
    stop = net.core.await_packet(Control, message="StopCCN")
    last = net.core.packets(Control, message="CDN")[-1]
    assert len(net.core.packets(Control, message="SCCRQ")) == 1
    assert stop.src == {"lac": Topology.LAC, "lns": Topology.LNS}[side]
    assert stop.result()[0] == 1
    assert seconds - 0.3 < stop.time - last.time < seconds + 2
    net.assert_nothing_left()
    access.close()
