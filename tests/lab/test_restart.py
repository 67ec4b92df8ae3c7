# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon dies or is started again: every session ends with a reason or goes on, never hangs."""

import os
import signal

import pytest

import roles
from decode import Control, Discovery
from labnet import Topology
from subscriber import Access
from waiting import await_condition

ADDRESS = roles.POOL_LOCAL


@pytest.fixture
def call(dialin):
    """A forwarded subscriber that is up: (net, access, subscriber)."""
    net = dialin()
    access = Access(net.lab.client)
    yield net, access, dial(access)
    access.close()


def dial(access, state="up"):
    """A new subscriber, brought to a state."""
    subscriber = access.add(roles.USER, roles.PASSWORD)
    subscriber.dial()
    access.run(lambda: subscriber.state == state, f"{subscriber.user} {state}", 40)
    if state == "up":
        subscriber.ping(ADDRESS)
    return subscriber


def test_restart_lac_xl2tpd(call):
    """xl2tpd killed at the LAC: PADT; refused with a reason until it is back."""
    net, access, alice = call
    net.lac.xl2tpd.stop(signal.SIGKILL)
    access.run(lambda: alice.state == "closed", "PADT")
    net.lac.await_log("xl2tpd has gone")
    refused = dial(access, "closed")
    assert refused.error
    net.lac.await_log("refused.*xl2tpd")
    net.lac.start_xl2tpd()
    await_condition(lambda: net.lac.vpdnd.count("xl2tpd is connected") == 2, "xl2tpd connected again")
    dial(access).hang_up()


def test_restart_lac_vpdnd(call):
    """vpdnd killed at the LAC: its sessions end on both sides, and it starts anew."""
    net, access, alice = call
    net.lac.vpdnd.stop(signal.SIGKILL)
    access.run(lambda: alice.state == "closed", "PADT")
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LAC
    net.lab.lns.await_interfaces("^ppp", 0)
    net.lac.start_vpdnd()
    net.lac.vpdnd.await_line("xl2tpd is connected")
    assert not net.lac.show("session")["sessions"]
    dial(access).hang_up()


def test_restart_lac_vpdnd_stopped(call):
    """vpdnd stopped in good order: CDN with a text to the LNS, PADT to the subscriber."""
    net, access, alice = call
    assert net.lac.vpdnd.stop() == 0
    access.run(lambda: alice.state == "closed", "PADT")
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LAC and cdn.result()[2]


def test_restart_lns_vpdnd(call):
    """vpdnd killed and started again at the LNS: calls and tunnels stay and are shown again."""
    net, access, alice = call
    before = net.lns.show("session")["sessions"][0]
    net.lns.vpdnd.stop(signal.SIGKILL)
    alice.ping(ADDRESS)
    net.lns.start_vpdnd()
    net.lns.vpdnd.await_line("reported 1 tunnel.* 1 LNS call")
    after = net.lns.show("session")["sessions"][0]
    for key in ("user", "tunnel_id", "session_id", "peer_ip", "interface"):
        assert after[key] == before[key]
    carol = dial(access)
    assert carol.address != alice.address
    alice.ping(ADDRESS)


def test_restart_lns_xl2tpd(call):
    """xl2tpd stopped at the LNS: StopCCN, and the subscriber's session ends."""
    net, access, alice = call
    net.lns.xl2tpd.stop()
    stop = net.core.await_packet(Control, message="StopCCN")
    assert stop.src == Topology.LNS
    access.run(lambda: alice.state == "closed", "PADT")
    net.lab.lns.await_interfaces("^ppp", 0)


@pytest.mark.ppp252
def test_restart_lns_pppd_killed(call):
    """The LNS's pppd of one call is killed: CDN with an error text, PADT, the other call goes on."""
    net, access, alice = call
    bystander = dial(access)
    children = [pid for pid in net.lab.lns.pids("vpdn-template") if pid != net.lns.template.pid]
    victim = min(children)
    net.lab.lns.call(os.kill, victim, signal.SIGKILL)
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LNS and cdn.result()[:2] == (2, 6) and cdn.result()[2]
    access.run(lambda: "closed" in (alice.state, bystander.state), "PADT")
    survivor = bystander if alice.state == "closed" else alice
    survivor.ping(ADDRESS)


def test_lns_without_template(dialin):
    """No template at the LNS: CDN result 4 at once, PADT, one line that says why."""
    net = dialin()
    net.lns.template.stop()
    access = Access(net.lab.client)
    dial(access, "closed")
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LNS and cdn.result()[0] == 4
    net.access.await_packet(Discovery, name="PADT")
    net.lns.await_log("template.*corp")
    access.close()


def test_lns_pool_empty(dialin):
    """A pool of one address: the second call gets CDN result 4, and is served when it is free."""
    net = dialin(lns={"changes": {'last = "203.0.113.254"': 'last = "203.0.113.10"'}})
    access = Access(net.lab.client)
    first = dial(access)
    dial(access, "closed")
    assert net.core.await_packet(Control, message="CDN").result()[0] == 4
    first.ping(ADDRESS)
    first.hang_up()
    net.lab.lns.await_interfaces("^ppp", 0)
    second = dial(access)
    assert second.address == roles.POOL_FIRST
    access.close()
