# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may open a tunnel, and which packets are looked at at all."""
import os
import re
import signal
import socket
import struct
import time

import pytest

from scripted_peer import ScriptedPeer
from xl2tpd_wire import (CDN, HELLO, ICRQ, SCCCN, SCCRP, SCCRQ, STOPCCN, Message, Peer, avp, control, message, sccrq_avps, u16,
                         u32)

BOTH = pytest.mark.builds("ordinary", "sanitized")
HALF_OPEN, HALF_OPEN_PEER = 1024, 128


def sccrq(tid):
    return control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(tid)))


class Flood:
    """SCCRQs from so many ports, of so many addresses; what comes back is not read."""

    def __init__(self, daemon, ports, addresses):
        self.sockets = []
        for i in range(ports):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            s.bind((addresses[i % len(addresses)], 0))
            self.sockets.append(s)
        self.to = (daemon.address, daemon.port)
        self.sent = 0

    def send(self, number):
        for _ in range(number):
            self.sockets[self.sent % len(self.sockets)].sendto(sccrq(1 + self.sent % 65535), self.to)
            self.sent += 1

    def close(self):
        for s in self.sockets:
            s.close()


@BOTH
@pytest.mark.parametrize("addresses", [["127.0.0.66"], ["127.1.%d.%d" % (i // 200, i % 200 + 1) for i in range(500)]],
                         ids=["one-address", "many-addresses"])
def test_half_open_flood(start, addresses):
    """50,000 SCCRQs: the tunnel that is up and its calls go on, new honest ones come up meanwhile and afterwards, memory is bounded."""
    daemon = start()
    peer = Peer(daemon).open()
    peer.call(1)
    before, count = daemon.rss_kb(), 50000
    flood = Flood(daemon, 500, addresses)
    honest = []
    slowest = 0
    while flood.sent < count:
        flood.send(250)
        assert peer.hello(), "the tunnel is dead:\n" + daemon.text()
        if flood.sent % 5000 == 0:
            peer.send(message(CDN, avp(1, u16(3)), avp(14, u16(1))))
            peer.expect(None)
            peer.call(1)
            begin = time.monotonic()
            honest.append(ScriptedPeer(daemon, tid=1000 + len(honest), timeout=0.5))
            honest[-1].open()
            slowest = max(slowest, time.monotonic() - begin)
    most = len(daemon.tunnels())
    assert most <= 1 + len(honest) + (HALF_OPEN if len(addresses) > 1 else HALF_OPEN_PEER), most
    grown = daemon.rss_kb() - before
    assert grown < 32 * HALF_OPEN, "%d kB for %d half-open tunnels" % (grown, HALF_OPEN)
    assert len(daemon.text().splitlines()) < 100 + HALF_OPEN
    # from where the flood came from, too
    honest.append(ScriptedPeer(daemon, tid=999, timeout=0.5, address=addresses[0]).open())
    print("%d tunnels at most, %d kB more, the slowest of %d honest peers took %.2f s"
          % (most, grown, len(honest), slowest))
    flood.close()
    assert peer.hello()
    for p in honest + [peer]:
        p.close()


def status(daemon):
    """{reason: packets ignored}, as SIGUSR1 has them logged."""
    before = daemon.logged("==========Config File")
    daemon.process.send_signal(signal.SIGUSR1)
    daemon.await_log("==========Config File", before + 1)
    text = daemon.text()
    return {reason: int(number) for reason, number in
            re.findall(r"Packets ignored, (.*): (\d+)", text[text.rindex("xl2tpd statistics"):])}


@BOTH
def test_spoofed(start):
    """What comes from another address, or another port of the same one, has no effect: not on calls, numbers or the tunnel."""
    daemon = start()
    peer = Peer(daemon).open()
    sid = peer.call(1)
    others = [Peer(daemon, address="127.0.0.1"), Peer(daemon, address="127.0.0.2", port=peer.socket.getsockname()[1])]
    sent = 0
    for other in others:
        for ahead in (0, 1):
            for payload, session in ((message(STOPCCN, avp(9, u16(peer.tid)), avp(1, u16(1))), 0),
                                     (message(CDN, avp(1, u16(3)), avp(14, u16(1))), sid), (message(HELLO), 0), (b"", 0),
                                     (message(ICRQ, avp(14, u16(2)), avp(15, u32(2))), 0)):
                other.raw(control(peer.their_tid, session, peer.ns + ahead, peer.nr + 10, payload))
                sent += 1
        other.raw(struct.pack("!HHH", 0x0002, peer.their_tid, sid) + b"\xff\x03\xc0\x21")
        sent += 1
    assert peer.hello()
    assert daemon.tunnels() == {peer.their_tid: 1}
    assert all(list(other.everything(0.1)) == [] for other in others)
    peer.call(2)
    assert peer.source == (daemon.address, daemon.port)
    assert status(daemon) == {"it does not come from the tunnel's peer": sent}
    for p in others + [peer]:
        p.close()


def test_peer_answers_from_another_port(start):
    """RFC 2661, section 8.1: the one we have sent an SCCRQ to answers from a port of its choice, which then stays."""
    listener = Peer(None, address="127.0.0.5")
    daemon = start(sections="[lac peer]\nlns = %s:%d\nautodial = yes\n" % listener.socket.getsockname())
    got = Message(listener.socket.recv(4096))
    assert got.type == SCCRQ
    peer = Peer(daemon, tid=77, address="127.0.0.5")
    peer.their_tid, peer.nr = got.number(9), 1
    peer.send(message(SCCRP, *sccrq_avps(77)))
    peer.expect(SCCCN)
    assert peer.hello()
    for p in (listener, Peer(daemon)):
        p.to = peer.to
        p.raw(control(peer.their_tid, 0, peer.ns, peer.nr, message(STOPCCN, avp(9, u16(77)), avp(1, u16(1)))))
        p.close()
    assert peer.hello()
    peer.close()


@BOTH
def test_l2f_dropped(start):
    """Versions 1 and 3, control and data, of a tunnel that is and of one that is not: counted, and nothing is allocated."""
    daemon = start()
    peer = Peer(daemon).open()
    sid = peer.call(1)
    for i in range(500):
        if i == 100:  # the allocator has what it wants by now; 128 kB are less than 50 octets a packet
            before, tunnels = daemon.rss_kb(), daemon.tunnels()
        for version in (1, 3):
            for tid in (0, peer.their_tid, 4242):
                peer.raw(control(tid, 0, peer.ns, peer.nr, message(SCCRQ, *sccrq_avps(99)), bits=0xC800 | version))
                peer.raw(struct.pack("!HHH", version, tid, sid) + b"\xff\x03\xc0\x21" * 10)
            peer.raw(struct.pack("!HH", version, 0) + b"\0" * 40)
        if i % 10 == 0:
            assert peer.hello()
    assert peer.hello()
    assert daemon.tunnels() == tunnels
    assert daemon.rss_kb() - before <= 128
    assert status(daemon) == {"it is of version 1, L2F": 3500, "it is of version 3, L2TPv3": 3500}
    assert daemon.logged("Ignoring packet") <= 3
    peer.close()


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.2", "127.7.7.7"])
def test_source_address(start, asked):
    """A daemon that listens on every address answers from the one that was asked, whatever comes to another one later."""
    daemon = start(listen="0.0.0.0")
    peer = Peer(daemon, to=asked).open()
    peer.call(1)
    assert peer.source == (asked, daemon.port)
    peer.to = ("127.0.0.99", daemon.port)
    peer.call(2)
    assert peer.source == (asked, daemon.port)
    peer.close()


def test_icmp_refused(start):
    """The peer's port is closed for a while: an ICMP error for every packet, and the tunnel and its kernel socket stay."""
    daemon = start(fake_kernel=True, fake_clock="speed=4")
    peer = Peer(daemon).open()
    sid = peer.call(1)
    fds = os.listdir("/proc/%d/fd" % daemon.process.pid)
    port = peer.socket.getsockname()[1]
    peer.close()
    daemon.command("h %d" % sid)
    time.sleep(1.5)                         # the CDN and two retransmissions of it
    back = Peer(daemon, port=port)
    back.their_tid, back.ns, back.nr = peer.their_tid, peer.ns, peer.nr
    back.expect(CDN)
    assert back.hello()
    assert daemon.tunnels() == {peer.their_tid: 0}
    assert os.listdir("/proc/%d/fd" % daemon.process.pid) == fds
    back.call(2)
    back.close()
