# SPDX-License-Identifier: GPL-2.0-or-later
"""Host names of LNSs, while the name server takes its time: it is a real one, of one name, and answers when a test wants it to."""
import select
import socket
import struct
import time

import pytest

from conftest import helper
from xl2tpd_wire import SCCRQ, TIMEOUT, Peer, wait

SERVER = "127.53.9.9"
LNS = "127.0.0.1"
pytestmark = pytest.mark.builds("ordinary", "sanitized")


class NameServer:
    """RFC 1035. Every query that it has asked for has to be answered, or not, by the test."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((SERVER, 53))

    def query(self, timeout=TIMEOUT):
        assert select.select([self.socket], [], [], timeout)[0], "nobody asks"
        return self.socket.recvfrom(512)

    def drain(self):
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recvfrom(512)

    def answer(self, query, address=None):
        """With an A record, or "no such name"."""
        data, asker = query
        end = data.index(b"\0", 12) + 5
        flags, answers, record = 0x8183, 0, b""
        if address:
            flags, answers = 0x8180, 1
            record = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(address)
        self.socket.sendto(data[:2] + struct.pack("!HHHHH", flags, 1, answers, 0, 0) + data[12:end] + record, asker)


@pytest.fixture
def server():
    s = NameServer()
    yield s
    s.socket.close()


@pytest.fixture
def lns():
    p = Peer(None, address=LNS)
    yield p
    p.close()


@pytest.fixture
def lac(start, tmp_path, lns):
    """A daemon that dials lns.example at once; options for resolv.conf and the section."""
    def make(resolver="timeout:1 attempts:1", more=""):
        conf = tmp_path / "resolv.conf"
        conf.write_text("nameserver %s\noptions %s\n" % (SERVER, resolver))
        return start(preload=[helper("fake_resolv_conf.so")], env={"RESOLV_CONF": str(conf)},
                     sections="[lac far]\nlns = lns.example:%d\nautodial = yes\n%s\n[lns default]\n"
                              "ip range = 10.99.0.2-10.99.0.254\nlocal ip = 10.99.0.1\n" % (lns.socket.getsockname()[1], more))
    return make


def test_slow_name_server_delays_nobody_else(server, lac):
    daemon = lac("timeout:5 attempts:2")
    server.query()
    begin = time.monotonic()
    peer = Peer(daemon).open()
    for sid in range(1, 20):
        peer.call(sid)
    assert daemon.command("t other.example").startswith("00")
    server.query()
    assert peer.hello()
    assert time.monotonic() - begin < 4, "the resolver waits 5 seconds"
    assert daemon.logged("Host name lookup failed") == 0
    peer.close()


def test_name_that_is_found_is_dialled(server, lac, lns):
    daemon = lac("timeout:5")
    query = server.query()
    assert b"\3lns\7example\0" in query[0]
    time.sleep(0.3)         # the answer takes its time
    server.answer(query, LNS)
    lns.expect(SCCRQ)
    assert daemon.logged("Connecting to host lns.example") == 1


def test_name_that_is_not_found_is_dialled_again(server, lac, lns):
    """No answer, then no such name, then an address; each time the redial timeout in between."""
    daemon = lac(more="redial = yes\nredial timeout = 1")
    server.query()
    daemon.await_log("Host name lookup failed for lns.example: Temporary failure in name resolution")
    server.answer(server.query())
    daemon.await_log("Host name lookup failed for lns.example: Name or service not known")
    assert daemon.logged("Will redial in 1 seconds") == 2
    server.drain()
    server.answer(server.query(), LNS)
    lns.expect(SCCRQ)
    assert not lns.receive(0)


def test_lac_disconnected_meanwhile_is_not_dialled(server, lac, lns):
    daemon = lac("timeout:5")
    query = server.query()
    daemon.command("d far")
    server.answer(query, LNS)
    assert lns.receive(0.5) is None
    daemon.command("c far")
    server.answer(server.query(), LNS)
    lns.expect(SCCRQ)


def test_lac_removed_meanwhile_is_not_dialled(server, lac, lns):
    daemon = lac("timeout:5")
    query = server.query()
    assert daemon.command("r far").startswith("00")
    server.answer(query, LNS)
    assert lns.receive(0.5) is None
    assert daemon.running(), daemon.text()


def test_dialling_twice_asks_once(server, lac, lns):
    daemon = lac("timeout:5")
    query = server.query()
    daemon.command("c far")
    server.answer(query, LNS)
    lns.expect(SCCRQ)
    assert daemon.logged("Connecting to host") == 1
    assert not select.select([server.socket], [], [], 0.3)[0]


def test_end_does_not_wait_for_a_look_up(server, lac):
    daemon = lac("timeout:5")
    server.query()
    child, = daemon.children()
    begin = time.monotonic()
    daemon.stop()
    assert time.monotonic() - begin < 4, "the resolver waits 5 seconds"

    def gone():
        try:
            with open("/proc/%d/stat" % child) as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True
    wait(gone, "the child that looks up to end")
