# SPDX-License-Identifier: GPL-2.0-or-later
"""Multilink bundles at the LNS (RFC 1990), with stock pppds at the LNS and on the client."""

import time

import pytest

import mlppp
import roles
import seed
from decode import Control
from labnet import Topology
from mlppp import LAC, LNS


def started(dialin, lac=LAC, lns=LNS, **more):
    return dialin(lac={"options": lac}, lns={"options": lns, **more})


def test_mlppp_forced(dialin):
    """MRRU and endpoint discriminator that the LAC negotiated are taken over, and make a bundle."""
    net = started(dialin)
    mlppp.add_line(net)
    clients, bundle = mlppp.dial_bundle(net)
    assert not mlppp.lns_requests(net)
    assert net.lns.log().count("LCP forced open") >= 2
    assert bundle["user"] == roles.USER and roles.USER in bundle["name"]
    assert (bundle["mrru"], bundle["peer_mrru"]) == (mlppp.MRRU, mlppp.MRRU)
    assert bundle["endpoint_peer"] in bundle["name"] and bundle["endpoint_local"].startswith("MAC:")
    assert len(net.lab.lns.interfaces("^ppp")) == 1
    mlppp.assert_large_packets(net)
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


@pytest.mark.ppp252
def test_mlppp_one_lac(dialin):
    """Two links through one LAC carry half each."""
    net = started(dialin)
    up, down = mlppp.add_line(net)
    clients, bundle = mlppp.dial_bundle(net)
    assert [(m["lac"], m["lac_ip"]) for m in bundle["members"]] == [("LAC", Topology.LAC)] * 2
    assert len({m["tunnel_id"] for m in bundle["members"]}) == 1
    assert [m["owner"] for m in bundle["members"]] == [True, False]
    mlppp.assert_large_packets(net)
    mlppp.assert_even(up, lambda: mlppp.upload(net, 2_000_000))
    mlppp.assert_even(down, lambda: mlppp.download(net, 2_000_000))
    table = net.lns.vpdnctl("show", "ppp", "multilink")
    assert bundle["interface"] in table and "owner" in table and Topology.LAC in table
    assert "0 active bundles" in net.lac.vpdnctl("show", "ppp", "multilink")
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


def test_mlppp_renegotiated(dialin):
    """A LAC that knows no multilink: the LNS negotiates MRRU itself, for each link."""
    net = started(dialin, lac="")
    mlppp.add_line(net)
    clients, bundle = mlppp.dial_bundle(net)
    assert len({request.session for request in mlppp.lns_requests(net)}) == 2
    net.lns.await_log("LCP negotiated again: .*(MRRU|multilink)")
    assert (bundle["mrru"], bundle["peer_mrru"]) == (mlppp.MRRU, mlppp.MRRU)
    mlppp.assert_large_packets(net)
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


@pytest.mark.parametrize("how", ["endpoint", "always"])
def test_mlppp_two_lacs(dialin, how):
    """Links through two LACs make one bundle: the LACs say the same endpoint, or the LNS its own."""
    lac = LAC + (mlppp.ENDPOINT if how == "endpoint" else "")
    lns = LNS + ("vpdn-lcp-renegotiation always\n" if how == "always" else "")
    net = dialin(lac={"options": lac}, lns={"options": lns, "changes": mlppp.ACCEPT_LAC2})
    lac2, up, down = mlppp.add_lac(net, lac)
    clients, bundle = mlppp.dial_bundle(net)
    assert [(m["lac"], m["lac_ip"]) for m in bundle["members"]] == \
        [("LAC", Topology.LAC), ("LAC2", mlppp.LAC2)]
    assert len({m["tunnel_id"] for m in bundle["members"]}) == 2
    assert bool(mlppp.lns_requests(net)) == (how == "always")
    assert roles.USER in lac2.vpdnctl("show", "session")
    mlppp.assert_large_packets(net)
    mlppp.assert_even(up, lambda: mlppp.upload(net, 1_000_000))
    mlppp.assert_even(down, lambda: mlppp.download(net, 1_000_000))
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


def test_mlppp_delays(dialin):
    """TCP over links of 20 and 60 ms does not stall, and nothing arrives damaged."""
    net = started(dialin)
    up, down = mlppp.add_line(net)
    clients, _ = mlppp.dial_bundle(net)
    for ends in (up, down):
        mlppp.queue(ends, "netem delay 20ms", "netem delay 60ms")
    stream = mlppp.Stream(net, 200_000)
    stream.await_progress(1_000_000)
    stream.finish()
    mlppp.queue(up)
    mlppp.queue(down)
    mlppp.stop_all(net, clients)


def test_mlppp_throughput(dialin):
    """Two shaped links carry at least 1.6 times what one of them does."""
    net = started(dialin)
    up, _ = mlppp.add_line(net)
    shape = "tbf rate 2mbit burst 8kb latency 500ms"
    clients = [mlppp.dial(net)]
    net.lab.client.ping(roles.POOL_LOCAL)
    mlppp.queue(up, shape, shape)
    one = mlppp.upload(net, 1_000_000)
    clients.append(mlppp.dial(net, "eth1"))
    mlppp.await_links(net, 2)
    clients[1].await_line("Link attached to ppp0")
    two = mlppp.upload(net, 1_000_000)
    assert one / two >= 1.6, f"one link {one:.1f} s, two links {two:.1f} s"
    mlppp.stop_all(net, clients)


def test_mlppp_add_drop(dialin):
    """A link comes and goes while TCP runs; its address is free again at once."""
    net = started(dialin)
    mlppp.add_line(net)
    clients = [mlppp.dial(net)]
    net.lab.client.ping(roles.POOL_LOCAL)
    owner, = mlppp.await_links(net, 1)["members"]
    stream = mlppp.Stream(net, 200_000)
    for _ in range(2):
        stream.await_progress()
        link = mlppp.dial(net, "eth1")
        mlppp.await_links(net, 2)
        stream.await_progress()
        mlppp.hang_up(link)
        left, = mlppp.await_links(net, 1)["members"]
        assert left["id"] == owner["id"]
        link.wait()
    stream.await_progress()
    stream.finish()
    assert net.core.packets(Control, message="CDN")
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


@pytest.mark.parametrize("how", ["clear", "hangup", "carrier"])
def test_mlppp_master_loss(dialin, how):
    """The link whose pppd owns the bundle is lost first: its call ends, the bundle goes on."""
    net = started(dialin)
    mlppp.add_line(net)
    clients, bundle = mlppp.dial_bundle(net)
    first, second = bundle["members"]
    assert first["owner"]
    stream = mlppp.Stream(net, 200_000)
    stream.await_progress()
    if how == "clear":
        net.lns.vpdnctl("clear", "session", str(first["id"]))
    elif how == "hangup":
        mlppp.hang_up(clients[0])
    else:
        lac_call = min(session["id"] for session in net.lac.show("session")["sessions"])
        net.lac.vpdnctl("clear", "session", str(lac_call))
    bundle = mlppp.await_links(net, 1)
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == (Topology.LAC if how == "carrier" else Topology.LNS)
    assert bundle["members"][0]["id"] == second["id"]
    stream.await_progress()
    assert "bundle only" in net.lns.vpdnctl("show", "session")
    # Longer than a pppd that is told to leave may take.
    time.sleep(16)
    stream.await_progress()
    # The place of the first link is taken again, and its address was not given to another.
    clients.append(mlppp.dial(net))
    mlppp.await_links(net, 2)
    stream.await_progress()
    stream.finish()
    assert bundle["remote_ip"] == roles.POOL_FIRST
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


def test_mlppp_mixed(dialin):
    """One link is taken over as it is, another one's LCP negotiated again: one bundle."""
    net = dialin(lac={"options": LAC + mlppp.ENDPOINT},
                 lns={"options": LNS + mlppp.ENDPOINT + "vpdn-lcp-renegotiation never\n",
                      "changes": mlppp.group_of_lac2("corp2")})
    corp = net.lab.lns.read("/etc/ppp/vpdn/corp")
    net.lab.lns.write("/etc/ppp/vpdn/corp2", corp + "vpdn-lcp-renegotiation on-mismatch\n")
    roles.start_unit(net.lab.lns, "vpdn-ppp@", "corp2")
    mlppp.add_lac(net, "")
    clients, bundle = mlppp.dial_bundle(net)
    assert [m["lac"] for m in bundle["members"]] == ["LAC", "LAC2"]
    assert not mlppp.lns_requests(net)
    net.lns.await_log("LCP forced open")
    net.lns.await_log("LCP negotiated again")
    mlppp.assert_large_packets(net)
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


def test_seed_mlppp(lab):
    """A published example of MLPPP over VPDN, with the same numbers and the same packets."""
    lns, lac = seed.start(lab)
    access, core = lab.client.capture("eth0", "access", "pppoed or pppoes"), lab.lac.capture("eth0", "core", "udp port 1701")
    line, client = seed.dial(lab)
    for what, truth in seed.facts(lns, client, access, core):
        assert truth, what
    client.ping(seed.LOOPBACK)
    assert "0 active bundles" in lac.vpdnctl("show", "ppp", "multilink")
    assert seed.USER in lns.vpdnctl("show", "ppp", "multilink")
    client.hang_up(padt=False)
    line.run(lambda: client.state == "closed", "the client's end")
    lab.lns.await_interfaces("^ppp", 0)
    line.close()
