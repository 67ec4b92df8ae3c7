# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial-in and dial-out through one tunnel, as a published example of LAC, LNS and two remotes describes it.

remote1 (17.17.17.1) calls the LAC's modem, reaches local1 (17.17.17.3) behind the LNS over a tunnel that the
LAC opens. Then local1 has a packet for remote2 (17.17.17.2), number 6121: the LNS asks the LAC, in the same tunnel, to
dial it. Loopbacks, serial link, names, secret and LCP options are the example's.
"""

import signal

import pytest

import decode
import dialout
import labnet
import leaks
import mlppp
import modem
import roles
import subscriber
from decode import Control, Ppp
from dialout import COMMON, MODEM, XL2TPD_CONF, number_of
from test_tty import Line
from waiting import await_condition

LAC_IP, LNS_IP = "18.18.18.1", "18.18.18.2"
LAC_SERIAL, LNS_SERIAL = "18.18.18.6", "18.18.18.5"
REMOTE1, REMOTE2, LOCAL1 = "17.17.17.1", "17.17.17.2", "17.17.17.3"
LNS_ETHERNET, LOCAL1_ETHERNET = "10.200.20.24", "10.200.20.32"
NAME1, NAME2, PASSWORD = "remote1@cisco.com", "remote2@cisco.com", "cisco-password"
MRRU, ENDPOINT = 17, 19
LAC_CONF = f"""vpdn-group 1 {{
	request-dialin {{ protocol = l2tp  domain = {{ "cisco.com" }} }}
	accept-dialout {{ protocol = l2tp  terminate-from = {{ "LNS" }}  dial "*" {{ dialer = "modems" }} }}
	initiate-to "{LNS_IP}" {{ priority = 1 }}
	local-name = "LAC"
	source-ip = "{LAC_IP}"
	tunnel-password = "{roles.TUNNEL_SECRET}"
	idle-timeout = 1
}}
dialer modems {{ chat {{ tty = {{ "{MODEM}0" }} }}  timeout = 10 }}
"""
LNS_CONF = f"""vpdn-group 1 {{
	accept-dialin {{ protocol = l2tp  terminate-from = {{ "LAC" }}  ppp-template = "virtual" }}
	request-dialout {{ protocol = l2tp }}
	initiate-to "{LAC_IP}" {{ priority = 1 }}
	local-name = "LNS"
	source-ip = "{LNS_IP}"
	tunnel-password = "{roles.TUNNEL_SECRET}"
	idle-timeout = 1
}}
"""
TEMPLATE = f"plugin vpdn-lns.so\nauth\nrequire-chap\nname LNS\n{LNS_IP}:\nipcp-accept-remote\nnoendpoint\n{COMMON}"
# The LNS's Dialer2; who is called need not authenticate ("callin").
DIALER = (f"plugin vpdn-dialout.so\nvpdn-group 1\nvpdn-number 6121\nname LNS\nremotename {NAME2}\nnoauth\nnoendpoint\n"
          f"{LNS_IP}:{REMOTE2}\ndemand\npersist\nholdoff 0\n{COMMON}")
LAC_LINE = f"plugin vpdn-lac.so\nauth\nrequire-chap\nname LAC\n{LAC_IP}:\nsilent\nlocal\nnocrtscts\nnoendpoint\n{COMMON}"


def build(lab):
    """The example's nodes and addresses; returns (local1, remote2)."""
    local1, remote2 = (labnet.Node(name, lab.log_dir) for name in ("local1", "remote2"))
    lab.nodes |= {"local1": local1, "remote2": remote2}
    lab.secrets.add(PASSWORD)
    for node, loopback, serial, far, far_loopback in ((lab.lac, LAC_IP, LAC_SERIAL, LNS_SERIAL, LNS_IP),
                                                      (lab.lns, LNS_IP, LNS_SERIAL, LAC_SERIAL, LAC_IP)):
        node.ip(f"address add {loopback}/32 dev lo", f"address add {serial}/30 dev eth0",
                f"route add {far_loopback} via {far} src {loopback}")
    mlppp.veth(local1, "eth0", lab.lns, "eth1")
    lab.lns.ip(f"address add {LNS_ETHERNET}/24 dev eth1", f"route add {LOCAL1} via {LOCAL1_ETHERNET}")
    local1.ip("link set lo up", f"address add {LOCAL1}/32 dev lo", f"address add {LOCAL1_ETHERNET}/24 dev eth0",
              f"route add default via {LNS_ETHERNET} src {LOCAL1}")
    for node, conf in ((lab.lac, LAC_CONF), (lab.lns, LNS_CONF)):
        node.write("/etc/vpdn/vpdn.conf", conf)
        node.write("/etc/xl2tpd/xl2tpd.conf", XL2TPD_CONF)
    lab.lns.write("/etc/ppp/vpdn/virtual", TEMPLATE)
    lab.lns.write("/etc/ppp/chap-secrets", f'"{NAME1}" "LNS" "{PASSWORD}" *\n"LNS" "{NAME2}" "{PASSWORD}" *\n')
    lab.lns.write("/etc/ppp/peers/dialer2", DIALER)
    lab.lac.write("/etc/ppp/peers/line", LAC_LINE)
    lab.client.write("/etc/ppp/chap-secrets", f'"{NAME1}" * "{PASSWORD}" *\n')
    remote2.write("/etc/ppp/chap-secrets", f'"LNS" "{NAME2}" "{PASSWORD}" *\n')
    return local1, remote2


def lcp_options(packet):
    return [kind for kind, _ in subscriber.options_of(packet.data)]


@pytest.fixture
def example(lab):
    """(lab, LNS, LAC, local1, remote2's modem, remote2, capture) before any call."""
    local1, remote2 = build(lab)
    answering = modem.Remote(remote2, [
        "auth", "require-chap", "name", NAME2, f"{REMOTE2}:{LNS_IP}", "defaultroute", "multilink", "mrru", "1524",
        "endpoint", "local:" + ".".join(f"{octet:02x}" for octet in NAME2.encode())])
    line = modem.Modem(f"{MODEM}0", {"6121": answering}, connect="CONNECT 64000")
    lns, lac = dialout.start_role(lab.lns), dialout.start_role(lab.lac, dialer=True)
    lns.start_template("virtual")
    yield lab, lns, lac, local1, line, answering, lab.lns.capture("eth0", "core", "udp port 1701")
    line.close()


@pytest.mark.ppp252
def test_dialin_and_dialout_one_tunnel(example):
    """The example, packet by packet."""
    lab, lns, lac, local1, line, answering, core = example
    before = tuple(leaks.count(role.node, role.daemons()) for role in (lns, lac))
    dialer = lab.lns.spawn("dialer2", ["pppd", "call", "dialer2", "nodetach"])

    # remote1 calls the LAC, which forwards it: local1 is reached.
    wire = Line()
    parked = lab.lac.spawn("line", ["pppd", wire.names[0], "64000", "call", "line", "nodetach"])
    parked.stopped = True
    remote1 = lab.client.spawn("remote1", [
        "pppd", wire.names[1], "64000", "nodetach", "local", "nocrtscts", "noauth", "user", NAME1, f"{REMOTE1}:", "noendpoint",
        "defaultroute", *COMMON.split()])
    remote1.stopped = True
    lab.client.ping(LOCAL1)
    iccn = core.await_packet(Control, message="ICCN")
    assert iccn.value(30) == NAME1.encode() and iccn.value(29) == b"\0\2"
    assert not core.packets(Ppp, protocol="LCP", code="ConfReq"), "the LNS accepts what the LAC negotiated"

    # local1 calls remote2: the LNS asks, in the existing tunnel.
    assert "1 received" in local1.run(["ping", "-c", "1", "-W", "15", REMOTE2], check=False)
    ocrq, ocrp, occn = (core.await_packet(Control, message=name) for name in ("OCRQ", "OCRP", "OCCN"))
    assert len(core.packets(Control, message="SCCRQ")) == 1
    assert ocrq.tunnel == core.packets(Control, message="ICRP")[0].tunnel
    assert (ocrq.src, ocrq.dst, ocrq.value(21)) == (LNS_IP, LAC_IP, b"6121")
    assert ocrp.src == occn.src == LAC_IP and number_of(occn.value(24)) == 64000
    assert "ATDT6121" in line.events
    assert_ppp_as_in_the_trace([p for p in core.packets(Ppp) if p.session in (ocrp.session, number_of(ocrp.value(14)))], occn)

    # One tunnel, two sessions, on both sides.
    for role in (lns, lac):
        tunnel, = role.show("tunnel")["tunnels"]
        assert tunnel["sessions"] == 2
        assert len(role.show("session")["sessions"]) == 2
    assert leaks.l2tp_counts(lab.lac) == leaks.l2tp_counts(lab.lns) == (1, 2)
    lab.client.ping(REMOTE2)

    # remote2 is switched off: CDN 1 of the LAC for that call alone; then remote1.
    answering.calls[-1].stop(signal.SIGKILL)
    line.await_event("hung up")
    cdn = core.await_packet(Control, message="CDN")
    assert (cdn.src, cdn.result()[0], cdn.value(14)) == (LAC_IP, 1, ocrp.value(14)), str(cdn)
    await_condition(lambda: leaks.l2tp_counts(lab.lac) == (1, 1), "one session left")
    lab.client.ping(LOCAL1)
    dialer.stop()
    remote1.stop()
    wire.hang_up()
    core.await_packet(Control, message="StopCCN")
    leaks.await_same(*before, timeout=30)


def assert_ppp_as_in_the_trace(packets, occn):
    """LNS active open, MRRU and endpoint refused, remote2 challenges, the LNS answers, IPCP with both addresses."""
    def of(source, protocol, code):
        return [p for p in packets if (p.src, p.protocol, p.code) == (source, protocol, code)]

    lns, remote = LNS_IP, LAC_IP            # the LAC only passes on what remote2 says
    assert of(lns, "LCP", "ConfReq")[0].time >= occn.time
    assert not {MRRU, ENDPOINT, subscriber.AUTH} & set(lcp_options(of(lns, "LCP", "ConfReq")[0]))
    requests = of(remote, "LCP", "ConfReq")
    assert {MRRU, ENDPOINT, subscriber.AUTH} <= set(lcp_options(requests[0]))
    assert {MRRU, ENDPOINT} <= set(lcp_options(of(lns, "LCP", "ConfRej")[0]))
    assert not {MRRU, ENDPOINT} & set(lcp_options(requests[-1])) and subscriber.AUTH in lcp_options(requests[-1])
    challenge, response = of(remote, "CHAP", "Challenge")[0], of(lns, "CHAP", "Response")[0]
    assert challenge.data.endswith(NAME2.encode()) and response.data.endswith(b"LNS")
    assert response.id == challenge.id == of(remote, "CHAP", "Success")[0].id
    assert not of(lns, "CHAP", "Challenge")
    address = {source: subscriber.options_of(of(source, "IPCP", "ConfReq")[-1].data)[0] for source in (lns, remote)}
    assert address == {lns: (3, decode.socket.inet_aton(LNS_IP)), remote: (3, decode.socket.inet_aton(REMOTE2))}
