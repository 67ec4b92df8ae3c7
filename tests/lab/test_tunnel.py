# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnel authentication, and who may open a tunnel."""

import roles
from decode import Control, Ppp
from labnet import Topology

CHALLENGE, CHALLENGE_RESPONSE = 11, 13


def test_tunnel_secret_wrong(dialin):
    """Secrets differ: no tunnel, a clear log on both sides, the subscriber is refused."""
    net = dialin(lns={"changes": {roles.TUNNEL_SECRET: "something-else"}},
                 lac={"settings": "connect-timeout = 5"})
    net.lab.secrets.add("something-else")
    client = roles.dial(net.lab)
    roles.await_refusal(client)
    assert net.access.packets(Ppp, protocol="CHAP", code="Failure")
    net.core.await_packet(Control, message="StopCCN")
    assert not net.core.packets(Control, message="ICRQ")
    for role in (net.lac, net.lns):
        role.await_log("tunnel.*(authentication|secret|password)")
    net.assert_nothing_left()


def test_no_tunnel_auth(dialin):
    """tunnel-authentication = false on both sides: no challenge, and a call."""
    off = {f'tunnel-password = "{roles.TUNNEL_SECRET}"': "tunnel-authentication = false"}
    net = dialin(lac={"changes": off}, lns={"changes": off})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    for message in net.core.packets(Control):
        assert not message.avp(CHALLENGE) and not message.avp(CHALLENGE_RESPONSE), str(message)


def test_tunnel_auth_is_mutual(dialin):
    """With a secret, both sides challenge and both respond."""
    net = dialin()
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    messages = {m.message: m for m in net.core.packets(Control)}
    assert messages["SCCRQ"].avp(CHALLENGE) and messages["SCCRP"].avp(CHALLENGE)
    assert messages["SCCRP"].avp(CHALLENGE_RESPONSE) and messages["SCCCN"].avp(CHALLENGE_RESPONSE)


def test_unknown_lac_refused(dialin):
    """A LAC whose name no group knows gets no tunnel."""
    net = dialin(lac={"changes": {'local-name = "LAC"': 'local-name = "STRANGER"'},
                      "settings": "connect-timeout = 5"})
    client = roles.dial(net.lab)
    roles.await_refusal(client)
    assert not net.core.packets(Control, message="ICRQ")
    stop = net.core.await_packet(Control, message="StopCCN")
    assert stop.src == Topology.LNS
    net.lns.await_log(f"(denied|refused|unauthori[sz]ed).*{Topology.LAC}")
