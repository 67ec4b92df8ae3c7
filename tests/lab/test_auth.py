# SPDX-License-Identifier: GPL-2.0-or-later
"""Every authentication type, with the LCP of the LAC forced and with a new negotiation at the LNS."""

import dataclasses

import pytest

import roles
from decode import Control, Ppp
from labnet import Topology

OWN_VENDOR = 32473
OWN_TYPE = 2
MSCHAP_V2 = 0x81
NO_AUTHENTICATION = 4
ONLY_PAP = ("refuse-chap", "refuse-mschap", "refuse-mschap-v2", "refuse-eap")


@dataclasses.dataclass
class Method:
    """One authentication type.

    require: what stands for the templates' "require-chap"; proxy_type: AVP 29 or our own in its
    place, None when nothing is carried over; option: LCP's authentication option; asked: the
    LNS asks in any case.
    """
    require: str
    proxy_type: int | None
    option: bytes
    protocol: str
    question: str       # the authenticator's first packet, where it has one
    answer: str
    success: str
    asked: bool = False
    dial: tuple = ()


METHODS = {
    "chap": Method("require-chap", 2, b"\xc2\x23\5", "CHAP", "Challenge", "Response", "Success"),
    "pap": Method("require-pap", 3, b"\xc0\x23", "PAP", "", "AuthReq", "AuthAck", dial=ONLY_PAP),
    "mschap": Method("require-mschap", 5, b"\xc2\x23\x80", "CHAP", "Challenge", "Response", "Success"),
    "mschapv2": Method("require-mschap-v2", MSCHAP_V2, b"\xc2\x23\x81", "CHAP", "Challenge", "Response", "Success"),
    "eap": Method("require-eap", None, b"\xc2\x27", "EAP", "Request", "Response", "Success", asked=True),
}


def packets(capture, method, code, **fields):
    return capture.packets(Ppp, protocol=method.protocol, code=code, **fields)


def proxy_type(net):
    """AVP 29, or our own in its place."""
    iccn, = net.core.packets(Control, message="ICCN")
    assert iccn.value(26) and iccn.value(27) and iccn.value(28)
    value = iccn.value(29) or iccn.value(OWN_TYPE, OWN_VENDOR)
    return value and int.from_bytes(value, "big")


def lns_requests(net):
    """LCP Configure-Requests of the LNS in the tunnel."""
    return net.core.packets(Ppp, protocol="LCP", code="ConfReq", src=Topology.LNS)


def policy_of(how):
    return f"vpdn-lcp-renegotiation {'never' if how == 'forced' else 'always'}\n"


@pytest.mark.ppp252
@pytest.mark.parametrize("how", ["forced", "renegotiated"])
@pytest.mark.parametrize("name", METHODS)
def test_auth(dialin, name, how):
    """Forced: the LNS judges what the LAC has captured. Renegotiated: it asks again, by the same method."""
    method = METHODS[name]
    template = {"require-chap\nrequire-pap\n": method.require + "\n"}
    net = dialin(lac={"template": template}, lns={"template": template, "options": policy_of(how)})
    roles.dial(net.lab, options=method.dial)
    net.lab.client.ping(roles.POOL_LOCAL)
    assert proxy_type(net) == method.proxy_type
    questions = packets(net.core, method, method.question, src=Topology.LNS)
    success, = packets(net.access, method, method.success)
    answers = packets(net.access, method, method.answer)
    if how == "forced":
        assert not lns_requests(net) and bool(questions) == method.asked
        net.lns.await_log("LCP forced open")
    else:
        assert b"\3" + bytes((len(method.option) + 2,)) + method.option in lns_requests(net)[-1].data
        assert questions or not method.question
    if not method.asked:
        assert success.id == answers[-1].id
        assert len(answers) == (1 if how == "forced" else 2)
    assert roles.USER in net.lns.vpdnctl("show", "session")


@pytest.mark.parametrize("how", ["forced", "renegotiated"])
def test_auth_none(dialin, how):
    """Nobody is asked for a name: the LAC forwards by the line and says so (type 4)."""
    template = {"\nauth\nrequire-chap\nrequire-pap\n": "\nnoauth\n"}
    net = dialin(lac={"template": template, "changes": {
        roles.IDLE_LAC: "idle-timeout = 1", '# line = { "olt1 eth 0/3" }': 'line = { "eth1" }'}},
        lns={"template": template, "options": policy_of(how)})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    assert proxy_type(net) == NO_AUTHENTICATION
    assert bool(lns_requests(net)) == (how == "renegotiated")
    for protocol in ("CHAP", "PAP", "EAP"):
        assert not net.access.packets(Ppp, protocol=protocol)
