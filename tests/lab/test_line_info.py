# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of the subscriber's line, from the access node's tag (TR-101) or the modem, through the tunnel (RFC 2661,
RFC 5515), to the LNS's scripts and to its RADIUS server (RFC 4679); and the choice of the tunnel by the called number."""

import re
import struct

import pytest

import roles
import radius
from decode import Control
from subscriber import Access
from test_radius import DIR, start_server
from test_tty import Line

BBF, CISCO = 3561, 9
CALLED_NUMBER, CALLING_NUMBER, SUB_ADDRESS, TX_SPEED, PHYSICAL_CHANNEL, RX_SPEED = 21, 22, 23, 24, 25, 38
NAS_PORT = 100

CIRCUIT = b"olt1 atm 1/2:0.33"
# What a subscriber behind a careless access node can put there.
REMOTE = b'-x"$(touch /run/owned)`touch /run/owned`\n\x1b[2J;plugin x\xff'
REMOTE_TEXT = "%2dx%22%24%28touch /run/owned%29%60touch /run/owned%60%0a%1b%5b2J%3bplugin x%ff"
# Sub-option and AVP type: (name, value; kbit/s, ms)
RATES = {129: ("actual-data-rate-upstream", 1022), 130: ("actual-data-rate-downstream", 16240),
         131: ("minimum-data-rate-upstream", 64), 132: ("minimum-data-rate-downstream", 128),
         133: ("attainable-data-rate-upstream", 1500), 134: ("attainable-data-rate-downstream", 20000),
         135: ("maximum-data-rate-upstream", 2000), 136: ("maximum-data-rate-downstream", 5000000),
         137: ("minimum-data-rate-upstream-low-power", 32), 138: ("minimum-data-rate-downstream-low-power", 33)}
DELAYS = {139: ("maximum-interleaving-delay-upstream", 16), 140: ("actual-interleaving-delay-upstream", 8),
          141: ("maximum-interleaving-delay-downstream", 17), 142: ("actual-interleaving-delay-downstream", 9)}
ENCAPSULATION, IWF = 144, 254
ETHERNET = b"\2\1\6"

SCRIPT = """#!/bin/sh
eval : $AGENT_REMOTE_ID $AGENT_CIRCUIT_ID
env >/run/line-new
mv /run/line-new "/run/line-$PEERNAME"
"""

# Attribute: item. Integers and strings, of RFC 2865, 2869 and 4679.
PAIRS = {"Called-Station-Id": "called-number", "NAS-Port-Id-String": "nas-port", "Connect-Info": "tx-connect-speed",
         "ADSL-Agent-Circuit-Id": "agent-circuit-id", "ADSL-Agent-Remote-Id": "agent-remote-id",
         "Actual-Data-Rate-Upstream": "actual-data-rate-upstream", "Actual-Data-Rate-Downstream": "actual-data-rate-downstream",
         "Maximum-Data-Rate-Downstream": "maximum-data-rate-downstream",
         "Interleaving-Delay-Upstream": "actual-interleaving-delay-upstream"}
DICTIONARY = """ATTRIBUTE Called-Station-Id 30 string
ATTRIBUTE NAS-Port-Id-String 87 string
VENDOR ADSL-Forum 3561
ATTRIBUTE ADSL-Agent-Circuit-Id 1 string ADSL-Forum
ATTRIBUTE ADSL-Agent-Remote-Id 2 string ADSL-Forum
ATTRIBUTE Actual-Data-Rate-Upstream 129 integer ADSL-Forum
ATTRIBUTE Actual-Data-Rate-Downstream 130 integer ADSL-Forum
ATTRIBUTE Maximum-Data-Rate-Downstream 136 integer ADSL-Forum
ATTRIBUTE Interleaving-Delay-Upstream 140 integer ADSL-Forum
"""
CAROL, CAROLS = "carol@example.net", "carols-password"
# The server itself must see what it is to decide by.
USERS = f"""
"{roles.USER}" Cleartext-Password := "{roles.PASSWORD}", Called-Station-Id == "614629", ADSL-Agent-Circuit-Id == "{CIRCUIT.decode()}", \
Actual-Data-Rate-Downstream == 16240000
"{CAROL}" Cleartext-Password := "{CAROLS}", Called-Station-Id == "614629", Calling-Station-Id !* ANY, ADSL-Agent-Circuit-Id !* ANY
"""
LESS = """
vpdn-group less {{
	request-dialin {{
		protocol = l2tp
		domain = {{ "example.net" }}
		send-avps = {{ called-number, nas-port }}
	}}
	initiate-to "{}" {{ }}
	local-name = "LAC"
	tunnel-password = "{}"
}}
"""


def u32(value):
    return struct.pack("!I", value)


def sub(kind, value):
    return bytes((kind, len(value))) + value


def vendor_tag():
    """A tag of an access node with everything that TR-101 knows, and one sub-option that nobody knows."""
    options = [sub(1, CIRCUIT), sub(2, REMOTE), sub(ENCAPSULATION, ETHERNET), sub(IWF, b""), sub(0x7e, b"?")]
    options += [sub(kind, u32(value)) for kind, (_, value) in (RATES | DELAYS).items()]
    return u32(BBF) + b"".join(options)


def line_avps(message):
    """{type: value} of the Broadband Forum's AVPs, none of which may be mandatory."""
    avps = [a for a in message.avps if a.vendor == BBF]
    assert not any(a.mandatory for a in avps) and len({a.type for a in avps}) == len(avps)
    return {a.type: a.value for a in avps}


def environment(node, user):
    """The variables that ip-up got."""
    node.await_file(f"/run/line-{user}")
    return dict(line.split("=", 1) for line in node.read(f"/run/line-{user}").splitlines())


def shown(role, user):
    """What `vpdnctl show session` says of the line of a user's session."""
    session, = [s for s in role.show("session")["sessions"] if s["user"] == user]
    details, = role.show("session", str(session["id"]))["sessions"]
    return dict(line.split(": ", 1) for line in details["line"])


def request_of(packets, user):
    """The attributes of a user's Access-Request."""
    request, = [p for p in packets if p.code == radius.ACCESS_REQUEST and p.attributes[radius.USER_NAME] == user.encode()]
    return request.attributes


@pytest.mark.ppp252
def test_line_info_end_to_end(dialin, lab):
    """PADR -> ICRQ and ICCN -> environment, Access-Request and `show`; and a group that sends less."""
    lab.secrets.add(CAROLS)
    start_server(lab, USERS, DICTIONARY)
    lab.lns.write("/etc/ppp/ip-up", SCRIPT, 0o755)
    pairs = "".join(f"vpdn-radius-avpair {attribute}={item}\n" for attribute, item in PAIRS.items())
    net = dialin(lac={"options": "vpdn-dnis 614629\nvpdn-sub-address 4711\n", "extra": LESS.format(lab.LNS, roles.TUNNEL_SECRET)},
                 lns={"options": f"plugin radius.so\nradius-config-file {DIR}/radiusclient.conf\n{pairs}"})
    loopback = lab.lns.capture("lo", "radius", "udp port 1812")
    access = Access(lab.client)
    alice = access.add(roles.USER, roles.PASSWORD, vendor_tag=vendor_tag())
    alice.dial()
    access.run(lambda: alice.state == "up", "alice up")
    mac = "02:00:00:00:02:01"

    # the wire
    icrq, = net.core.packets(Control, message="ICRQ")
    iccn, = net.core.packets(Control, message="ICCN")
    assert [icrq.value(kind) for kind in (CALLING_NUMBER, CALLED_NUMBER, SUB_ADDRESS)] == [mac.encode(), b"614629", b"4711"]
    assert icrq.value(PHYSICAL_CHANNEL) == u32(alice.session) and icrq.value(NAS_PORT, CISCO) == b"eth1"
    assert line_avps(icrq) == {
        1: CIRCUIT, 2: REMOTE, ENCAPSULATION: ETHERNET, IWF: b"", **{kind: u32(ms) for kind, (_, ms) in DELAYS.items()},
        **{kind: struct.pack("!Q", kbit * 1000) for kind, (_, kbit) in RATES.items()}}
    assert (iccn.value(TX_SPEED), iccn.value(RX_SPEED)) == (u32(16240000), u32(1022000))
    assert iccn.value(30) == roles.USER.encode()

    # scripts, and `show` on both ends
    expected = {
        "calling-number": mac, "called-number": "614629", "sub-address": "4711", "physical-channel": str(alice.session),
        "nas-port": "eth1", "tx-connect-speed": "16240000", "rx-connect-speed": "1022000", "agent-circuit-id": CIRCUIT.decode(),
        "agent-remote-id": REMOTE_TEXT, "access-loop-encapsulation": ETHERNET.hex(), "iwf-session": "",
        **{name: str(ms) for name, ms in DELAYS.values()}, **{name: str(kbit * 1000) for name, kbit in RATES.values()}}
    got = environment(lab.lns, roles.USER)
    assert {name: got.get(name.upper().replace("-", "_")) for name in expected} == expected
    assert not lab.lns.exists("/run/owned")
    assert shown(net.lns, roles.USER) == expected
    at_lac = shown(net.lac, roles.USER)
    assert at_lac.pop("service-name", "") == "" and at_lac == {k: v for k, v in expected.items() if k not in ("nas-port",)}

    # RADIUS: strings of at most 63 octets, numbers of 32 bits
    sent = request_of(radius.packets(loopback.path), roles.USER)
    assert (sent[31], sent[30], sent[87], sent[77]) == (mac.encode(), b"614629", b"eth1", b"16240000")
    assert REMOTE_TEXT.startswith(sent[BBF, 2].decode()) and 61 <= len(sent[BBF, 2]) <= 63
    assert {kind[1]: value for kind, value in sent.items() if isinstance(kind, tuple) and kind[0] == BBF and kind[1] != 2} == {
        1: CIRCUIT, 129: u32(1022000), 130: u32(16240000), 136: u32(0xffffffff), 140: u32(8)}

    # less of it
    carol = access.add(CAROL, CAROLS, vendor_tag=vendor_tag())
    carol.dial()
    access.run(lambda: carol.state == "up", "carol up")
    icrq, iccn = (net.core.packets(Control, message=name)[1] for name in ("ICRQ", "ICCN"))
    assert (icrq.value(CALLED_NUMBER), icrq.value(NAS_PORT, CISCO)) == (b"614629", b"eth1")
    assert [icrq.avp(kind) for kind in (CALLING_NUMBER, SUB_ADDRESS, PHYSICAL_CHANNEL)] == [None] * 3
    assert line_avps(icrq) == {} and iccn.avp(RX_SPEED) is None and iccn.value(TX_SPEED) == u32(1000000000)
    got = environment(lab.lns, CAROL)
    names = {name.upper().replace("-", "_") for name in expected}
    assert {k: v for k, v in got.items() if k in names} == {
        "CALLED_NUMBER": "614629", "NAS_PORT": "eth1", "TX_CONNECT_SPEED": "1000000000"}
    sent = request_of(radius.packets(loopback.path), CAROL)
    # pppd 2.5.2 sends the calling number also when there is none.
    assert sent[30] == b"614629" and sent.get(31) == (b"" if roles.PPP252 else None) and not any(isinstance(kind, tuple) for kind in sent)
    # no line of a log is the access node's
    for role in (net.lac, net.lns):
        assert "\x1b" not in role.log() and not re.search("^[^ ]* *;?plugin x", role.log(), re.M)
    access.close()


MODEM = {"CALLED_ID": "614629", "CALLER_ID": "5551234", "CONNECT": "28800/V34/LAPM"}


def dial_tty(lab, options=(), env=None):
    """A subscriber's modem calls; the LAC's pppd is started as by mgetty."""
    line = Line()
    lab.lac.spawn("pppd-tty", ["pppd", line.names[0], "call", "vpdn-tty", "nodetach", "debug", "lcp-restart", "1", *options],
                  env=env).stopped = True
    lab.client.write("/etc/ppp/chap-secrets", f'"{roles.USER}" * "{roles.PASSWORD}" *\n')
    lab.client.spawn("pppd", ["pppd", line.names[1], "115200", "nodetach", "local", "nocrtscts", "noauth", "user", roles.USER,
                              "noipdefault", "noccp", "novj", "debug", "lcp-restart", "1"]).stopped = True
    return line


def test_select_dnis_tty(lab):
    """The number that mgetty says was called chooses the LNS; an option is stronger than mgetty."""
    roles.start_lns(lab)
    lac = roles.start_tty_lac(lab)
    conf = lab.lac.read("/etc/vpdn/vpdn.conf")
    assert 'domain = { "example.com" }' in conf
    lab.lac.write("/etc/vpdn/vpdn.conf", "search-order = { dnis }\n" + conf.replace('domain = { "example.com" }', 'dnis = { "614629" }'))
    lac.vpdnctl("reload")
    core = lab.lns.capture("eth0", "core", "udp port 1701")
    line = dial_tty(lab, env=MODEM)
    lab.client.ping(roles.POOL_LOCAL)
    icrq, = core.packets(Control, message="ICRQ")
    iccn, = core.packets(Control, message="ICCN")
    assert (icrq.value(CALLED_NUMBER), icrq.value(CALLING_NUMBER)) == (b"614629", b"5551234")
    assert icrq.value(NAS_PORT, CISCO) == line.names[0].removeprefix("/dev/").encode()
    assert icrq.value(PHYSICAL_CHANNEL) == u32(int(line.names[0].rsplit("/", 1)[1]))
    assert (iccn.value(TX_SPEED), iccn.avp(RX_SPEED), iccn.value(19)) == (u32(28800), None, u32(2))
    line.hang_up()
    core.await_packet(Control, message="CDN")
    lab.lns.await_interfaces("^ppp", 0)

    line = dial_tty(lab, ("vpdn-dnis", "4711", "vpdn-clid", "5550000"), MODEM)
    lac.await_log('user "alice@example.com" stays here')
    assert len(core.packets(Control, message="ICRQ")) == 1
    line.hang_up()
