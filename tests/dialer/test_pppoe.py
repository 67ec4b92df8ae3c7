# SPDX-License-Identifier: GPL-2.0-or-later
"""
Bearers of kind pppoe: discovery (RFC 2516, RFC 4638) on a veth pair, with an access concentrator that says what a test wants, and
with the rp-pppoe server that the packages have. The kernel's sessions are fake_ppp.c's.
"""
import ctypes
import itertools
import os
import select
import socket
import struct
import subprocess
import time

import pytest
from conftest import PPPOE
from pppoe_native import (AC_COOKIE, AC_NAME, AC_SYSTEM_ERROR, BROADCAST, CLONE_NEWNET, ETH_DISCOVERY, GENERIC_ERROR, HOST_UNIQ,
                          MAX_PAYLOAD, PADI, PADO, PADR, PADS, PADT, RELAY_ID, SERVICE_NAME, SERVICE_NAME_ERROR, Frame, Server, tag)
from waiting import await_condition

_libc = ctypes.CDLL(None, use_errno=True)
_number = itertools.count(1)

SO_TIMESTAMPNS = 35             # socket(7); Python has no name for it


def packet_socket(netns, interface):
    """An AF_PACKET socket in that network namespace."""
    home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{netns}", os.O_RDONLY)
    try:
        assert _libc.setns(there, CLONE_NEWNET) == 0
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_DISCOVERY))
        sock.bind((interface, ETH_DISCOVERY))
    finally:
        _libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)
    return sock


class Concentrator:
    """The other end of the dialer's interface `line`, in a network namespace with it."""

    def __init__(self, mtu=1500):
        self.netns = f"dialer-test-{os.getpid()}-{next(_number)}"
        self.ip("netns", "add", self.netns)
        self.ip("-n", self.netns, "link", "add", "line", "mtu", str(mtu), "type", "veth", "peer", "name", "ac", "mtu", str(mtu))
        for name in ("line", "ac"):
            self.ip("-n", self.netns, "link", "set", name, "up")
        self.socket = packet_socket(self.netns, "ac")
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.last = b""
        self.mac, self.client = self.mac_of("ac"), self.mac_of("line")

    @staticmethod
    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, timeout=20)

    def mac_of(self, interface):
        out = subprocess.run(["ip", "-n", self.netns, "-br", "link", "show", interface], capture_output=True, text=True, check=True)
        return bytes.fromhex(out.stdout.split()[2].replace(":", ""))

    def close(self):
        self.socket.close()
        self.ip("netns", "del", self.netns)

    def expect(self, code, timeout=10):
        """The next packet of the client's, which must be of this code; its `at` is when it came, in seconds. What it had to say again,
        because this machine is slow to answer, is passed over."""
        end = time.monotonic() + timeout
        while True:
            assert select.select([self.socket], [], [], max(0, end - time.monotonic()))[0], f"no packet with code {code:#x}"
            data, ancillary, _, address = self.socket.recvmsg(2048, 128)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            frame = Frame(data)
            if data == self.last and frame.code != code:
                continue
            self.last = data
            assert (frame.code, frame.src) == (code, self.client)
            (_, _, time_of_day), = ancillary
            seconds, nanoseconds = struct.unpack("@ll", time_of_day)
            frame.at = seconds + nanoseconds / 1e9
            return frame

    def silent(self, seconds):
        assert not select.select([self.socket], [], [], seconds)[0], "the client sends something"

    def say(self, code, *tags, session=0, src=None, raw=None, length=None):
        payload = b"".join(tags) if raw is None else raw
        header = struct.pack(">HBBHH", ETH_DISCOVERY, 0x11, code, session, len(payload) if length is None else length)
        self.socket.send(self.client + (src or self.mac) + header + payload)

    def offer(self, *more, service=b""):
        """PADI, PADO; returns the PADI."""
        padi = self.expect(PADI)
        self.say(PADO, tag(AC_NAME, b"ac"), tag(SERVICE_NAME, service), tag(HOST_UNIQ, padi.get(HOST_UNIQ)), *more)
        return padi

    def take(self, session=7, *more, service=b""):
        """The whole discovery; returns the PADR."""
        self.offer(tag(AC_COOKIE, b"biscuit"), service=service)
        padr = self.expect(PADR)
        self.say(PADS, tag(SERVICE_NAME, service), tag(HOST_UNIQ, padr.get(HOST_UNIQ)), *more, session=session)
        return padr


@pytest.fixture
def ac():
    made = Concentrator()
    yield made
    made.close()


@pytest.fixture
def dialer(start_dialer, ac):
    return start_dialer(netns=ac.netns)


def dial(dialer, ref, number="6121", service="%n", *more, **timing):
    dialer.dial(ref, PPPOE, number, ("ACCESS_INTERFACE", "line"), ("SERVICE_NAME", service), *more, **timing)


def sessions(dialer):
    """What the kernel was told: "ID MAC DEVICE"."""
    with open(f"{dialer.directory}/pppox", encoding="ascii") as f:
        return f.read().splitlines()


def test_pppoe_call(dialer, ac):
    """The packets of a call, octet for octet where it matters, and PADT at its end."""
    dial(dialer, 1)
    padi = ac.offer(tag(AC_COOKIE, b"\0cookie"), tag(RELAY_ID, b"relay"), service=b"6121")
    uniq = padi.get(HOST_UNIQ)
    assert (padi.dst, padi.session, padi.tags) == (BROADCAST, 0, [(SERVICE_NAME, b"6121"), (HOST_UNIQ, uniq)])
    assert len(uniq) == 8
    padr = ac.expect(PADR)
    assert (padr.dst, padr.session) == (ac.mac, 0)
    assert padr.tags == [(SERVICE_NAME, b"6121"), (HOST_UNIQ, uniq), (AC_COOKIE, b"\0cookie"), (RELAY_ID, b"relay")]
    ac.say(PADS, tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, uniq), session=0x1234)
    got, channel = dialer.up(1)
    os.close(channel)
    assert (got["ACCESS"], got["ACCESS_INTERFACE"], got["FRAMING_TYPE"], got["MTU"]) == (1, "line", 1, 1492)
    assert (got["PPPOE_SESSION"], got["PEER_MAC"]) == (0x1234, ac.mac)
    assert got["TX_SPEED"] == 4294967295        # a veth says 10 Gbit/s
    assert sessions(dialer) == [f"{0x1234} {ac.mac.hex(':')} line"]
    dialer.clear(1)
    dialer.over(1, 3, 16)
    padt = ac.expect(PADT)
    assert (padt.dst, padt.session, padt.tags) == (ac.mac, 0x1234, [(RELAY_ID, b"relay")])


def test_pppoe_any_service(dialer, ac):
    """Without a service any offer does; the speed is within what the LNS asks for."""
    dialer.dial(1, PPPOE, "1", ("ACCESS_INTERFACE", "line"), ("MAX_BPS", 64000))
    padr = ac.take(service=b"whatever")
    assert padr.get(SERVICE_NAME) == b""
    got, channel = dialer.up(1)
    assert got["TX_SPEED"] == 64000
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


@pytest.mark.parametrize("line_mtu, wanted, asked, answered, mtu", [
    (1508, 1500, 1500, 1500, 1500), (1508, 1500, 1500, 1496, 1496), (1508, 1500, 1500, None, 1492), (1508, 1500, 1500, 9000, 1500),
    (1508, 1500, 1500, 100, 1492), (1500, 1500, None, None, 1492), (1504, 1500, 1496, 1496, 1496), (1508, 1400, None, None, 1400)])
def test_pppoe_max_payload(start_dialer, line_mtu, wanted, asked, answered, mtu):
    """RFC 4638: asked for above 1492 as far as the interface goes, and what both sides take."""
    ac = Concentrator(line_mtu)
    try:
        dialer = start_dialer(netns=ac.netns)
        dial(dialer, 1, "1", "%n", ("MTU", wanted))
        padi = ac.offer(service=b"1")
        padr = ac.expect(PADR)
        value = None if asked is None else struct.pack(">H", asked)
        assert padi.get(MAX_PAYLOAD) == padr.get(MAX_PAYLOAD) == value
        more = [] if answered is None else [tag(MAX_PAYLOAD, struct.pack(">H", answered))]
        ac.say(PADS, tag(SERVICE_NAME, b"1"), tag(HOST_UNIQ, padr.get(HOST_UNIQ)), *more, session=1)
        got, channel = dialer.up(1)
        os.close(channel)
        assert got["MTU"] == mtu
        dialer.clear(1)
        dialer.over(1, 3, 16)
    finally:
        ac.close()


def test_pppoe_retransmission(dialer, ac):
    """A lost PADI and a lost PADR are repeated after a second, then two."""
    dial(dialer, 1)
    first, second = ac.expect(PADI), ac.expect(PADI)
    assert first.tags == second.tags and 0.9 < second.at - first.at < 1.9
    ac.say(PADO, tag(AC_NAME, b"ac"), tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, first.get(HOST_UNIQ)))
    padr, again = ac.expect(PADR), ac.expect(PADR)
    assert again.tags == padr.tags and 0.9 < again.at - padr.at < 1.9
    ac.say(PADS, tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, padr.get(HOST_UNIQ)), session=1)
    _, channel = dialer.up(1)
    os.close(channel)
    ac.silent(2.5)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_pppoe_nobody_there(dialer, ac):
    dial(dialer, 1, timeout_ms=2000)
    assert "no access concentrator answers on line" in dialer.over(1, 6, 3)


def test_pppoe_no_session(dialer, ac):
    dial(dialer, 1, timeout_ms=1500)
    ac.offer(service=b"6121")
    assert "no session (PADS)" in dialer.over(1, 4, 34)


@pytest.mark.parametrize("error", [SERVICE_NAME_ERROR, AC_SYSTEM_ERROR, GENERIC_ERROR])
def test_pppoe_refused(dialer, ac, error):
    """An error tag in PADS: its text, escaped, is what the LNS reads."""
    dial(dialer, 1)
    ac.offer(service=b"6121")
    padr = ac.expect(PADR)
    ac.say(PADS, tag(HOST_UNIQ, padr.get(HOST_UNIQ)), tag(SERVICE_NAME, b"6121"), tag(error, b'no "ports"\n'))
    assert 'Error "no \\x22ports\\x22\\x0a"' in dialer.over(1, 4, 41)


def test_pppoe_error_in_offer(dialer, ac):
    """An error in one concentrator's PADO does not hide another's offer; alone it ends the call without further PADIs."""
    dial(dialer, 1)
    padi = ac.expect(PADI)
    ac.say(PADO, tag(AC_NAME, b"full"), tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, padi.get(HOST_UNIQ)), tag(AC_SYSTEM_ERROR, b"full"))
    other = bytes.fromhex("020000000099")
    ac.say(PADO, tag(AC_NAME, b"ac"), tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, padi.get(HOST_UNIQ)), src=other)
    assert ac.expect(PADR).dst == other
    dialer.clear(1)
    dialer.over(1, 3, 16)
    dial(dialer, 2)
    padi = ac.expect(PADI)
    ac.say(PADO, tag(AC_NAME, b"full"), tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, padi.get(HOST_UNIQ)), tag(AC_SYSTEM_ERROR, b"full"))
    assert 'AC-System-Error "full"' in dialer.over(2, 4, 41)


def test_pppoe_other_service(dialer, ac):
    dial(dialer, 1)
    ac.offer(service=b"6122")
    assert 'no access concentrator has the service "6121"' in dialer.over(1, 6, 3)


def test_pppoe_padt(dialer, ac):
    """The concentrator ends the session: CDN 1, and no PADT goes back; a PADT from elsewhere means nothing."""
    dial(dialer, 1)
    ac.take(session=9, service=b"6121")
    _, channel = dialer.up(1)
    ac.say(PADT, session=10)
    ac.say(PADT, session=9, src=bytes.fromhex("020000000099"))
    dialer.vpdnd.quiet(0.3, "BEARER_OVER")
    ac.say(PADT, tag(GENERIC_ERROR, b"line card gone"), session=9)
    assert 'PADT: the access concentrator says Generic-Error "line card gone"' in dialer.over(1, 1, 16)
    os.close(channel)
    ac.silent(0.3)


def test_pppoe_session_given_twice(dialer, ac):
    """A session that another call has is no session, and no PADT is sent that would end the other call."""
    dial(dialer, 1)
    ac.take(7, service=b"6121")
    _, channel = dialer.up(1)
    dial(dialer, 2)
    padr = ac.take(7, service=b"6121")
    assert "session 7, which another call has" in dialer.over(2, 4, 41)
    ac.say(PADS, tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, padr.get(HOST_UNIQ)), session=7)
    ac.silent(1.5)
    os.close(channel)
    dialer.clear(1)
    assert ac.expect(PADT).session == 7
    dialer.over(1, 3, 16)


def test_pppoe_cancelled(dialer, ac):
    """Given up before PADO: nothing more is sent. Given up after PADR: a session that comes yet is ended."""
    dial(dialer, 1)
    ac.expect(PADI)
    dialer.clear(1)
    dialer.over(1, 3, 16)
    ac.silent(1.5)
    dial(dialer, 2)
    ac.offer(service=b"6121")
    padr = ac.expect(PADR)
    dialer.clear(2)
    dialer.vpdnd.quiet(0.2, "BEARER_OVER")
    ac.say(PADS, tag(SERVICE_NAME, b"6121"), tag(HOST_UNIQ, padr.get(HOST_UNIQ)), session=5)
    assert ac.expect(PADT).session == 5
    dialer.over(2, 3, 16)


def test_pppoe_interface_gone(dialer, ac):
    """An interface that goes down takes its calls along; up again, it serves again."""
    dialer.dial(1, PPPOE, "1", ("ACCESS_INTERFACE", "nowhere"))
    assert "interface nowhere: looking for it: No such device" in dialer.over(1, 5, 38)
    dial(dialer, 2)
    ac.take(service=b"6121")
    _, channel = dialer.up(2)
    os.close(channel)
    dial(dialer, 3)
    ac.expect(PADI)
    ac.ip("-n", ac.netns, "link", "set", "line", "down")
    over = {got["CALL_REF"]: got for got in (dialer.vpdnd.expect("BEARER_OVER"), dialer.vpdnd.expect("BEARER_OVER"))}
    for ref, why in ((2, (1, 16)), (3, (5, 38))):
        assert "interface line: Network is down" in over[ref]["TEXT"] and (over[ref]["RESULT"], over[ref]["Q931_CAUSE"]) == why
    ac.ip("-n", ac.netns, "link", "set", "line", "up")
    while select.select([ac.socket], [], [], 0.1)[0]:
        try:
            ac.socket.recv(2048)
        except OSError:         # the pair's other end was told too
            pass
    dial(dialer, 4)
    ac.take(service=b"6121")
    _, channel = dialer.up(4)
    os.close(channel)
    dialer.clear(4)
    dialer.over(4, 3, 16)


def test_pppoe_hostile(dialer, ac):
    """Packets that are damaged, incomplete or not for us change nothing."""
    dial(dialer, 1)
    padi = ac.expect(PADI)
    uniq = tag(HOST_UNIQ, padi.get(HOST_UNIQ))
    offer = tag(AC_NAME, b"evil") + tag(SERVICE_NAME, b"6121")
    ac.say(PADO, offer)                                                         # no Host-Uniq
    ac.say(PADO, offer, tag(HOST_UNIQ, b"\0" * 8))
    ac.say(PADO, offer, tag(HOST_UNIQ, padi.get(HOST_UNIQ)[:4]))
    ac.say(PADO, tag(SERVICE_NAME, b"6121"), uniq)                              # no AC-Name
    ac.say(PADO, offer, uniq, session=1)
    ac.say(PADO, offer, uniq, struct.pack(">HH", AC_COOKIE, 500) + b"short")    # a tag beyond the end
    ac.say(PADO, offer, uniq, length=1400)
    ac.say(PADO, offer, uniq, tag(AC_COOKIE, b"x" * 1000))                      # more than fits our PADR
    ac.say(PADO, offer, uniq, b"\1")
    ac.say(PADS, uniq, tag(SERVICE_NAME, b"6121"), session=3)                   # before any PADR
    ac.say(PADT, session=3)
    ac.say(0x42, offer, uniq)
    ac.socket.send(ac.client + ac.mac + struct.pack(">H", ETH_DISCOVERY))
    ac.socket.send(ac.client + ac.mac + struct.pack(">HBBHH", ETH_DISCOVERY, 0x12, PADO, 0, 0))
    again = ac.offer(service=b"6121")                                           # the repeated PADI
    assert again.tags == padi.tags                                              # says nothing that those had said, let alone more
    padr = ac.expect(PADR)
    ac.say(PADS, uniq, tag(SERVICE_NAME, b"6121"), session=4, src=bytes.fromhex("020000000099"))
    ac.say(PADS, uniq, tag(SERVICE_NAME, b"6121"))                              # neither session nor error
    assert ac.expect(PADR).tags == padr.tags
    ac.say(PADS, uniq, tag(SERVICE_NAME, b"6121"), tag(0), b"\xff" * 3, session=0xffff)     # End-Of-List hides the rest
    got, channel = dialer.up(1)
    assert got["PPPOE_SESSION"] == 0xffff
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_pppoe_hundred(dialer, ac):
    """A hundred calls on one interface find their own answers; one socket serves them all."""
    for ref in range(1, 101):
        dial(dialer, ref, str(1000 + ref))
    asked = {}
    while len(asked) < 100:
        data, address = ac.socket.recvfrom(2048)
        if address[2] == socket.PACKET_OUTGOING:
            continue
        frame = Frame(data)
        service, uniq = frame.get(SERVICE_NAME), tag(HOST_UNIQ, frame.get(HOST_UNIQ))
        if frame.code == PADI:
            ac.say(PADO, tag(AC_NAME, b"ac"), tag(SERVICE_NAME, service), uniq)
        else:
            assert frame.code == PADR
            asked[int(service)] = True
            ac.say(PADS, tag(SERVICE_NAME, service), uniq, session=int(service))
    up = {}
    for _ in range(100):
        got = dialer.vpdnd.expect("BEARER_UP")
        up[got["CALL_REF"]] = got["PPPOE_SESSION"]
        os.close(got.fds[0])
    assert up == {ref: 1000 + ref for ref in range(1, 101)}
    packet_sockets = open(f"/proc/{dialer.process.pid}/net/packet", encoding="ascii").read().count(" 8863 ")
    assert packet_sockets == 2          # the test's is there too
    for ref in range(1, 101):
        dialer.clear(ref)
    over = {dialer.vpdnd.expect("BEARER_OVER")["CALL_REF"] for _ in range(100)}
    assert over == set(up)


@pytest.fixture
def server():
    with Server("-C", "ac1", "-S", "6121") as running:
        yield running


def test_pppoe_server(server, start_dialer):
    """A call to rp-pppoe's server: it starts its pppd for the session, and ends it with our PADT."""
    dialer = start_dialer(netns=server.netns)
    dialer.dial(1, PPPOE, "6121", ("ACCESS_INTERFACE", "cli"), ("SERVICE_NAME", "%n"))
    got, channel = dialer.up(1)
    os.close(channel)
    assert got["PEER_MAC"] == server.mac
    await_condition(server.pppd_starts, "the server's pppd starts")
    dialer.clear(1)
    dialer.over(1, 3, 16)
    await_condition(lambda: server.logged("PADT") or server.logged("closed"), lambda: f"the session ends: {server.log()}")
    dialer.dial(2, PPPOE, "6122", ("ACCESS_INTERFACE", "cli"), ("SERVICE_NAME", "%n"), timeout_ms=1500)
    dialer.over(2, 6, 3)        # it does not answer, or without this service
