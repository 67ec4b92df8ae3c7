# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdn-load's LAC, and what it says of its calls, with the real xl2tpd in its userland mode and the real pppd behind it."""
import hashlib
import os
import re
import socket

import pytest

from conftest import PASSWORD, Pppd, in_order, retransmissions
from xl2tpd_ipc import Node, group
from xl2tpd_wire import HELLO, SCCRP, Daemon, Message, avp, control, message, u16, u32

NOT_L2TP = ("pado", "pads")
SECTION = "[lns default]\nip range = 10.66.1.1-10.66.1.250\nlocal ip = 10.66.0.1\npppoptfile = {options}\n"


@pytest.fixture
def lns(tmp_path):
    """lns("chap") gives an xl2tpd and its Pppd."""
    daemons = []

    def start(auth, section="", secrets=""):
        pppd = Pppd(str(tmp_path), auth)
        directory = tmp_path / "xl2tpd"
        directory.mkdir()
        (directory / "secrets").write_text(secrets)
        daemons.append(Daemon(directory, sections=SECTION.format(options=pppd.options) + section, preload=[os.environ["FAKE_PPPD_SPAWN"]],
                              env={"FAKE_PPPD": pppd.path}))
        return daemons[-1], pppd

    yield start
    for daemon in daemons:
        daemon.stop()


def towards(daemon, *more):
    return ("l2tp", "-l", "127.0.0.1", "-r", daemon.address, "--port", daemon.port, *more)


@pytest.mark.parametrize("auth", ["chap", "pap"])
def test_l2tp_calls(lns, load, auth):
    """Over two tunnels, five at once: more than the LNS's window would take in one go."""
    daemon, pppd = lns(auth)
    run = load(*towards(daemon, "-n", 12, "-c", 10, "--tunnels", 2, "--eager", "--restart", 1000, "--list", "--hold", "-"))
    ready = run.ready()
    assert sorted(daemon.tunnels().values()) == [6, 6]
    assert {s["peer_tunnel"] for s in ready["sessions"]} == set(daemon.tunnels())
    run.tell()
    report = run.report()
    assert (report["calls"], report["up"], report["failed"], report["failures"]) == (12, 12, 0, {})
    assert retransmissions(report).keys() <= {"lcp"}      # this LNS's pppd may find the first request in its pty only after a while
    in_order(report, *NOT_L2TP)
    assert (report["ping"]["answered"], report["tunnel"]["n"]) == (12, 2)
    assert (report["teardown"]["released"], report["teardown"]["confirmed"], report["ended_by_peer"]) == (12, 12, {})
    assert len({s["ip"] for s in report["sessions"]}) == 12
    assert report["dropped"]["socket"] == report["dropped"]["malformed"] == 0
    assert all(f'"{s["user"]}"' in pppd.text() for s in report["sessions"])
    assert daemon.tunnels() == {}


def test_l2tp_terminate(lns, load):
    """Released by the subscribers: Terminate-Request and -Ack first."""
    daemon, pppd = lns("chap")
    report = load(*towards(daemon, "-n", 2, "-c", 2, "--release", "terminate")).report()
    assert (report["teardown"]["released"], report["teardown"]["confirmed"]) == (2, 2)
    assert pppd.text().count("LCP terminated by peer") == 2


def test_l2tp_tunnel_authentication(lns, load):
    """Both sides prove that they know the secret."""
    daemon, _ = lns("chap", "challenge = yes\nname = lns\nhostname = lns\n", "lns bench-lac s3same\nbench-lac lns s3same\n* * s3same\n")
    assert load(*towards(daemon), secret="s3same").report()["up"] == 1
    assert list(load(*towards(daemon), secret="s3other").report(1)["failures"]) == ["the LNS has another secret"]
    assert list(load(*towards(daemon)).report(1)["failures"]) == ["the LNS asks for a secret"]


def test_l2tp_wrong_password(lns, load):
    daemon, _ = lns("chap")
    report = load(*towards(daemon, "-n", 2, "-c", 2), password="wrong").report(1)
    assert (report["up"], sum(report["failures"].values())) == (0, 2)
    assert {re.sub(":.*", "", reason) for reason in report["failures"]} == {"CHAP Failure"}
    assert daemon.tunnels() == {}


def test_l2tp_refused(load):
    """A tunnel whose LNS says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        report = load("l2tp", "-l", "127.0.0.1", "-r", "127.0.0.1", "--port", silent.getsockname()[1], "-n", 3, "--tries", 2).report(1)
    assert report["failures"] == {"the LNS does not acknowledge": 3}
    assert report["retransmissions"]["control"] == 1


class Lns:
    """An LNS that says what a test wants."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.ns = self.nr = self.acknowledged = 0

    def read(self):
        """The next message in order; acknowledgements are noted."""
        while True:
            data, self.lac = self.socket.recvfrom(4096)
            got = Message(data)
            self.acknowledged = got.nr
            if got.avps and got.ns == self.nr:
                self.nr += 1
                return got

    def silent(self, seconds):
        """Nothing but acknowledgements comes in that time."""
        self.socket.settimeout(seconds)
        try:
            self.read()
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)

    def say(self, tid, sid=0, payload=b""):
        self.socket.sendto(control(tid, sid, self.ns, self.nr, payload), self.lac)
        self.ns += bool(payload)


def test_l2tp_window_hello_and_cdn(load):
    """Never more messages under way than the LNS's window; HELLO is acknowledged; CDN is the call's end, with its reason."""
    lns = Lns()
    run = load("l2tp", "-l", "127.0.0.1", "-r", "127.0.0.1", "--port", lns.socket.getsockname()[1], "-n", 5, "-c", 5, "--no-ping")
    sccrq = lns.read()
    tid = sccrq.number(9)
    lns.say(tid, 0, message(SCCRP, avp(2, u16(0x100)), avp(3, u32(3)), avp(7, b"lns"), avp(9, u16(77)), avp(10, u16(2))))
    first = [lns.read(), lns.read()]
    assert [m.type for m in first] == [3, 10]
    assert lns.silent(0.3)      # two are under way
    lns.say(tid)
    assert [lns.read().type for _ in range(2)] == [10, 10]
    lns.say(tid, 0, message(HELLO))
    assert [lns.read().type for _ in range(2)] == [10, 10]
    assert lns.silent(0.3) and lns.acknowledged == 2
    for sid in range(1, 6):
        lns.say(tid, sid, message(14, avp(1, u16(4)), avp(14, u16(100 + sid))))
    stop = lns.read()
    assert stop.type == 4
    lns.say(tid)
    report = run.report(1)
    assert report["failures"] == {"CDN: 4 (no facilities, temporarily)": 5}
    assert retransmissions(report) == {}


@pytest.mark.parametrize("auth", ["chap", "pap"])
def test_l2tp_proxy(load, auth):
    """What the LNS's module finds in ICCN: an LCP of both sides, and credentials that are the subscriber's."""
    node = Node(groups=[group(secret="s3tunnel", pool=("10.1.0.1", "10.1.0.2", "10.1.0.9"))])
    try:
        template = node.template()
        run = load(*towards(node.daemon, "--host", "LAC", "--proxy", "--auth", auth, "--called", "614629", "--calling", "02:00", "--user", "eve%d@isp",
                            "--call-timeout", 3), secret="s3tunnel")
        call = template.accept()
        started = call.read()
        for fd in started.fds:
            os.close(fd)
        assert (started["CALLED_NUMBER"], started["CALLING_NUMBER"]) == (b"614629", b"02:00")
        connected = call.read()
        assert (started.name, connected.name) == ("CALL_START", "CALL_CONNECTED")
        sent, received = connected["PROXY_LAST_SENT"], connected["PROXY_LAST_RCVD"]
        protocol = bytes.fromhex("0305c22305" if auth == "chap" else "0304c023")
        assert sent[:4] == received[:4] == bytes.fromhex("010405d4") and sent[4:4 + len(protocol)] == protocol
        assert connected["PROXY_INITIAL_RCVD"] == received and sent[-6:-4] == received[-6:-4] == b"\x05\x06" and sent[-4:] != received[-4:]
        assert connected["PROXY_AUTH_NAME"] == b"eve1@isp"
        if auth == "chap":
            proof = hashlib.md5(bytes([connected["PROXY_AUTH_ID"]]) + PASSWORD.encode() + connected["PROXY_AUTH_CHALLENGE"]).digest()
            assert (connected["PROXY_AUTH_TYPE"], connected["PROXY_AUTH_RESPONSE"]) == (2, proof)
        else:
            assert (connected["PROXY_AUTH_TYPE"], connected["PROXY_AUTH_RESPONSE"]) == (3, PASSWORD.encode())
        call.socket.close()
        report = run.report(1)
        assert report["failed"] == 1 and list(report["failures"])[0].startswith(("CDN", "the credentials"))
    finally:
        node.stop()
