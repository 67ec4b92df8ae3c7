# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdn-load's PPPoE clients, and what they say of it, with the real pppoe-server in its userland mode and the real pppd."""
import os
import re
import signal

import pytest

from conftest import Pppd, count, in_order, retransmissions
from pppoe_native import Server, wait_for

NOT_PPPOE = ("icrp", "iccn")


@pytest.fixture
def serve(tmp_path):
    """serve("chap") gives a pppoe-server and its Pppd."""
    servers = []

    def start(auth, *options, sessions=200):
        pppd = Pppd(str(tmp_path), auth, *options)
        relay = os.path.join(os.path.abspath(os.environ["PPPOE_TREE"]), "src", "pppoe")
        server = Server("-q", pppd.path, "-Q", relay, "-O", pppd.options, "-C", "ac1", "-L", "10.55.0.1", "-R", "10.55.1.1", "-N", str(sessions))
        servers.append(server.__enter__())
        return server, pppd

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.mark.parametrize("auth", ["chap", "pap"])
def test_pppoe_calls(serve, load, auth):
    """Patient clients: the server speaks first, nothing is said twice, every session carries a packet."""
    server, pppd = serve(auth)
    report = load("pppoe", "-i", "cli", "-n", 6, "-c", 3, "--list", "--user", "sub%d@example.com", netns=server.netns).report()
    assert (report["calls"], report["up"], report["failed"], report["failures"]) == (6, 6, 0, {})
    assert retransmissions(report) == {}
    in_order(report, *NOT_PPPOE)
    assert (report["ping"]["answered"], report["ping"]["unanswered"], report["ping"]["rtt"]["n"]) == (6, 0, 6)
    assert (report["teardown"]["released"], report["teardown"]["confirmed"], report["ended_by_peer"]) == (6, 6, {})
    assert [s["user"] for s in report["sessions"]] == [f"sub{n}@example.com" for n in range(1, 7)]
    assert [s["mac"] for s in report["sessions"]] == [f"02:76:70:00:00:{n:02x}" for n in range(1, 7)]
    assert len({s["ip"] for s in report["sessions"]}) == 6 and {s["peer_ip"] for s in report["sessions"]} == {"10.55.0.1"}
    assert len({s["session"] for s in report["sessions"]}) == 6
    log = pppd.text()
    for session in report["sessions"]:
        assert f'"{session["user"]}"' in log and f"remote IP address {session['ip']}" in log
    assert count("LCP terminated by peer", log) == 6


def test_pppoe_eager(serve, load):
    """This server starts its pppd after PADS: an eager client's first request is lost, costs a restart interval, and is counted."""
    server, _ = serve("chap")
    report = load("pppoe", "-i", "cli", "-n", 3, "-c", 3, "--eager", "--list", "--restart", 1500, netns=server.netns).report()
    assert (report["eager"], report["up"], report["ping"]["answered"]) == (True, 3, 3)
    assert report["retransmissions"]["lcp"] == 3
    assert all(1.5e9 <= s["ns"]["lcp"] - s["ns"]["pads"] < 4e9 for s in report["sessions"])


def test_pppoe_at_once(serve, load):
    """Never more than -c at the same time."""
    server, _ = serve("chap")
    report = load("pppoe", "-i", "cli", "-n", 5, "-c", 2, "--list", netns=server.netns).report()
    spans = sorted((s["ns"]["start"], s["ns"]["ipcp"]) for s in report["sessions"])
    assert max(sum(b <= begin < e for b, e in spans) for begin, _ in spans) == 2


def test_pppoe_wrong_password(serve, load):
    server, _ = serve("chap")
    report = load("pppoe", "-i", "cli", "-n", 2, "-c", 2, netns=server.netns, password="wrong").report(1)
    assert (report["up"], report["failed"]) == (0, 2)
    assert [re.sub(":.*", "", reason) for reason in report["failures"]] == ["CHAP Failure"] and sum(report["failures"].values()) == 2
    assert report["seconds"] == report["rate"] == 0


def test_pppoe_nobody_answers(serve, load):
    """PADI for a service, or of a concentrator, that there is not."""
    server, _ = serve("chap")
    report = load("pppoe", "-i", "cli", "-n", 2, "-c", 2, "--ac", "other", "--restart", 100, "--tries", 3, netns=server.netns).report(1)
    assert report["failures"] == {"no PADO": 2}
    assert report["retransmissions"]["padi"] == 4


def test_pppoe_hold_and_padt(serve, load):
    """Held until told; then PADT is all that is said."""
    server, pppd = serve("chap")
    run = load("pppoe", "-i", "cli", "-n", 2, "-c", 2, "--hold", "-", "--release", "padt", netns=server.netns)
    ready = run.ready()
    assert (ready["up"], ready["teardown"]["released"]) == (2, 0)
    run.tell()
    report = run.report()
    assert (report["teardown"]["released"], report["teardown"]["confirmed"]) == (2, 0)
    wait_for(lambda: not pppd.running(), "the sessions' pppds end")
    assert count("Modem hangup", pppd.text()) == 2 and "rcvd [LCP TermReq" not in pppd.text()


def test_pppoe_ended_by_peer(serve, load):
    """A session that the server's pppd ends while it is held is not one that we have released."""
    server, pppd = serve("chap", "maxconnect 1")
    run = load("pppoe", "-i", "cli", "-n", 2, "-c", 2, "--hold", "-", netns=server.netns)
    run.ready()
    wait_for(lambda: count("Connection terminated", pppd.text()) == 2, "pppd ends")
    run.tell()
    report = run.report()
    assert report["ended_by_peer"] == {"Terminate-Request: Connect time expired": 2} and report["teardown"]["released"] == 0


def test_pppoe_hundred(serve, load):
    """A hundred at once, each with its own everything; what vpdn-load costs is little beside what a call does."""
    server, _ = serve("chap")
    report = load("pppoe", "-i", "cli", "-n", 100, "-c", 100, "--first", 1001, "--list", netns=server.netns).report()
    assert (report["up"], report["ping"]["answered"], report["teardown"]["confirmed"], report["dropped"]["socket"] + report["dropped"]["unknown"]) == (100, 100, 100, 0)
    for key in ("session", "mac", "ip", "user"):
        assert len({s[key] for s in report["sessions"]}) == 100
    assert report["sessions"][0]["mac"] == "02:76:70:00:03:e9"
    assert report["cpu_seconds"] < 1


def test_pppoe_refused(serve, load):
    """The server has room for one: the other is told so in PADS."""
    server, _ = serve("chap", sessions=1)
    report = load("pppoe", "-i", "cli", "-n", 2, "-c", 2, "--tries", 3, "--restart", 500, netns=server.netns).report(1)
    assert report["up"] == 1 and list(report["failures"])[0].startswith("PADS: AC-System-Error"), report["failures"]


def test_pppoe_release_none(serve, load):
    """Gone without a word, as a client that is switched off: the server's pppds are still there."""
    server, pppd = serve("chap")
    report = load("pppoe", "-i", "cli", "-n", 2, "-c", 2, "--hold", 0.2, "--release", "none", netns=server.netns).report()
    assert (report["teardown"]["released"], report["teardown"]["confirmed"]) == (2, 0)
    assert pppd.running() == 2 and "rcvd [LCP TermReq" not in pppd.text()


def test_pppoe_told_to_stop(serve, load):
    """During the set-up: no more calls are started, those under way end as they would, and a second signal does not wait for them."""
    server, _ = serve("chap")
    run = load("pppoe", "-i", "cli", "-n", 5, "--ac", "other", netns=server.netns)
    # its packet socket beside pppoe-server's and the test's: it is at work
    wait_for(lambda: packet_sockets(run.process.pid) == 3, "vpdn-load listens")
    run.tell(signal.SIGUSR1)
    run.tell(signal.SIGTERM)
    report = run.report(1)
    assert report["up"] == 0 and report["failures"] == {"not started: told to stop": 4}


def packet_sockets(pid):
    """How many packet sockets there are in a process's network namespace."""
    with open(f"/proc/{pid}/net/packet", encoding="ascii") as table:
        return sum(line.split()[3] in ("8863", "0003") for line in table.readlines()[1:])
