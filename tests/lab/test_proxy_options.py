# SPDX-License-Identifier: GPL-2.0-or-later
"""More of what the LNS does with proxied LCP and credentials: vpdn-verify-proxy, chap-interval, MPPE;
and users without or with EAP who stay at the LAC."""

import pytest

import roles
from decode import Control, Ppp
from labnet import Topology
from peer import Call, Peer
from subscriber import ECHO_REQ
from waiting import await_condition

NO_TUNNEL_SECRET = {f'tunnel-password = "{roles.TUNNEL_SECRET}"': "tunnel-authentication = false"}
NO_CCP = {"noccp\n": ""}


def of_lns(net, protocol, code):
    return net.core.packets(Ppp, protocol=protocol, code=code, src=Topology.LNS)


def test_verify_proxy(dialin):
    """The subscriber is asked before its credentials are judged, and nothing is negotiated."""
    net = dialin(lns={"options": "vpdn-verify-proxy 5\n"})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    echo = of_lns(net, "LCP", "EchoReq")[0]
    success, = of_lns(net, "CHAP", "Success")
    iccn, = net.core.packets(Control, message="ICCN")
    magic = iccn.value(27)[iccn.value(27).index(b"\5\6") + 2:][:4]
    assert echo.data[:4] == magic and echo.time < success.time
    assert not of_lns(net, "LCP", "ConfReq") and not of_lns(net, "CHAP", "Challenge")


@pytest.mark.parametrize("how", ["wrong_magic", "silent"])
def test_verify_proxy_fails(lab, monkeypatch, how):
    """One that is not as the LAC says, or says nothing, is negotiated with."""
    lns = roles.start_lns(lab, changes=NO_TUNNEL_SECRET, options="vpdn-verify-proxy 1\n")
    lac = Peer(lab.lac, lab.LAC, lab.LNS)
    lac.open()
    if how == "silent":
        receive = Call.receive_lcp
        monkeypatch.setattr(Call, "receive_lcp", lambda call, code, identifier, data: None
                            if code == ECHO_REQ and call.state == "auth" else receive(call, code, identifier, data))
    alice = lac.call(roles.USER, roles.PASSWORD)
    alice.connect(*alice.proxy_lcp(), state="auth")
    if how == "wrong_magic":
        alice.magic = b"else"
    alice.await_up("alice up")
    alice.ping(roles.POOL_LOCAL)
    lns.await_log("LCP negotiated again: .*" + ("no answer" if how == "silent" else "magic number"))
    lns.await_log("cause 8")
    lac.close()


def test_chap_interval(dialin):
    """After a proxied login the LNS asks again in its interval, with an id of its own."""
    net = dialin(lns={"options": "chap-interval 2\n"})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    iccn, = net.core.packets(Control, message="ICCN")
    await_condition(lambda: len(of_lns(net, "CHAP", "Success")) >= 3, "two further challenges", 20)
    assert iccn.value(32)[1] not in {p.id for p in of_lns(net, "CHAP", "Challenge")}
    assert not of_lns(net, "LCP", "ConfReq")
    net.lab.client.ping(roles.POOL_LOCAL)


# pppd 2.5.2's keys of MS-CHAP version 1 are no good, with vpdn or without: it clears them after copying the first.
@pytest.mark.parametrize("method", ["mschap", pytest.param("mschap-v2", marks=pytest.mark.ppp252)])
def test_mppe(dialin, method):
    """MPPE with the keys of a proxied MS-CHAP: the LNS has judged it natively."""
    template = {"require-chap": f"require-{method}"}
    net = dialin(lac={"template": template},
                 lns={"template": {**template, **NO_CCP}, "options": "require-mppe-128\n"})
    lab = net.lab
    lab.client.append("/etc/ppp/chap-secrets", f'"{roles.USER}" * "{roles.PASSWORD}" *\n')
    client = lab.client.spawn("pppd", [
        "pppd", "plugin", "rp-pppoe.so", "nic-eth0", "nodetach", "user", roles.USER, "noauth", "noipdefault",
        "novj", "debug", "lcp-restart", "1", "require-mppe-128"])
    client.await_line("MPPE 128-bit stateless compression enabled")
    lab.client.ping(roles.POOL_LOCAL)
    assert not of_lns(net, "LCP", "ConfReq") and not of_lns(net, "CHAP", "Challenge")


def test_eap_local(dialin):
    """EAP at the LAC for a user who stays: the held name is given back to pppd, which goes on."""
    net = dialin(lac={"template": {"require-chap\nrequire-pap\n": "require-eap\n"}})
    client = roles.dial(net.lab, user=roles.LOCAL_USER, password=roles.LOCAL_PASSWORD)
    client.await_line("remote IP address")
    assert not net.core.packets(Control, message="ICRQ")


def test_none_local(dialin):
    """Nobody is asked at the LAC, and no group has the line: the call stays there, and is up at once."""
    net = dialin(lac={"template": {"\nauth\nrequire-chap\nrequire-pap\n": "\nnoauth\n"}})
    client = roles.dial(net.lab)
    client.await_line("remote IP address")
    net.lac.await_log("local: no vpdn-group")
    requests = [p for p in net.access.packets(Ppp, protocol="IPCP", code="ConfReq")]
    assert requests and not net.core.packets(Control, message="ICRQ")
