# SPDX-License-Identifier: GPL-2.0-or-later
"""Multilink bundles at the LNS (RFC 1990), with stock pppds at the LNS and on the client."""

import mlppp
import roles
from labnet import Topology
from mlppp import LAC, LNS


def started(dialin, lac=LAC, lns=LNS, **more):
    return dialin(lac={"options": lac}, lns={"options": lns, **more})


def test_mlppp_forced(dialin):
    """MRRU and endpoint discriminator that the LAC negotiated are taken over, and make a bundle."""
    net = started(dialin)
    mlppp.add_line(net)
    clients, bundle = mlppp.dial_bundle(net)
    assert not mlppp.lcp_requests(net, Topology.LNS)
    assert net.lns.log().count("LCP forced open") >= 2
    assert bundle["user"] == roles.USER and roles.USER in bundle["name"]
    assert (bundle["mrru"], bundle["peer_mrru"]) == (mlppp.MRRU, mlppp.MRRU)
    assert bundle["endpoint_peer"] in bundle["name"] and bundle["endpoint_local"].startswith("MAC:")
    assert len(net.lab.lns.interfaces("^ppp")) == 1
    mlppp.assert_large_packets(net)
    mlppp.stop_all(net, clients)
    net.assert_nothing_left()


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
