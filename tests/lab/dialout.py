# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial-out: an LNS that asks, a LAC that dials, and who is called.

Used by the tests of dial-out. The LNS's pppd calls number 6121 of remote2, behind one of the LAC's dialers;
remote2 challenges, as in the published example that the addresses are from.
"""

import ctypes
import dataclasses
import fcntl
import os
import socket
import struct

import labnet
import leaks
import modem
import roles
from decode import Control, Ppp
from waiting import DEFAULT_TIMEOUT, await_condition, await_equal

NUMBER, REMOTE_NAME, PASSWORD = "6121", "remote2@cisco.com", "remote2s-password"
LNS_ADDRESS, REMOTE_ADDRESS = "18.18.18.2", "17.17.17.2"
MODEM = "/dev/modem-lab"
MODEMS = f"""dialer modems {{
	chat {{
		tty = {{ "{MODEM}0" }}
		speed = 115200
	}}
	timeout = 10
}}
"""
ACCESS = """dialer access {
	pppoe { interface = "eth1" service = "%n" }
	timeout = 10
}
"""
# %s: the command, and further settings.
PROGRAM = """dialer program {
	exec { command = { "%s", "%%n" } %s }
	timeout = 2
}
"""
LAC_CONF = """vpdn-group out {{
	accept-dialout {{
		protocol = l2tp
		terminate-from = {{ "LNS" }}
		source = {{ "{lns}" }}
		{dials}
	}}
	local-name = "LAC"
	tunnel-password = "{secret}"
	idle-timeout = 1
	{settings}
}}

{dialers}"""
LNS_CONF = """vpdn-group out {{
	request-dialout {{
		protocol = l2tp
		{request}
	}}
	{lacs}
	local-name = "LNS"
	source-ip = "{lns}"
	tunnel-password = "{secret}"
	idle-timeout = {idle}
	{settings}
}}
"""
XL2TPD_CONF = "[global]\nport = 1701\nhook module = /usr/lib/vpdn/xl2tpd-vpdn.so\n"
COMMON = "noccp\nnovj\nnoipv6\ndebug\nlcp-restart 1\n"
PEER = f"""plugin vpdn-dialout.so
vpdn-group out
vpdn-number {NUMBER}
name LNS
remotename {REMOTE_NAME}
noauth
{LNS_ADDRESS}:{REMOTE_ADDRESS}
""" + COMMON
REMOTE_OPTIONS = ("auth", "require-chap", "name", REMOTE_NAME, f"{REMOTE_ADDRESS}:{LNS_ADDRESS}")
# RFC 2661 sections 6.10 to 6.12: what a message must have, all of it with M=1.
MANDATORY_AVPS = {"OCRQ": {0, 14, 15, 16, 17, 18, 19, 21}, "OCRP": {0, 14}, "OCCN": {0, 19, 24},
                  "CDN": {0, 1, 14}}
Q931 = 12
SIOCETHTOOL, ETHTOOL_SSG = 0x8946, 0x19         # switch scatter-gather of an interface
# pppd-vpdn-dialout(8): pppd's exit statuses.
(EXIT_BUSY, EXIT_NO_ANSWER, EXIT_NO_CARRIER, EXIT_NO_DIAL_TONE, EXIT_REFUSED, EXIT_NO_RESOURCES, EXIT_UNREACHABLE, EXIT_TIMEOUT,
 EXIT_CONFIG, EXIT_NO_VPDND) = range(64, 74)
EXIT_USER_REQUEST, EXIT_HANGUP = 5, 16          # pppd(8)


def number_of(value):
    return int.from_bytes(value, "big")


@dataclasses.dataclass
class DialOut:
    """LNS and LAC, the tunnel captured, the modems, what both nodes held before any call."""
    lab: object
    lac: roles.Role
    lns: roles.Role
    core: object
    before: tuple
    modems: list
    remote: modem.Remote

    @property
    def modem(self):
        return self.modems[0]

    def dial(self, name="remote2", options=()):
        """pppd at the LNS calls a peer."""
        proc = self.lab.lns.spawn("pppd", ["pppd", "call", name, "nodetach", *options])
        proc.stopped = True             # it may end by itself
        return proc

    def dial_up(self, options=()):
        """A call that is up: pppd at the LNS, with traffic."""
        proc = self.dial(options=options)
        self.lab.lns.ping(REMOTE_ADDRESS)
        return proc

    def await_messages(self, *names):
        """The first packet of each of these names, in this order on the wire, each with what it must have."""
        found = [self.core.await_packet(Control, message=name) for name in names]
        assert [m.time for m in found] == sorted(m.time for m in found), f"not {names}, but:\n{self.core.text()}"
        for message in found:
            assert_complete(message)
        return found

    def await_cdn(self, source, result, cause=None, timeout=DEFAULT_TIMEOUT):
        """The CDN that source sent, with its Result Code and Q.931 cause (None: whatever it is)."""
        cdn = self.core.await_packet(Control, timeout, message="CDN")
        assert_complete(cdn)
        assert cdn.src == source and cdn.result()[0] == result, str(cdn)
        assert cdn.result()[2], f"no text for people: {cdn}"
        if cause is not None:
            assert cdn.avp(Q931).mandatory and number_of(cdn.value(Q931)[:2]) == cause, str(cdn)
        return cdn

    def assert_nothing_left(self):
        """Tunnels, calls, processes, descriptors, interfaces and tty locks are what they were."""
        leaks.await_same(*self.before, timeout=30)
        locks = self.lab.lac.call(os.listdir, "/run/lock")
        assert not [name for name in locks if name.startswith("LCK..")], f"tty locks are left: {locks}"
        for emulated in self.modems:
            await_condition(lambda m=emulated: m.state == "idle" and not m.open, lambda m=emulated:
                            f"{m.path} hung up and closed; it is {m.state}, open={m.open}: {m.events}")

    def assert_only_bridged(self):
        """The LAC has said nothing on the line itself: the modem got as many frames as the LNS has sent."""
        sent = len([p for p in self.core.packets(Ppp) if p.src == self.lab.LNS])
        await_equal(lambda: len(self.frames()), sent, "frames on the line")

    def frames(self):
        """PPP frames that the first modem got, as they were on the line; the chat script's last return is none."""
        return [frame for frame in bytes(self.modem.heard).split(b"~") if frame.strip()]

    def close(self):
        for emulated in self.modems:
            emulated.close()


def assert_complete(message):
    """A control message has the AVPs that RFC 2661 wants, and those have M=1."""
    mandatory = {avp.type for avp in message.avps if avp.vendor == 0 and avp.mandatory}
    assert MANDATORY_AVPS.get(message.message, {0}) <= mandatory, str(message)


def start_lns(lab, request="", lacs=None, settings="", idle=1, peer=PEER):
    """The LNS; peer is what pppd's "call remote2" says."""
    lacs = lacs or [lab.LAC]
    lab.lns.write("/etc/vpdn/vpdn.conf", LNS_CONF.format(
        lns=lab.LNS, secret=roles.TUNNEL_SECRET, request=request, settings=settings, idle=idle,
        lacs="\n\t".join(f'initiate-to "{lac}" {{ priority = {n} }}' for n, lac in enumerate(lacs, 1))))
    lab.lns.write("/etc/xl2tpd/xl2tpd.conf", XL2TPD_CONF)
    lab.lns.write("/etc/ppp/peers/remote2", peer)
    lab.lns.write("/etc/ppp/chap-secrets", f'"LNS" "{REMOTE_NAME}" "{PASSWORD}" *\n')
    return start_role(lab.lns)


def start_role(node, dialer=False):
    """A node's daemons."""
    role = roles.Role(node)
    role.start_vpdnd()
    role.start_xl2tpd()
    if dialer:
        role.start_dialer()
    return role


def start_lac(lab, dialers=MODEMS, dials=None, settings=""):
    """The LAC with these dialers and this dial map, by default all numbers 61... by the first dialer."""
    dials = dials or f'dial "61*" {{ dialer = "{dialers.split()[1]}" }}'
    lab.lac.write("/etc/vpdn/vpdn.conf", LAC_CONF.format(
        lns=lab.LNS, secret=roles.TUNNEL_SECRET, dials=dials, settings=settings, dialers=dialers))
    lab.lac.write("/etc/xl2tpd/xl2tpd.conf", XL2TPD_CONF)
    return start_role(lab.lac, dialer=True)


def write_remote(lab, name=REMOTE_NAME):
    """Who is called has the LNS's secret."""
    lab.client.write("/etc/ppp/chap-secrets", f'"LNS" "{name}" "{PASSWORD}" *\n')


def write_samples(lab):
    """Both ends' files as configs/lns-dialout and configs/lac-dialout have them, but in a hurry."""
    both = {roles.SAMPLE_LAC: lab.LAC, roles.SAMPLE_LNS: lab.LNS, "idle-timeout = 15": "idle-timeout = 1"}
    lab.lns.write("/etc/vpdn/vpdn.conf", labnet.sample("lns-dialout/etc/vpdn/vpdn.conf", both))
    lab.lns.write("/etc/ppp/peers/remote2", labnet.sample("lns-dialout/etc/ppp/peers/remote2", {
        "idle 120": "idle 2", "holdoff 30": "holdoff 1"}) + "debug\nlcp-restart 1\n")
    lab.lns.write("/etc/ppp/chap-secrets", labnet.sample("lns-dialout/chap-secrets", {}))
    lab.lac.write("/etc/vpdn/vpdn.conf", labnet.sample("lac-dialout/etc/vpdn/vpdn.conf", {
        **both, "/dev/ttyS0": f"{MODEM}0", "/dev/ttyS1": f"{MODEM}1"}))
    for node, role in ((lab.lns, "lns"), (lab.lac, "lac")):
        node.write("/etc/xl2tpd/xl2tpd.conf", labnet.sample(f"{role}-dialout/etc/xl2tpd/xl2tpd.conf", {}))
    lab.client.write("/etc/ppp/chap-secrets", 'LNS * "lnss-password" *\n')
    lab.secrets.add("lnss-password")


def scatter_gather(node, interface, wanted):
    """Whether packets may leave in several pieces of memory; without, a veth delivers them as most controllers do."""
    value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_SSG, wanted))
    with node.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, struct.pack("16sP", interface.encode(), ctypes.addressof(value)))


def start(lab, numbers=None, modems=1, remote_options=REMOTE_OPTIONS, lac=(), lns=()):
    """Both ends, with remote2 behind the modems. numbers: what other numbers than 6121 do.

    lac, lns: keywords of start_lac() and start_lns(); None when their files have been written.
    """
    if lns is not None:
        lab.secrets.add(PASSWORD)
        write_remote(lab)
    scatter_gather(lab.lns, "eth0", False)      # BUGS in vpdn-dialer(8)
    remote = modem.Remote(lab.client, remote_options)
    made = [modem.Modem(f"{MODEM}{n}", {NUMBER: remote, **(numbers or {})}) for n in range(modems)]
    lns_role = start_role(lab.lns) if lns is None else start_lns(lab, **dict(lns))
    lac_role = start_role(lab.lac, dialer=True) if lac is None else start_lac(lab, **dict(lac))
    core = lab.lns.capture("eth0", "core", "udp port 1701")
    before = tuple(leaks.count(role.node, role.daemons()) for role in (lns_role, lac_role))
    return DialOut(lab, lac_role, lns_role, core, before, made, remote)
