# SPDX-License-Identifier: GPL-2.0-or-later
"""What the LNS does with a proxied LCP: vpdn-lcp-renegotiation, and methods without a proxy type."""

import pytest

import roles
from decode import Control, Discovery, Ppp
from labnet import Topology

MISMATCH = "mtu 1400\nmru 1400\n"


def lns_requests(net):
    """LCP Configure-Requests of the LNS in the tunnel."""
    return net.core.packets(Ppp, protocol="LCP", code="ConfReq", src=Topology.LNS)


@pytest.mark.parametrize("policy,options,renegotiates", [
    ("on-mismatch", "", False), ("on-mismatch", MISMATCH, True),
    ("always", "", True), ("never", "", False)])
def test_lcp_policy(dialin, policy, options, renegotiates):
    """The call comes up, with or without a new negotiation as the policy says."""
    net = dialin(lns={"options": f"{options}vpdn-lcp-renegotiation {policy}\n"})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    assert bool(lns_requests(net)) == renegotiates
    # A proxied credential is used only with the LCP it came with.
    challenges = net.core.packets(Ppp, protocol="CHAP", code="Challenge", src=Topology.LNS)
    assert bool(challenges) == renegotiates


def test_lcp_policy_never_mismatch(dialin):
    """never: a LCP that does not suit ends the call, with the cause in CDN and log."""
    net = dialin(lns={"options": MISMATCH + "vpdn-lcp-renegotiation never\n"})
    client = roles.dial(net.lab)
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LNS and not lns_requests(net)
    net.lns.await_log("lcp.*(suit|mismatch|mru)")
    net.access.await_packet(Discovery, name="PADT")
    client.wait()
    net.assert_nothing_left()


def test_dialin_mschapv2(dialin):
    """MS-CHAPv2 is carried in an AVP of our own and judged at the LNS, which sends no challenge."""
    method = {"options": "require-mschap-v2\n"}
    net = dialin(lac=dict(method), lns=dict(method))
    roles.dial(net.lab, options=["refuse-chap", "refuse-pap", "refuse-mschap", "refuse-eap"])
    net.lab.client.ping(roles.POOL_LOCAL)
    iccn, = net.core.packets(Control, message="ICCN")
    assert iccn.value(27) and iccn.value(28)
    assert iccn.value(29) is None and iccn.value(31) and iccn.value(33)
    assert not net.core.packets(Ppp, protocol="CHAP", code="Challenge", src=Topology.LNS)
