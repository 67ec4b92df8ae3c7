# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial-out that does not come about, or ends before its time: each failure is told to LNS, pppd and people, nothing is left."""

import signal
import time

import pytest

import leaks
import modem
from decode import Control
from dialout import (ACCESS, EXIT_BUSY, EXIT_CONFIG, EXIT_HANGUP, EXIT_NO_ANSWER, EXIT_NO_CARRIER, EXIT_NO_DIAL_TONE,
                     EXIT_NO_RESOURCES, EXIT_NO_VPDND, EXIT_REFUSED, EXIT_TIMEOUT, EXIT_UNREACHABLE, EXIT_USER_REQUEST, MODEMS, NUMBER,
                     PEER, PROGRAM, Q931, start_lns)
from labnet import Topology
from waiting import await_condition

# What the modem says: (CDN result, Q.931 cause, pppd's exit status, in its log).
MODEM_RESULTS = {
    "busy": (modem.BUSY, 8, 17, EXIT_BUSY, "busy"),
    "no_answer": (modem.NO_ANSWER, 10, 19, EXIT_NO_ANSWER, "no answer"),
    "no_carrier": (modem.NO_CARRIER, 7, 127, EXIT_NO_CARRIER, "no carrier"),
    "no_dial_tone": (modem.NO_DIALTONE, 9, 27, EXIT_NO_DIAL_TONE, "no dial tone"),
    "timeout": (modem.SILENCE, 10, 102, EXIT_TIMEOUT, "time"),
}


@pytest.mark.ppp252
@pytest.mark.parametrize("case", MODEM_RESULTS)
def test_dialout(dialout, case):
    """What the modem says becomes the CDN's result and Q.931 cause, pppd's exit status and log line."""
    says, result, cause, status, word = MODEM_RESULTS[case]
    net = dialout(numbers={NUMBER: says}, lac={"dialers": MODEMS.replace("timeout = 10", "timeout = 2")})
    caller = net.dial()
    assert caller.wait() == status
    net.await_messages("OCRQ", "OCRP", "CDN")
    net.await_cdn(Topology.LAC, result, cause)
    assert not net.core.packets(Control, message="OCCN")
    caller.await_line(f"(?i){word}")
    net.lac.await_log(f"number={NUMBER}")
    net.assert_nothing_left()


# What an exec dialer's program does: its words, CDN result, Q.931 cause, pppd's exit status.
PROGRAMS = {
    "says_busy": ("echo BUSY >&3; sleep 9", 8, 17, EXIT_BUSY),
    "ends": ("echo why >&2; exit 3", 7, 127, EXIT_NO_CARRIER),
    "says_nothing": ("trap '' HUP; sleep 60", 10, 102, EXIT_TIMEOUT),
    "missing": (None, 5, 38, EXIT_NO_RESOURCES),
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_dialout_exec_fails(dialout, lab, case):
    """A program that reports a failure, ends, hangs, or is not there."""
    script, result, cause, status = PROGRAMS[case]
    if script:
        lab.lac.write("/etc/vpdn/dial", f"#!/bin/sh\n{script}\n", 0o755)
    net = dialout(modems=0, lac={"dialers": PROGRAM % ("/etc/vpdn/dial", "wait = true")})
    assert net.dial().wait() == status
    net.await_cdn(Topology.LAC, result, cause)
    if case == "ends":
        net.lac.await_log("why")
    net.assert_nothing_left()


def test_dialout_line_lost_at_once(dialout, lab):
    """Who is called hangs up in the moment of CONNECT, whatever the LAC is about then: CDN 1, before OCCN or after."""
    lab.lac.write("/etc/vpdn/dial", "#!/bin/sh\necho CONNECT 64000 >&3\n", 0o755)
    net = dialout(modems=0, lac={"dialers": PROGRAM % ("/etc/vpdn/dial", "wait = true")})
    for count in range(1, 11):
        assert net.dial().wait() in (EXIT_NO_CARRIER, EXIT_HANGUP)
        await_condition(lambda n=count: len(net.core.packets(Control, message="CDN", src=Topology.LAC)) == n, "the LAC's CDN")
    ends = {(cdn.result()[0], cdn.value(Q931)[:2]) for cdn in net.core.packets(Control, message="CDN", src=Topology.LAC)}
    assert ends == {(1, bytes((0, 16)))}
    net.assert_nothing_left()


def test_dialout_pppoe_no_server(dialout):
    """Nobody answers in the access network: CDN 6 with cause 3, no route."""
    net = dialout(modems=0, lac={"dialers": ACCESS.replace("timeout = 10", "timeout = 2")})
    assert net.dial().wait() == EXIT_REFUSED
    net.await_cdn(Topology.LAC, 6, 3)
    net.assert_nothing_left()


def test_dialout_no_dialer(dialout):
    """A number that no row of the dial map has: CDN 6 without an OCRP, and no modem is touched."""
    net = dialout(lac={"dials": 'dial "62*" { dialer = "modems" }'})
    assert net.dial().wait() == EXIT_REFUSED
    net.await_cdn(Topology.LAC, 6, 1)
    assert not net.core.packets(Control, message="OCRP") and not net.modem.events
    net.assert_nothing_left()


def test_dialout_refused(dialout):
    """A LAC whose groups accept no dial-out refuses for administrative reasons."""
    net = dialout()
    path = "/etc/vpdn/vpdn.conf"
    conf = net.lab.lac.read(path)
    begin, end = conf.index("accept-dialout"), conf.index("local-name")
    net.lab.lac.write(path, conf[:begin] + 'accept-dialin { protocol = l2tp terminate-from = { "LNS" } ppp-template = "x" }\n' +
                      conf[end:])
    net.lac.vpdnctl("reload")
    caller = net.dial()
    assert caller.wait() == EXIT_REFUSED
    net.await_cdn(Topology.LAC, 3)
    assert not net.core.packets(Control, message="OCRP") and not net.modem.events
    net.assert_nothing_left()


def test_dialout_no_vpdn_dialer(dialout):
    """vpdn-dialer does not run: CDN 4 that says so."""
    net = dialout()
    net.lac.dialer.stop()
    caller = net.dial()
    assert caller.wait() == EXIT_NO_RESOURCES
    assert "vpdn-dialer" in net.await_cdn(Topology.LAC, 4, 41).result()[2]
    caller.await_line("vpdn-dialer")
    assert not net.core.packets(Control, message="OCRP") and not net.modem.events


def test_dialout_not_set_up(lab):
    """The LNS has no such group, a group without request-dialout, or no vpdnd: its pppd says so at once."""
    lns = start_lns(lab)
    for change, status, word in (("vpdn-group nowhere", EXIT_CONFIG, "nowhere"),
                                 ("vpdn-socket /run/none", EXIT_NO_VPDND, "/run/none")):
        before = leaks.count(lab.lns, lns.daemons())
        lab.lns.write("/etc/ppp/peers/remote2", f"{PEER}{change}\n")
        caller = lab.lns.spawn("pppd", ["pppd", "call", "remote2", "nodetach"])
        assert caller.wait() == status
        caller.await_line(word)
        leaks.await_same(before)
    assert not lns.show("session")["sessions"]


@pytest.mark.ppp252
@pytest.mark.parametrize("stage,number", [
    ("dialling", signal.SIGTERM), ("dialling", signal.SIGHUP), ("tunnel", signal.SIGTERM)])
def test_dialout_cancelled(dialout, stage, number):
    """pppd told to end while it dials: CDN of the LNS, the modem hangs up; before there is a tunnel too."""
    net = dialout(numbers={NUMBER: modem.SILENCE})
    if stage == "tunnel":
        net.lac.xl2tpd.send(signal.SIGSTOP)
    caller = net.dial()
    if stage == "tunnel":
        net.core.await_packet(Control, message="SCCRQ")
    else:
        net.modem.await_event(f"ATDT{NUMBER}")
    begun = time.monotonic()
    caller.send(number)
    assert caller.wait() == EXIT_USER_REQUEST
    assert time.monotonic() - begun < 3
    net.lac.xl2tpd.send(signal.SIGCONT)
    if stage == "dialling":
        net.await_cdn(Topology.LNS, 3)
        net.modem.await_event("hung up: (DTR|H|aborted)")
    net.assert_nothing_left()
    assert not net.core.packets(Control, message="OCCN")


@pytest.mark.parametrize("next_lac", [False, True], ids=["only", "next"])
def test_dialout_lac_dead(dialout, next_lac):
    """A LAC that does not answer: unreachable after connect-timeout, or the next LAC dials."""
    dead = "172.16.0.9"
    lacs = [dead, Topology.LAC] if next_lac else [dead]
    net = dialout(lns={"lacs": lacs, "settings": "connect-timeout = 2"})
    net.lab.lns.ip(f"route add {dead} via {Topology.LAC}")
    net.lab.lac.ip(f"route add blackhole {dead}")
    caller = net.dial()
    if next_lac:
        net.await_messages("OCRQ", "OCRP", "OCCN")
        asked = [m.dst for m in net.core.packets(Control, message="SCCRQ")]
        assert asked[0] == dead and asked[-1] == Topology.LAC, asked
        caller.stop()
    else:
        assert caller.wait() == EXIT_UNREACHABLE
        caller.await_line(dead)
    net.assert_nothing_left()


def test_pool_exhausted(dialout):
    """One modem, two calls: the second gets CDN 4 with cause 34 at once, and the modem's end frees it for the next."""
    net = dialout()
    first = net.dial_up()
    assert net.dial().wait() == EXIT_NO_RESOURCES
    net.await_cdn(Topology.LAC, 4, 34)
    first.stop()
    net.modem.await_event("hung up")
    net.dial_up().stop()
    net.assert_nothing_left()


@pytest.mark.parametrize("of", ["dialer", "group"])
def test_dialout_limit(dialout, of):
    """A dialer's limit, or the LAC's of the group, refuses with CDN 4, though a modem is free."""
    modems = MODEMS.replace('"/dev/modem-lab0"', '"/dev/modem-lab[0-9]"')
    net = dialout(modems=2, lac={"dialers": modems.replace("timeout", "limit = 1  timeout") if of == "dialer" else modems,
                                 "settings": "limit = 1" if of == "group" else ""})
    first = net.dial_up()
    assert net.dial().wait() == EXIT_NO_RESOURCES
    net.await_cdn(Topology.LAC, 4)
    assert sum("ATDT" in event for m in net.modems for event in m.events) == 1
    first.stop()
    net.assert_nothing_left()


def test_dialout_tty_missing(dialout):
    """A tty that cannot be opened: CDN 5 with cause 38, and what is wrong with it is said at both ends."""
    net = dialout(lac={"dialers": MODEMS.replace("/dev/modem-lab0", "/dev/no-such-tty")})
    caller = net.dial()
    assert caller.wait() == EXIT_NO_RESOURCES
    assert "tty" in net.await_cdn(Topology.LAC, 5, 38).result()[2]
    caller.await_line("tty")
    net.assert_nothing_left()


@pytest.mark.parametrize("where,daemon", [
    ("lns", "vpdnd"), ("lns", "xl2tpd"), ("lac", "vpdnd"), ("lac", "xl2tpd"), ("lac", "dialer")])
def test_dialout_restart(dialout, where, daemon):
    """A daemon goes while a call is dialled, and while it is up: it ends on both sides, and the next one comes about.

    A killed xl2tpd would say nothing, and its peer wait for HELLO: it is stopped.
    """
    net = dialout(numbers={"6122": modem.SILENCE}, lns={"peer": PEER + "lcp-echo-interval 1\nlcp-echo-failure 3\n"})
    role = getattr(net, where)
    # the daemons are others afterwards
    before = tuple(leaks.count(node) for node in (net.lab.lns, net.lab.lac))
    for count in (1, 2):
        if count == 1:
            caller = net.dial(options=["vpdn-number", "6122"])
            net.modem.await_event("ATDT6122")
        else:
            caller = net.dial_up()
        getattr(role, daemon).stop(signal.SIGTERM if daemon == "xl2tpd" else signal.SIGKILL)
        net.modem.await_event("hung up", count)
        assert caller.wait() != 0
        getattr(role, f"start_{daemon}")()
        if daemon == "vpdnd":
            role.vpdnd.await_line("xl2tpd is connected")
            if where == "lac":
                role.vpdnd.await_line("vpdn-dialer is connected")
        else:
            role.vpdnd.await_line(f"{'vpdn-' if daemon == 'dialer' else ''}{daemon} is connected", count=count + 1)
    net.dial_up().stop()
    leaks.await_same(*before, timeout=30)
