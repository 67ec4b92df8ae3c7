# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdn-dialout.so with calls that come up: real pppd, kernel sessions and lines; vpdnd is a stand-in (fakes.py).

Who is called is a stock pppd behind a bridge that this test makes at the LAC, as vpdnd would: over PPPoE, or on a
terminal with the kernel's asynchronous framing. How a call fails is in tests/pppd.
"""

import os
import re
import signal
import termios
import time

import pytest

import fakes
import roles
import subscriber
from decode import Ppp
from fakes import u8, u16, u32
from test_lab_selfcheck import N_PPP, int_ioctl
from test_tty import Line
from waiting import await_condition

PEER = """plugin vpdn-dialout.so
vpdn-group out
vpdn-number 6121
10.2.0.1:10.2.0.10
noauth
noipv6
noccp
novj
debug
lcp-restart 1
"""
LNS_IP, REMOTE_IP = "10.2.0.1", "10.2.0.10"
REMOTE = ("noauth", "noipv6", "noccp", "novj", "debug", "lcp-restart", "1", "nodetach", f"{REMOTE_IP}:{LNS_IP}")
SYNCHRONOUS, ASYNCHRONOUS = 1, 2            # AVP 19
ACCM_ALL = 0xffffffff
LOST, BUSY = 10, 1                          # enum vpdn_dial_failure
USER_REQUEST, HANGUP = 5, 16                # pppd(8)
SOON = 2.0
PPPIOCSASYNCMAP, PPPIOCSRASYNCMAP = 0x40047457, 0x40047454
SCRIPT = """#!/bin/sh
{ env; echo "ARGUMENTS=$*"; ls -l /proc/self/fd; } >/run/script.new
mv /run/script.new /run/script
"""


class Dialout:
    """The LNS's pppd and what plays the rest."""

    def __init__(self, lab):
        self.lab, self.vpdnd, self.number, self.held = lab, fakes.Vpdnd(lab.lns), 0, []
        self.tunnels = (fakes.Tunnel(lab.lns, lab.LNS, lab.LAC, 20, 10), fakes.Tunnel(lab.lac, lab.LAC, lab.LNS, 10, 20))

    def start(self, *options, peer=PEER, name="pppd"):
        self.lab.lns.write("/etc/ppp/peers/remote2", peer)
        proc = self.lab.lns.spawn(name, ["pppd", "call", "remote2", *(options or ["nodetach"])])
        proc.stopped = True             # it may end by itself
        return proc

    def asked(self):
        """The plugin's connection, with its question."""
        return self.vpdnd.await_question("DIAL_ASK")[0]

    def connect(self, call, line, framing=SYNCHRONOUS, speed=64000):
        """The LAC has dialled: line is the channel on its side. OCCN, so to say."""
        self.number += 1
        ours, theirs = (tunnel.session(self.number, self.number) for tunnel in self.tunnels)
        bridge = self.lab.lac.call(fakes.Bridge, theirs.fileno(), line)
        self.held += [theirs, bridge]
        call.send("DIAL_CONNECTED", [
            ("TX_SPEED", u32(speed)), ("RX_SPEED", u32(speed // 2)), ("FRAMING_TYPE", u32(framing)), ("TEXT", "6121 is connected"),
            ("PEER_NAME", "LAC"), ("TUNNEL_ID", u16(20)), ("SESSION_ID", u16(self.number))], [ours.fileno()])
        ours.close()
        return bridge

    def pppoe(self, call, options=()):
        """A remote behind PPPoE: its pppd."""
        number = 100 + self.number
        session = fakes.pppoe_session(self.lab.lac, "eth1", self.lab.CLIENT_MAC, number)
        self.held.append(session)
        remote = self.lab.client.spawn("remote", ["pppd", "plugin", "rp-pppoe.so", "nic-eth0", "rp_pppoe_sess",
                                                  f"{number}:{self.lab.LAC_MAC}", *REMOTE, *options])
        remote.stopped = True
        self.connect(call, session.fileno())
        return remote

    def serial(self, call, options=()):
        """A remote behind an asynchronous line: (the LAC's end, for its ACCMs, the remote's pppd)."""
        line = Line()
        channel = self.lab.lac.call(os.open, line.names[0], os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        self.lab.lac.call(int_ioctl, channel, termios.TIOCSETD, N_PPP)      # a channel of that network namespace
        remote = self.lab.client.spawn("remote", ["pppd", line.names[1], "115200", "silent", "local", "nocrtscts", *REMOTE, *options])
        remote.stopped = True
        self.held += [line, channel]
        end = self.connect(call, channel, ASYNCHRONOUS, 33600).channels[1]
        int_ioctl(end, PPPIOCSRASYNCMAP)        # as a LAC: whatever comes is taken
        return end, remote

    def up(self, *options, **more):
        """A call over PPPoE that is up: (pppd, the connection, DIAL_UP, the remote)."""
        pppd = self.start(*options, **more)
        call = self.asked()
        remote = self.pppoe(call)
        return pppd, call, call.await_message("DIAL_UP"), remote


@pytest.fixture
def dialout(lab):
    return Dialout(lab)


def end_soon(call, begun):
    call.await_end()
    assert call.eof - begun < SOON


@pytest.mark.ppp252
def test_dialout_plugin_call(lab, dialout):
    """A call on a synchronous line: what vpdnd and the scripts are told, what LCP asks for; TERM hangs up."""
    lab.lns.write("/etc/ppp/ip-up", SCRIPT, 0o755)
    core = lab.lns.capture("eth0", "core", "udp port 1701")
    pppd, call, up, remote = dialout.up()
    assert up.text("IFNAME") == "ppp0" and up.number("PID") == pppd.pid
    assert (up.tlvs["LOCAL_IP"], up.tlvs["REMOTE_IP"]) == (bytes((10, 2, 0, 1)), bytes((10, 2, 0, 10)))
    lab.lns.ping(REMOTE_IP)
    assert pppd.count("vpdn: 6121 is connected$") == 1
    assert lab.lns.read("/sys/class/net/ppp0/mtu") == "1460\n"
    request = core.packets(Ppp, protocol="LCP", code="ConfReq")
    wanted = dict(subscriber.options_of(next(p for p in request if p.src == lab.LNS).data))
    assert set(wanted) == {subscriber.MAGIC}
    lab.lns.await_file("/run/script")
    script = lab.lns.read("/run/script").splitlines()
    for line in ("SPEED=64000", "VPDN_RX_SPEED=32000", "VPDN_FRAMING=synchronous", "VPDN_GROUP=out", "VPDN_NUMBER=6121",
                 "VPDN_LAC=LAC", "VPDN_TUNNEL=20", "VPDN_SESSION=1", f"ARGUMENTS=ppp0  64000 {LNS_IP} {REMOTE_IP}"):
        assert line in script, f"{line} in {script}"
    # pppd 2.5.2 leaves its own netlink socket to scripts.
    netlink = {line.split()[-1] for line in lab.lns.read("/proc/net/netlink").splitlines()} if roles.PPP252 else set()
    assert set(re.findall(r"socket:\[(\d+)", "\n".join(script))) <= netlink, "the script has inherited a socket"
    assert pppd.stop() == USER_REQUEST
    call.await_end()
    assert call.names() == ["HELLO", "DIAL_ASK", "DIAL_UP"]
    remote.wait()


@pytest.mark.parametrize("said", [True, False], ids=["over", "closed"])
def test_dialout_plugin_lost(dialout, said):
    """DIAL_OVER, or vpdnd's end, is a hangup at once; the reason is logged; the connection is closed."""
    pppd, call, _, remote = dialout.up()
    begun = time.monotonic()
    if said:
        call.send("DIAL_OVER", [("DIAL_FAILURE", u8(LOST)), ("TEXT", "the LAC lost the carrier"), ("RESULT", u16(1))])
        call.await_end()
    else:
        call.close()
    assert pppd.wait() == HANGUP and time.monotonic() - begun < SOON
    assert pppd.count("Modem hangup") == 1
    lines = pppd.count(r"the call to 6121 is over: lost: the LAC lost the carrier; result 1 \(")
    assert lines == (1 if said else 0)
    remote.stop(signal.SIGKILL)


def test_dialout_plugin_killed(dialout):
    """However pppd ends, the call does."""
    pppd, call, _, remote = dialout.up()
    begun = time.monotonic()
    pppd.stop(signal.SIGKILL)
    end_soon(call, begun)
    remote.stop(signal.SIGKILL)


@pytest.mark.ppp252
def test_dialout_plugin_updetach(lab, dialout):
    """After updetach another process has the call: its pid is told, and it sees the hangup at once."""
    pppd, call, up, remote = dialout.up("updetach")
    assert pppd.wait() == 0
    pid = up.number("PID")
    assert pid != pppd.pid and lab.lns.pids("call remote2") == [pid]
    lab.lns.ping(REMOTE_IP)
    begun = time.monotonic()
    call.send("DIAL_OVER", [("DIAL_FAILURE", u8(LOST)), ("TEXT", "gone")])
    end_soon(call, begun)
    await_condition(lambda: not lab.lns.pids("call remote2"), "pppd to leave")
    remote.stop(signal.SIGKILL)


@pytest.mark.parametrize("theirs, ours, told", [
    ((), "", (0, 0)),
    (("asyncmap", "a0000"), "asyncmap 200\n", (0xa0000, 0x200)),
    (("default-asyncmap",), "", (ACCM_ALL, ACCM_ALL)),
], ids=["defaults", "both", "refused"])
def test_dialout_plugin_accm(lab, dialout, theirs, ours, told):
    """On an asynchronous line the ACCMs that LCP has agreed upon are told once, and hold in both directions."""
    pppd = dialout.start(peer=PEER + ours)
    call = dialout.asked()
    channel, remote = dialout.serial(call, theirs)
    call.await_message("DIAL_UP")
    said = [(m.number("SEND_ACCM"), m.number("RECV_ACCM")) for m in call.messages if m.name == "DIAL_LINK_INFO"]
    assert said == ([told] if told != (ACCM_ALL, ACCM_ALL) else [])
    if said:
        int_ioctl(channel, PPPIOCSASYNCMAP, told[0])
        int_ioctl(channel, PPPIOCSRASYNCMAP, told[1])
    for size in (56, 1400):
        lab.lns.ping(REMOTE_IP, size=size)
    assert pppd.stop() == USER_REQUEST
    call.await_end()
    remote.wait()


def test_dialout_plugin_accm_off(dialout):
    """default-asyncmap: none is asked for, none granted, none told."""
    pppd = dialout.start(peer=PEER + "default-asyncmap\n")
    call = dialout.asked()
    remote = dialout.serial(call)[1]
    call.await_message("DIAL_UP")
    assert "DIAL_LINK_INFO" not in call.names() and remote.count(r"rcvd \[LCP ConfReq .*asyncmap") == 0
    assert remote.count(r"rcvd \[LCP ConfRej .*<asyncmap 0x0>") == 1
    pppd.stop()
    remote.wait()


@pytest.mark.seconds(240)
def test_dialout_plugin_demand(lab, dialout):
    """demand, idle: the first packet calls and is delivered, silence hangs up, and again; a failed call waits for the holdoff."""
    pppd = dialout.start(peer=PEER + "demand\nidle 4\npersist\nholdoff 1\n")
    lab.lns.await_interfaces("^ppp0$")
    time.sleep(1)
    assert not dialout.vpdnd.plugins, "it has called without a packet"
    counts = []
    for _ in range(2):
        with lab.lns.socket(2, 2) as sender:
            sender.sendto(b"first", (REMOTE_IP, 9))
        call = dialout.asked()
        remote = dialout.pppoe(call)
        call.await_message("DIAL_UP")
        lab.lns.ping(REMOTE_IP)
        counts.append(pppd.descriptors())
        call.await_end()
        assert pppd.count("Terminating connection due to lack of activity") == len(counts)
        assert lab.lns.interfaces("^ppp") == ["ppp0"] and pppd.running()
        remote.wait()
    assert counts[0] == counts[1]
    with lab.lns.socket(2, 2) as sender:
        sender.sendto(b"once more", (REMOTE_IP, 9))
        call = dialout.asked()
        begun = time.monotonic()
        call.send("DIAL_OVER", [("DIAL_FAILURE", u8(BUSY)), ("TEXT", "busy")])
        call.await_end()
        await_condition(lambda: pppd.running() and not dialout.vpdnd.plugins and time.monotonic() - begun > 1.5, "the holdoff to end")
        sender.sendto(b"once more", (REMOTE_IP, 9))
    call = dialout.asked()
    assert pppd.stop() == USER_REQUEST
    call.await_end()
    assert not lab.lns.interfaces("^ppp")


@pytest.mark.ppp252
def test_dialout_plugin_persist(dialout):
    """persist: after a lost call, and after SIGHUP, the next one is made by the same process; nothing of the former stays open."""
    pppd, call, _, remote = dialout.up(peer=PEER + "persist\nholdoff 0\nmaxfail 0\n")
    counts = [pppd.descriptors()]
    for end in ("over", "closed", "SIGHUP"):
        if end == "over":
            call.send("DIAL_OVER", [("DIAL_FAILURE", u8(LOST)), ("TEXT", "gone")])
        elif end == "closed":
            call.close()
        else:
            pppd.send(signal.SIGHUP)
        call.await_end()
        remote.stop(signal.SIGKILL)
        call = dialout.asked()
        remote = dialout.pppoe(call)
        call.await_message("DIAL_UP")
        counts.append(pppd.descriptors())
    assert all(count == counts[0] for count in counts), counts
    assert pppd.stop() == USER_REQUEST
    call.await_end()
    remote.wait()
