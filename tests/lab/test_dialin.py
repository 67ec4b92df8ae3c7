# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial-in over PPPoE: captured at the LAC, forwarded over L2TP, taken over by the LNS."""

import socket
import struct

import pytest

import labnet
import leaks
import roles
from decode import Control, Discovery, Ppp
from labnet import Topology
from subscriber import PAP, Access, options_of

PROXY_AVPS = range(26, 34)
ADDRESS = roles.POOL_LOCAL
OTHER_USER, OTHER_PASSWORD = "carol@example.com", "carols-password"
OTHER_SECRETS = f'"{OTHER_USER}" LNS "{OTHER_PASSWORD}" *\n'


def ppp_packets(capture, **fields):
    return capture.packets(Ppp, **fields)


def from_client(packet):
    return packet.src == Topology.CLIENT_MAC


def answer_of(net, request, *answers):
    """(the client's last such packet, the answer to it), and nothing came in between."""
    packets = ppp_packets(net.access)
    answer = next(p for p in packets if (p.protocol, p.code) in answers)
    asked = [p for p in packets if (p.protocol, p.code) == request and p.time < answer.time][-1]
    between = [str(p) for p in packets if asked.time < p.time < answer.time and not from_client(p)]
    assert not between, "PPP from LAC or LNS between request and answer"
    return asked, answer


def proxy_avps(net):
    """{type: value} of the ICCN's AVPs 26-33, all of them with M=0."""
    iccn, = net.core.packets(Control, message="ICCN")
    avps = {a.type: a for a in iccn.avps if a.vendor == 0 and a.type in PROXY_AVPS}
    assert sorted(avps) == list(PROXY_AVPS)
    assert not any(a.mandatory or a.hidden for a in avps.values())
    return {number: a.value for number, a in avps.items()}


def conf_requests(net, client):
    """Options of the LCP Configure-Requests on the access side."""
    return [p.data for p in ppp_packets(net.access, protocol="LCP", code="ConfReq")
            if from_client(p) == client]


def assert_lcp_was_forced(net):
    """No LCP negotiation crossed the tunnel, and the LNS says so."""
    assert not [str(p) for p in ppp_packets(net.core, protocol="LCP") if p.code.startswith("Conf")]
    net.lns.await_log("LCP.*(forced|taken over)")


def assert_kernel_forwards(net):
    """Nothing of the session passes through a process on the LAC."""
    lac = net.lab.lac
    assert lac.pids("pppd") == [net.lac.template.pid], "a pppd is left on the LAC"
    assert not lac.interfaces("^ppp"), "a PPP interface is left on the LAC"
    before = [wakeups(daemon.pid) for daemon in net.lac.daemons()]
    labnet.transfer(net.lab.client, net.lab.lns, ADDRESS, 1_000_000)
    labnet.transfer(net.lab.lns, net.lab.client, roles.POOL_FIRST, 300_000)
    woken = [wakeups(daemon.pid) - was for daemon, was in zip(net.lac.daemons(), before)]
    assert sum(woken) < 100, f"processes of the LAC woke up {woken} times in a transfer of 900 packets"


def wakeups(pid):
    """How often a process has gone to sleep."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt"))


@pytest.mark.ppp252
def test_dialin_chap(dialin):
    """CHAP-MD5: one negotiation for the subscriber, and proxy AVPs with what was negotiated."""
    net = dialin()
    roles.dial(net.lab)
    net.lab.client.ping(ADDRESS)
    response, success = answer_of(net, ("CHAP", "Response"), ("CHAP", "Success"))
    assert success.id == response.id
    avps = proxy_avps(net)
    ours, theirs = conf_requests(net, client=False), conf_requests(net, client=True)
    assert (avps[26], avps[27], avps[28]) == (theirs[0], ours[-1], theirs[-1])
    challenge = [p for p in ppp_packets(net.access, protocol="CHAP", code="Challenge")
                 if p.time < response.time][-1]
    size, name = response.data[0], response.data[1 + response.data[0]:]
    assert avps[29] == b"\0\2" and avps[30] == name == roles.USER.encode()
    assert avps[31] == challenge.data[1:1 + challenge.data[0]]
    assert avps[32] == bytes((0, response.id)) and avps[33] == response.data[1:1 + size]
    assert_lcp_was_forced(net)
    assert_kernel_forwards(net)
    assert roles.USER in net.lac.vpdnctl("show", "session")
    assert roles.USER in net.lns.vpdnctl("show", "session")
    for role, name in ((net.lac, "lac"), (net.lns, "lns")):
        assert f'vpdn_call_setup_seconds_count{{role="{name}",direction="dial-in"}} 1' in role.vpdnctl("metrics")


@pytest.mark.ppp252
def test_dialin_pap(dialin):
    """PAP: the LNS answers the subscriber's own Authenticate-Request."""
    net = dialin()
    roles.dial(net.lab, options=["refuse-chap", "refuse-mschap", "refuse-mschap-v2", "refuse-eap"])
    net.lab.client.ping(ADDRESS)
    request, ack = answer_of(net, ("PAP", "AuthReq"), ("PAP", "AuthAck"))
    assert ack.id == request.id
    avps = proxy_avps_of_pap(net)
    assert avps[29] == b"\0\3" and avps[30] == roles.USER.encode()
    assert avps[32] == bytes((0, request.id)) and avps[33] == roles.PASSWORD.encode()
    assert_lcp_was_forced(net)
    assert_kernel_forwards(net)


def proxy_avps_of_pap(net):
    """As proxy_avps(), where AVP 31 (challenge) has no meaning and may be absent."""
    iccn, = net.core.packets(Control, message="ICCN")
    avps = {a.type: a for a in iccn.avps if a.vendor == 0 and a.type in PROXY_AVPS}
    assert set(PROXY_AVPS) - {31} <= set(avps)
    assert not any(a.mandatory or a.hidden for a in avps.values())
    return {number: a.value for number, a in avps.items()}


@pytest.mark.ppp252
def test_local_user_untouched(dialin):
    """A user without a VPDN domain logs in on the LAC: nothing goes to the LNS."""
    net = dialin()
    client = roles.dial(net.lab, roles.LOCAL_USER, roles.LOCAL_PASSWORD)
    net.lab.client.ping(roles.LAC_LOCAL)
    labnet.transfer(net.lab.client, net.lab.lac, roles.LAC_LOCAL, 200_000)
    net.lab.lac.await_interfaces("^ppp")
    assert not net.core.packets(Control)
    client.stop()
    net.access.await_packet(Discovery, name="PADT")
    net.assert_nothing_left()


def test_local_user_without_vpdnd(dialin):
    """With vpdnd away, local users still log in; forwarded ones are not let in locally."""
    net = dialin()
    net.lac.vpdnd.stop()
    roles.dial(net.lab, roles.LOCAL_USER, roles.LOCAL_PASSWORD)
    net.lab.client.ping(roles.LAC_LOCAL)
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    alice.dial()
    access.run(lambda: alice.state == "closed", "alice refused")
    assert alice.error
    access.close()


def test_credentials_nobody_asked_for(dialin):
    """A PAP request although CHAP was agreed: nobody judges it, and the CHAP Response is forwarded."""
    net = dialin()
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    answer = alice.receive_chap

    def pap_first(code, identifier, data):
        if code == 1:
            alice.send_code(PAP, 1, 99, b"\4mole\1x")
        answer(code, identifier, data)
    alice.receive_chap = pap_first
    alice.dial()
    access.run(lambda: alice.state == "up", "alice up")
    alice.ping(ADDRESS)
    assert len(net.core.packets(Control, message="ICCN")) == 1
    assert not ppp_packets(net.access, protocol="PAP", code="AuthNak")
    access.close()


@pytest.mark.ppp252
def test_wrong_password(dialin):
    """Failure with the original id, LCP Terminate, everything freed, the reason in both logs."""
    net = dialin()
    net.lab.secrets.add("not-the-password")
    client = roles.dial(net.lab, password="not-the-password")
    roles.await_refusal(client)
    response, failure = answer_of(net, ("CHAP", "Response"), ("CHAP", "Failure"))
    assert failure.id == response.id
    assert not ppp_packets(net.access, protocol="CHAP", code="Success")
    assert [p for p in ppp_packets(net.access, protocol="LCP", code="TermReq") if not from_client(p)]
    cdn = net.core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LNS and cdn.result()[0] == 3
    net.lns.await_log("authenti.*(fail|refus)|(fail|refus).*authenti")
    net.lac.await_log("session.*authenti")
    net.assert_nothing_left()


def test_unknown_domain(dialin):
    """A domain of no group is nobody's but the LAC's own users: refused, no call placed."""
    net = dialin()
    client = roles.dial(net.lab, "dave@nowhere.example", "whatever")
    roles.await_refusal(client)
    response, failure = answer_of(net, ("CHAP", "Response"), ("CHAP", "Failure"))
    assert failure.id == response.id
    assert not net.core.packets(Control)
    net.access.await_packet(Discovery, name="PADT")
    net.assert_nothing_left()


@pytest.mark.parametrize("how", ["silent", "refused"])
def test_lns_unreachable(lab, how):
    """The subscriber gets a Failure within the configured time, never silence."""
    lac = roles.start_lac(lab, settings="connect-timeout = 3")
    access = lab.client.capture("eth0", "access", "pppoed or pppoes")
    if how == "silent":
        mute = lab.lns.socket(socket.AF_INET, socket.SOCK_DGRAM)
        mute.bind((lab.LNS, 1701))
    client = roles.dial(lab)
    roles.await_refusal(client)
    response = access.packets(Ppp, protocol="CHAP", code="Response")[0]
    failure = access.packets(Ppp, protocol="CHAP", code="Failure")[0]
    assert failure.id == response.id
    assert failure.time - response.time < 3 + 2
    lac.await_log(f"{lab.LNS}.*(answer|timeout|time-out|refused|reach|tunnel)")
    access.await_packet(Discovery, name="PADT")
    assert leaks.l2tp_counts(lab.lac)[1] == 0


def test_two_subscribers_one_tunnel(dialin):
    """The second call shares the first's tunnel, and outlives it."""
    net = dialin(lns={"secrets": OTHER_SECRETS})
    access = Access(net.lab.client)
    alice, carol = access.add(roles.USER, roles.PASSWORD), access.add(OTHER_USER, OTHER_PASSWORD)
    for subscriber in (alice, carol):
        subscriber.dial()
    access.run(lambda: alice.state == carol.state == "up", "both up")
    alice.ping(ADDRESS)
    carol.ping(ADDRESS)
    assert alice.address != carol.address
    assert len(net.core.packets(Control, message="SCCRQ")) == 1
    assert len(net.core.packets(Control, message="ICCN")) == 2
    assert leaks.l2tp_counts(net.lab.lac) == (1, 2)
    alice.hang_up()
    net.core.await_packet(Control, message="CDN")
    net.lab.lns.await_interfaces("^ppp", 1)
    carol.ping(ADDRESS)
    carol.hang_up()
    net.core.await_packet(Control, message="StopCCN")
    net.assert_nothing_left()
    access.close()


def test_two_groups_two_lns(dialin):
    """Each domain goes to the LNS of its group."""
    lab_lns2 = '"frank@example.net" LNS "franks-password" *\n'
    net = dialin(lac={"extra": f"""
vpdn-group second {{
	request-dialin {{ protocol = l2tp  domain = {{ "example.net" }} }}
	initiate-to "{Topology.LNS2}" {{ priority = 1 }}
	local-name = "LAC"
	tunnel-password = "another-secret"
}}
"""})
    net.lab.secrets.add("another-secret")
    lns2 = roles.start_lns(net.lab, net.lab.lns2, {
        roles.TUNNEL_SECRET: "another-secret", "203.0.113.": "203.0.114."}, secrets=lab_lns2)
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    frank = access.add("frank@example.net", "franks-password")
    for subscriber in (alice, frank):
        subscriber.dial()
    access.run(lambda: alice.state == frank.state == "up", "both up")
    assert alice.address.startswith("203.0.113.") and frank.address.startswith("203.0.114.")
    frank.ping("203.0.114.1")
    alice.ping(ADDRESS)
    assert "frank@example.net" in lns2.vpdnctl("show", "session")
    assert leaks.l2tp_counts(net.lab.lac) == (2, 2)
    access.close()


def test_two_groups_one_lns(dialin):
    """Two tunnels between the same two hosts, each under its group's name: the kernel keeps them apart."""
    net = dialin(lac={"extra": f"""
vpdn-group second {{
	request-dialin {{ protocol = l2tp  domain = {{ "example.net" }} }}
	initiate-to "{Topology.LNS}" {{ priority = 1 }}
	local-name = "LAC2"
	source-ip = "{Topology.LAC}"
	tunnel-password = "{roles.TUNNEL_SECRET}"
}}
"""}, lns={"changes": {'terminate-from = { "LAC" }': 'terminate-from = { "LAC", "LAC2" }'},
                 "secrets": '"frank@example.net" LNS "franks-password" *\n'})
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    frank = access.add("frank@example.net", "franks-password")
    for subscriber in (alice, frank):
        subscriber.dial()
    access.run(lambda: alice.state == frank.state == "up", "both up")
    for _ in range(2):
        frank.ping(ADDRESS)
        alice.ping(ADDRESS)
    assert leaks.l2tp_counts(net.lab.lac) == leaks.l2tp_counts(net.lab.lns) == (2, 2)
    access.close()


def test_group_by_line(dialin):
    """A call is forwarded by its access line, whatever the user's domain is."""
    line = "olt7 eth 0/3"
    net = dialin(
        lac={"changes": {'# line = { "olt1 eth 0/3" }': f'line = {{ "{line}" }}'}},
        lns={"secrets": '"erin" LNS "erins-password" *\n'})
    access = Access(net.lab.client)
    circuit = struct.pack("!IBB", 3561, 1, len(line)) + line.encode()
    erin = access.add("erin", "erins-password", vendor_tag=circuit)
    erin.dial()
    access.run(lambda: erin.state == "up", "erin up")
    erin.ping(ADDRESS)
    iccn = net.core.packets(Control, message="ICRQ")[0]
    assert any(line.encode() in avp.value for avp in iccn.avps), "the LNS is told the circuit id"
    access.close()


def test_proxy_lcp_options(dialin):
    """Options of a subscriber that the LNS's pppd never sends are carried as they are."""
    net = dialin()
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    alice.lcp_wants += [(7, b""), (8, b"")]
    alice.dial()
    access.run(lambda: alice.state in ("up", "closed"), "alice up")
    alice.ping(ADDRESS)
    sent = alice.packets("sent", "LCP", code="ConfReq")[-1]
    avps = proxy_avps(net)
    assert options_of(avps[28]) == options_of(sent.data)
    access.close()
