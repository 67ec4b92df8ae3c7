# SPDX-License-Identifier: GPL-2.0-or-later
"""What the LNS does with a proxied LCP: the table of vpdn-lcp-renegotiation, row by row."""

import struct

import pytest

import roles
from decode import Control, Discovery, Ppp
from labnet import Topology
from peer import Peer
from subscriber import LCP

POLICIES = ("always", "on-mismatch", "never")
NO_TUNNEL_SECRET = {f'tunnel-password = "{roles.TUNNEL_SECRET}"': "tunnel-authentication = false"}
UNKNOWN = (200, b"?")
ADMINISTRATIVE = 3              # RFC 2661 section 4.4.2
LCP_CAUSES = range(2, 13)       # RFC 3145 section 4


def lns_packets(net, *names):
    """Packets of the LNS in the tunnel, of these (protocol, code)."""
    return [p for p in net.core.packets(Ppp, src=Topology.LNS) if (p.protocol, p.code) in names]


def decisions(net):
    """What the LNS remembers of its only session's decisions."""
    session, = net.lns.show("session")["sessions"]
    details, = net.lns.show("session", str(session["id"]))["sessions"]
    return "\n".join(details["decisions"])


def assert_decided(net, renegotiated):
    """The wire shows whether LCP was kept; a credential is used only with the LCP it came with."""
    assert bool(lns_packets(net, ("LCP", "ConfReq"))) == renegotiated
    assert bool(lns_packets(net, ("CHAP", "Challenge"))) == renegotiated
    assert ("LCP negotiated again" if renegotiated else "LCP forced open") in decisions(net)


def assert_refused(cdn, lns, reason):
    """never: the CDN has result, cause and text, and the log has the reason."""
    assert cdn.result()[0] == ADMINISTRATIVE and cdn.result()[2]
    code, protocol = struct.unpack("!HH", cdn.value(46)[:4])
    assert code in LCP_CAUSES and protocol == 0xc021
    lns.await_log(f"vpdn: .*{reason}")


def start_lns_alone(lab, policy):
    """(the LNS, a LAC of the test's own)"""
    lns = roles.start_lns(lab, changes=NO_TUNNEL_SECRET, options=f"vpdn-lcp-renegotiation {policy}\n")
    lac = Peer(lab.lac, lab.LAC, lab.LNS)
    lac.open()
    return lns, lac


def fit(dialin, policy):
    """What suits is taken over; with always the LNS negotiates nevertheless."""
    net = dialin(lns={"options": f"vpdn-lcp-renegotiation {policy}\n"})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    assert_decided(net, policy == "always")


def mismatch(dialin, policy, lac, lns, reason):
    """What does not suit is negotiated again; with never the call ends, the subscriber is released at once."""
    net = dialin(lac=lac, lns={"options": f"{lns}vpdn-lcp-renegotiation {policy}\n"})
    client = roles.dial(net.lab)
    if policy != "never":
        net.lab.client.ping(roles.POOL_LOCAL)
        assert_decided(net, True)
        if policy == "on-mismatch":
            assert reason in decisions(net)
        return
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LNS and not lns_packets(net, ("LCP", "ConfReq"))
    assert_refused(cdn, net.lns, reason)
    net.access.await_packet(Discovery, name="PADT")
    client.wait()
    net.assert_nothing_left()


def absent(lab, policy):
    """Without a proxied LCP the LNS negotiates, whatever the policy."""
    lns, lac = start_lns_alone(lab, policy)
    alice = lac.call(roles.USER, roles.PASSWORD)
    alice.connect()
    alice.request(LCP)
    alice.await_up("alice up")
    alice.ping(roles.POOL_LOCAL)
    assert alice.negotiated()
    assert "LCP forced" not in lns.log()
    lac.close()


def unknown_option(lab, policy):
    """An option that pppd does not know, on either side, is a mismatch and never a dead call."""
    lns, lac = start_lns_alone(lab, policy)
    for side in ("sent_more", "received_more"):
        alice = lac.call(roles.USER, roles.PASSWORD)
        alice.connect(*alice.proxy_lcp(**{side: [UNKNOWN]}), state="auth")
        if policy == "never":
            assert_refused(lac.await_message("CDN", alice.session), lns, f"[^0-9]{UNKNOWN[0]}[^0-9]")
            assert not alice.negotiated()
        else:
            alice.await_up("alice up")
            alice.ping(roles.POOL_LOCAL)
            assert alice.negotiated()
    lac.close()


# By name: what the row is about. Of a mismatch: how the LAC is set, the LNS's options, and the decision's words.
CASES = {
    "fit": lambda lab, dialin, policy: fit(dialin, policy),
    "mru": lambda lab, dialin, policy: mismatch(
        dialin, policy, {}, "mtu 1400\nmru 1400\n", "MRU 1492 above ours 1400"),
    "auth": lambda lab, dialin, policy: mismatch(
        dialin, policy, {"template": {"require-chap": "require-mschap-v2"}}, "", "CHAP MS-v2 not accepted"),
    "mrru": lambda lab, dialin, policy: mismatch(dialin, policy, {}, "multilink\n", "MRRU wanted, not offered"),
    "absent": lambda lab, dialin, policy: absent(lab, policy),
    "unknown_option": lambda lab, dialin, policy: unknown_option(lab, policy),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("policy", POLICIES)
def test_policy(lab, dialin, policy, case):
    """One cell of the table."""
    CASES[case](lab, dialin, policy)


@pytest.mark.parametrize("option", ["", "vpdn-lcp-renegotiation on-mismatch\n"], ids=["alone", "overruled"])
def test_policy_of_group(dialin, option):
    """lcp-renegotiation in vpdn.conf is the group's default; the template's option wins."""
    net = dialin(lns={"changes": {"lcp-renegotiation = on-mismatch": "lcp-renegotiation = never"},
                      "options": f"mtu 1400\nmru 1400\n{option}"})
    client = roles.dial(net.lab)
    if option:
        net.lab.client.ping(roles.POOL_LOCAL)
        assert_decided(net, True)
    else:
        assert_refused(net.core.await_packet(Control, message="CDN"), net.lns, "MRU 1492 above ours 1400")
        client.wait()


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
