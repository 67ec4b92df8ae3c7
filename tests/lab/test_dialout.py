# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial-out: the LNS asks (OCRQ), the LAC dials by modem, PPPoE or a program, PPP runs between LNS and remote2."""

import os
import re
import signal

import pytest

import labnet
import mlppp
import modem
import roles
from decode import Control, Discovery, Ppp
from dialout import (ACCESS, COMMON, EXIT_BUSY, EXIT_HANGUP, LNS_ADDRESS, NUMBER, PEER, PROGRAM, REMOTE_ADDRESS, REMOTE_NAME,
                     number_of, scatter_gather, write_samples)
from labnet import Topology
from waiting import await_condition

ASYNCHRONOUS, SYNCHRONOUS = 2, 1
SERVICE_NAME, PPP_MAX_PAYLOAD = 0x0101, 0x0120
HOST, HOST_GATEWAY = "10.200.20.32", "10.200.20.24"
ACCM, BEARER_CAPABILITIES = 35, 4


def assert_connected(net, speed, framing):
    """OCRQ, OCRP, OCCN with what RFC 2661 wants in them; returns them."""
    ocrq, ocrp, occn = net.await_messages("OCRQ", "OCRP", "OCCN")
    assert ocrq.src == occn.dst == Topology.LNS and ocrq.dst == ocrp.src == Topology.LAC
    assert ocrq.session == 0 and ocrp.session == occn.session == number_of(ocrq.value(14))
    assert ocrq.value(21) == NUMBER.encode()
    assert number_of(ocrq.value(16)) <= speed <= number_of(ocrq.value(17))
    assert (number_of(ocrq.value(18)), number_of(ocrq.value(19))) == (3, 3)
    assert number_of(occn.value(24)) == speed and number_of(occn.value(19)) == framing
    return ocrq, ocrp, occn


def assert_kernel_forwards(net):
    """A transfer both ways passes through no process of the LAC (a modem's pty takes one)."""
    daemons = net.lac.daemons()

    def wakeups():
        return [int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", net.lab.lac.read(f"/proc/{daemon.pid}/status"),
                              re.M).group(1)) for daemon in daemons]
    before = wakeups()
    labnet.transfer(net.lab.client, net.lab.lns, LNS_ADDRESS, 100_000)
    labnet.transfer(net.lab.lns, net.lab.client, REMOTE_ADDRESS, 100_000)
    woken = [after - was for after, was in zip(wakeups(), before)]
    assert sum(woken) < 50, f"processes of the LAC woke up {woken} times in a transfer of 200 packets"


def shape(net):
    """A tty takes a packet at a time, and a bridge in the kernel has no queue: the LNS sends at the line's speed."""
    net.lab.lns.run("tc qdisc replace dev ppp0 root tbf rate 1mbit burst 1600 limit 60000".split())


@pytest.mark.ppp252
def test_dialout_chat(dialout):
    """By modem: the exchange with the modem's own speed, PPP only between LNS and remote2, both show the call."""
    net = dialout()
    caller = net.dial_up()
    _, ocrp, _ = assert_connected(net, 33600, ASYNCHRONOUS)
    sccrp = net.core.packets(Control, message="SCCRP")[0]
    assert sccrp.src == Topology.LAC and number_of(sccrp.value(BEARER_CAPABILITIES)) == 3, str(sccrp)
    assert net.modem.events[0] == "DTR up" and f"ATDT{NUMBER}" in net.modem.events
    net.assert_only_bridged()
    assert not net.lab.lac.interfaces("^ppp") and not net.lab.lac.pids("pppd")
    shape(net)
    assert_kernel_forwards(net)
    for role in (net.lns, net.lac):
        session, = role.show("session")["sessions"]
        assert (session["number"], session["speed_bps"], session["framing"]) == (NUMBER, 33600, "asynchronous")
        assert NUMBER in role.vpdnctl("show", "session") and "33600" in role.vpdnctl("show", "session", str(session["id"]))
    assert net.lns.show("session")["sessions"][0]["session_id"] == ocrp.session
    caller.send(signal.SIGTERM)
    net.await_cdn(Topology.LNS, 3)
    net.modem.await_event("hung up")
    net.assert_nothing_left()


def test_dialout_paged_packets(dialout, lab):
    """BUGS in vpdn-dialer(8): with its work-around, packets that come in several pieces of memory reach a tty whole."""
    net = dialout()
    scatter_gather(lab.lns, "eth0", True)
    lab.lac.ip("link add ifb0 type ifb")
    scatter_gather(lab.lac, "ifb0", False)
    lab.lac.ip("link set ifb0 up")
    for command in ("qdisc add dev eth0 clsact",
                    "filter add dev eth0 ingress protocol ip flower ip_proto udp dst_port 1701 "
                    "action mirred egress redirect dev ifb0"):
        lab.lac.run(["tc", *command.split()])
    net.dial_up()
    shape(net)
    labnet.transfer(lab.lns, lab.client, REMOTE_ADDRESS, 20_000)


@pytest.mark.ppp252
def test_dialout_remote_hangs_up(dialout):
    """remote2 ends PPP and hangs up: CDN 1 of one side, and both are free for the next call."""
    net = dialout()
    for count in (1, 2):
        caller = net.dial_up()
        net.remote.hang_up()
        caller.wait()
        net.modem.await_event("hung up", count)
    net.assert_nothing_left()
    ends = [(cdn.src, cdn.result()[0]) for cdn in net.core.packets(Control, message="CDN")]
    assert len(ends) == 2 and set(ends) <= {(Topology.LAC, 1), (Topology.LNS, 3)}, ends


def test_dialout_carrier_lost(dialout):
    """The line is cut: CDN 1 with Q.931 cause 16, pppd at the LNS says lost, the tty is free."""
    net = dialout()
    caller = net.dial_up()
    net.modem.drop_carrier()
    net.await_cdn(Topology.LAC, 1, 16)
    assert caller.wait() == EXIT_HANGUP
    caller.await_line("is over: lost: .*carrier lost")
    net.assert_nothing_left()
    net.dial_up().stop()
    net.assert_nothing_left()


def start_access(lab, mtu=1500):
    """An access network's own PPPoE server, stock, with remote2 behind it."""
    for node, interface in ((lab.client, "eth0"), (lab.lac, "eth1")):
        node.ip(f"link set {interface} mtu {mtu}")
    lab.client.write("/etc/ppp/access", f"auth\nrequire-chap\nname {REMOTE_NAME}\n" + COMMON)
    server = lab.client.spawn("pppoe-server", [
        "pppoe-server", "-F", "-I", "eth0", "-C", "access", "-S", NUMBER, "-L", REMOTE_ADDRESS, "-R", LNS_ADDRESS,
        "-O", "/etc/ppp/access"])
    lab.client.await_packet_socket()
    return server, lab.client.capture("eth0", "access", "pppoed or pppoes")


@pytest.mark.ppp252
@pytest.mark.parametrize("ended_by", ["lns", "remote"])
def test_dialout_pppoe(dialout, lab, ended_by):
    """Into a PPPoE access network: the number is the Service-Name, the call synchronous, and PADT ends it."""
    _, access = start_access(lab)
    net = dialout(modems=0, lac={"dialers": ACCESS})
    caller = net.dial_up()
    _, ocrp, occn = net.await_messages("OCRQ", "OCRP", "OCCN")
    padi, pads = (access.await_packet(Discovery, name=name) for name in ("PADI", "PADS"))
    assert padi.src == Topology.LAC_MAC and padi.tag(SERVICE_NAME) == NUMBER.encode()
    assert padi.time < pads.time < occn.time and ocrp.time < occn.time
    assert number_of(occn.value(19)) == SYNCHRONOUS
    first = [p for p in access.packets(Ppp, session=pads.session) if p.src == Topology.LAC_MAC][0]
    assert first.time > occn.time, "the LAC has said something itself"
    assert_kernel_forwards(net)
    if ended_by == "lns":
        caller.stop()
        net.await_cdn(Topology.LNS, 3)
        padt = access.await_packet(Discovery, name="PADT")
        assert padt.src == Topology.LAC_MAC and padt.session == pads.session
    else:
        for pid in lab.client.pids("pppd"):
            lab.client.call(os.kill, pid, signal.SIGKILL)
        padt = access.await_packet(Discovery, name="PADT")
        assert padt.src == Topology.CLIENT_MAC
        net.await_cdn(Topology.LAC, 1, 16)
        caller.wait()
    net.assert_nothing_left()
    assert len(access.packets(Discovery, name="PADT", src=Topology.LAC_MAC)) <= 1


def test_dialout_pppoe_1500(dialout, lab):
    """RFC 4638: PPP-Max-Payload 1500 asked for and granted, and packets of 1500 octets pass whole."""
    _, access = start_access(lab, 1508)
    for node in (lab.lac, lab.lns):
        node.ip("link set eth0 mtu 1600")
    net = dialout(modems=0, lns={"peer": PEER + "mtu 1500\nmru 1500\n"},
                  lac={"dialers": ACCESS.replace("service", "mtu = 1500 service")})
    net.dial_up()
    padr, pads = (access.await_packet(Discovery, name=name) for name in ("PADR", "PADS"))
    assert padr.tag(PPP_MAX_PAYLOAD) == pads.tag(PPP_MAX_PAYLOAD) == b"\5\xdc"
    before = mlppp.ip_fragments(lab.lns)
    lab.lns.ping(REMOTE_ADDRESS, size=1500 - 28)
    assert mlppp.ip_fragments(lab.lns) == before


# remote2 behind a TCP connection, as behind a terminal server.
DIAL = "/etc/vpdn/dial"
REMOTE_IP, LAC_IP = "192.0.2.2", "192.0.2.1"


def start_terminal_server(lab):
    """remote2's pppd behind TCP port 6121 of the client."""
    lab.client.ip(f"address add {REMOTE_IP}/30 dev eth0")
    lab.lac.ip(f"address add {LAC_IP}/30 dev eth1")
    lab.client.write("/etc/ppp/peers/answer",
                     f"auth\nrequire-chap\nname {REMOTE_NAME}\nlocal\n{REMOTE_ADDRESS}:{LNS_ADDRESS}\n{COMMON}")
    server = lab.client.spawn("socat", ["socat", f"TCP-LISTEN:{NUMBER},reuseaddr,fork", "EXEC:pppd notty nodetach call answer"])
    await_condition(lambda: f":{int(NUMBER):04X} " in lab.client.read("/proc/net/tcp"), "socat listens")
    return server


@pytest.mark.ppp252
@pytest.mark.parametrize("report", [False, True], ids=["at_once", "reported"])
def test_dialout_exec(dialout, lab, report):
    """By a program on a pty: connected when it runs, or when it says so on fd 3 with its speed; it ends with the call."""
    start_terminal_server(lab)
    lab.lac.write(DIAL, "#!/bin/sh\n" + ("echo CONNECT 64000 >&3\n" if report else "") +
                  f"exec socat - TCP:{REMOTE_IP}:$1\n", 0o755)
    net = dialout(modems=0, lac={"dialers": PROGRAM % (DIAL, "wait = true" if report else "")})
    caller = net.dial_up()
    _, _, occn = net.await_messages("OCRQ", "OCRP", "OCCN")
    assert number_of(occn.value(19)) == ASYNCHRONOUS
    if report:
        assert number_of(occn.value(24)) == 64000
    assert "socat" in " ".join(lab.lac.processes().values())
    caller.stop()
    net.await_cdn(Topology.LNS, 3)
    net.assert_nothing_left()
    lab.lns.spawn("again", ["pppd", "call", "remote2", "nodetach"]).stopped = True
    lab.lns.ping(REMOTE_ADDRESS)
    for pid, command in lab.client.processes().items():
        if command.startswith("pppd"):
            lab.client.call(os.kill, pid, signal.SIGTERM)
    await_condition(lambda: len(net.core.packets(Control, message="CDN")) == 2, "the second CDN")
    net.assert_nothing_left()


def add_host(lab):
    """local1, a host in the network behind the LNS."""
    host = labnet.Node("host", lab.log_dir)
    lab.nodes["host"] = host
    mlppp.veth(host, "eth0", lab.lns, "eth1")
    host.ip("link set lo up", f"address add {HOST}/24 dev eth0", f"route add default via {HOST_GATEWAY}")
    lab.lns.ip(f"address add {HOST_GATEWAY}/24 dev eth1")
    return host


@pytest.mark.ppp252
def test_dialout_demand(dialout, lab):
    """The samples: a host's first packet brings the call up and is answered, idle ends it; and so again."""
    host, remote = add_host(lab), "198.51.100.2"
    write_samples(lab)
    net = dialout(lac=None, lns=None, remote_options=[f"{remote}:203.0.113.1", "defaultroute"])
    caller = roles.start_unit(lab.lns, "vpdn-dial@", "remote2")
    lab.lns.await_interfaces("^remote2$")
    assert not net.core.packets(Control)
    for count in (1, 2):
        assert "1 received" in host.run(["ping", "-c", "1", "-W", "15", remote], check=False)
        assert len(net.core.packets(Control, message="OCCN")) == count
        net.modem.await_event("hung up", count)
        await_condition(lambda n=count: len(net.core.packets(Control, message="CDN")) == n, "CDN when idle")
    assert caller.running() and lab.lns.interfaces("^remote2$")
    caller.stop()
    net.assert_nothing_left()


def test_dialout_number_translated(dialout):
    """The group rewrites the number; sub-address, speeds, bearer and framing are the group's, or the call's own."""
    net = dialout(numbers={"+44612": modem.BUSY}, lac={"dials": 'dial "+44*" { dialer = "modems" }'}, lns={
        "request": r'''number "^0([1-9].*)" { replace = "+44\\1" }
		sub-address = "basement"  min-bps = 9600  max-bps = 56000  bearer = analogue  framing = asynchronous''',
        "peer": PEER.replace(NUMBER, "0612")})
    assert net.dial().wait() == EXIT_BUSY
    ocrq, = net.await_messages("OCRQ")
    assert ocrq.value(21) == b"+44612" and ocrq.value(23) == b"basement" and ocrq.avp(23).mandatory
    assert [number_of(ocrq.value(n)) for n in (16, 17, 18, 19)] == [9600, 56000, 2, ASYNCHRONOUS]
    net.dial(options=["vpdn-sub-address", "attic", "vpdn-min-bps", "1200", "vpdn-max-bps", "2400", "vpdn-bearer", "digital",
                      "vpdn-framing", "synchronous"]).wait()
    await_condition(lambda: len(net.core.packets(Control, message="OCRQ")) == 2, "a second OCRQ")
    own = net.core.packets(Control, message="OCRQ")[1]
    assert own.value(23) == b"attic"
    assert [number_of(own.value(n)) for n in (16, 17, 18, 19)] == [1200, 2400, 1, SYNCHRONOUS]


@pytest.mark.ppp252
def test_dialout_link_info(dialout):
    """SLI: the ACCM that LNS and remote2 negotiate reaches the modem's tty, and control characters go unescaped."""
    net = dialout()
    net.dial_up().stop()
    sli = net.core.await_packet(Control, message="SLI")
    assert sli.src == Topology.LNS and sli.avp(ACCM).mandatory and sli.value(ACCM) == bytes(10)
    frames = net.frames()
    assert min(frames[0]) >= 0x20, "escaped before anything is negotiated"
    assert any(min(frame) < 0x20 for frame in frames), "escaped still"


def test_dialout_vpdnctl(dialout):
    """vpdnctl dial tries a number and tells what happens; clear ends a call from either side."""
    net = dialout(numbers={"6122": modem.BUSY})
    told = net.lns.vpdnctl("dial", "out", NUMBER)
    assert "33600" in told and Topology.LAC in told, told
    net.await_messages("OCRQ", "OCRP", "OCCN", "CDN")
    busy = net.lns.vpdnctl("dial", "out", "6122", check=False)
    assert "busy" in busy.lower() and "8" in busy and "17" in busy, busy
    assert '"nowhere"' in net.lns.vpdnctl("dial", "nowhere", NUMBER, check=False)
    for count, role in enumerate((net.lns, net.lac), 2):
        caller = net.dial_up()
        session, = role.show("session")["sessions"]
        role.vpdnctl("clear", "session", str(session["id"]))
        caller.wait()
        net.modem.await_event("hung up", count)
    net.assert_nothing_left()
