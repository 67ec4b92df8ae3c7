# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets anybody can send to xl2tpd's port: the daemon lives, its memory is bounded, and it says so in one line."""
import os
import struct

import pytest

from xl2tpd_wire import (HELLO, ICRP, ICRQ, OCCN, OCRP, OCRQ, SCCCN, SCCRP, SCCRQ, STOPCCN, Daemon, Peer, avp,
                         control, message, sccrq_avps, u16, u32, wait)

RSS_SLACK_KB = 8192


@pytest.fixture
def peer(daemon):
    p = Peer(daemon)
    yield p
    p.close()


def assert_serves(daemon):
    """A new peer can still open a tunnel."""
    assert daemon.running(), daemon.text()
    other = Peer(daemon, tid=99)
    try:
        other.open()
        assert other.hello()
    finally:
        other.close()


# Fault 1: the verdict on the message type

@pytest.mark.parametrize("payload", [
    message(ICRQ, mandatory=False),
    message(ICRQ, avp(18, u32(1)), mandatory=False),
    message(OCRQ, avp(18, u32(1)), mandatory=False),
    message(200, avp(2, u16(0x100)), mandatory=False),
    message(65535, avp(3, u32(3)), mandatory=False),
    message(13, avp(9, u16(1)), mandatory=False),
    message(SCCCN, mandatory=False),
    message(ICRP, mandatory=False),
    message(OCCN, mandatory=False),
    message(0, mandatory=False),
    avp(0, b"", False) + avp(3, u32(3)),
    avp(0, u16(ICRQ), False, hidden=True) + avp(3, u32(3)),
    struct.pack("!HHHH", 0x3C08, 0, 0, ICRQ) + avp(3, u32(3)),
], ids=["icrq", "icrq-bearer", "ocrq-bearer", "type200", "type65535", "type13", "scccn", "icrp", "occn", "type0", "no-type",
        "hidden-type", "reserved-bits"])
@pytest.mark.parametrize("where", ["no-tunnel", "tunnel"])
def test_refused_message_type_ends_the_message(daemon, peer, payload, where):
    if where == "tunnel":
        peer.open()
        lines = len(daemon.text().splitlines())
        peer.send(payload)
        peer.receive(1)
        assert daemon.running(), daemon.text()
        # a few of stock's own lines about the same message may stand beside ours
        assert len(daemon.text().splitlines()) - lines <= 4
    else:
        peer.raw(control(0, 0, 0, 0, payload))
        assert peer.receive(0.5) is None
        daemon.await_log("Ignoring packet from")
        assert daemon.tunnels() == {}
    assert_serves(daemon)


@pytest.mark.parametrize("attr", [14, 15, 18, 21, 22, 23, 25])
@pytest.mark.parametrize("msgtype", [OCRQ, OCRP, ICRP])
def test_call_avps_without_a_call(daemon, peer, msgtype, attr):
    peer.open()
    peer.send(message(msgtype, avp(attr, b"\0\0\0\1" if attr in (15, 18, 25) else b"\0\1"), mandatory=False))
    peer.receive(1)
    assert_serves(daemon)


@pytest.fixture
def challenged(tmp_path):
    """A daemon that wants authentication, and a peer whose SCCRQ it has answered."""
    (tmp_path / "secrets").write_text("* * right\n")
    d = Daemon(tmp_path, sections="[lns default]\nip range = 10.99.0.2-10.99.0.9\nlocal ip = 10.99.0.1\nchallenge = yes\n")
    p = Peer(d)
    p.send(message(SCCRQ, *sccrq_avps(p.tid)))
    p.expect(SCCRP)
    yield d, p
    p.close()
    d.stop()


def test_failed_authentication_is_answered_with_not_authorized(challenged):
    _, p = challenged
    p.send(message(SCCCN, avp(13, b"\0" * 16)))
    assert p.expect(STOPCCN).value(1)[:4] == u16(4) + u16(0)


def test_unauthenticated_sccrp_opens_no_tunnel(challenged):
    """A challenge of ours that was not answered is not passed by clearing the M bit of the message type."""
    d, p = challenged
    p.send(message(SCCRP, *sccrq_avps(p.tid), mandatory=False))
    p.receive(0.5)
    p.send(message(ICRQ, avp(14, u16(1)), avp(15, u32(1)), mandatory=False))
    got = p.receive(0.5)
    while got is not None:
        assert got.type != ICRP
        got = p.receive(0.5)
    assert d.running(), d.text()
    assert "Connection established" not in d.text()


# Fault 2: room for an AVP header

@pytest.mark.parametrize("tail", range(1, 6))
def test_avp_tail_shorter_than_a_header(daemon, peer, tail):
    peer.open()
    peer.send(message(HELLO) + b"\x80\x06\0\0\0"[:tail])
    assert peer.expect(STOPCCN).value(1)[:4] == u16(2) + u16(2)
    daemon.await_log("%d trailing bytes are too few" % tail)
    assert daemon.logged("trailing bytes") == 1
    assert_serves(daemon)


@pytest.mark.parametrize("tail", range(1, 6))
def test_avp_tail_at_the_end_of_the_buffer(daemon, peer, tail):
    """The receive buffer is 4096 octets, ten of them kept free in front and two behind, for a frame's FCS."""
    peer.open()
    room = 4084 - 12 - 8 - tail
    filler = b""
    while room > len(filler):
        part = min(1000, room - len(filler))
        if 0 < room - len(filler) - part < 6:
            part -= 6
        filler += avp(5, b"\0" * (part - 6), mandatory=False)
    payload = message(HELLO) + filler + b"\xff" * tail
    assert len(payload) + 12 == 4084
    peer.send(payload)
    assert peer.expect(STOPCCN).value(1)[:4] == u16(2) + u16(2)
    assert_serves(daemon)


@pytest.mark.parametrize("bad", [struct.pack("!HHH", 0x8005, 0, 2), struct.pack("!HHH", 0, 0, 77), struct.pack("!HHH", 0x83FF, 0, 3),
                                 struct.pack("!HHH", 0x0007, 0, 77)],
                         ids=["five", "zero-unknown", "too-long", "too-long-unknown"])
def test_avp_length_is_checked_before_the_attribute(daemon, peer, bad):
    peer.open()
    peer.send(message(HELLO) + bad)
    assert peer.expect(STOPCCN).value(1)[:4] == u16(2) + u16(2)
    assert_serves(daemon)


# Fault 3: the vendor id

def test_avp_of_another_vendor_is_not_ours(daemon, peer):
    """Vendor 3561 attribute 9 is no Assigned Tunnel ID, attribute 7 no Host Name."""
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid), avp(9, u16(31), False, vendor=3561), avp(7, b"other", False, vendor=9)))
    assert peer.expect(SCCRP).tid == peer.tid
    peer.send(message(SCCCN))
    peer.expect(None)
    # neither are attributes whose handlers would refuse these lengths
    peer.send(message(HELLO, avp(2, b"\0", False, vendor=3561), avp(0, b"", False, vendor=9)))
    assert peer.hello()
    assert daemon.logged("Bad exit status") == 0


def test_mandatory_avp_of_another_vendor_ends_the_tunnel_with_error_8(daemon, peer):
    peer.open()
    peer.send(message(HELLO, avp(2, u16(0x100), vendor=3561)))
    assert peer.expect(STOPCCN).value(1)[:4] == u16(2) + u16(8)


def test_first_avp_of_another_vendor_is_no_message_type(daemon, peer):
    peer.open()
    peer.send(avp(0, u16(HELLO), False, vendor=9))
    assert peer.expect(STOPCCN).value(1)[:2] == u16(2)
    assert_serves(daemon)


# Fault 4: packets without a tunnel

GARBAGE = [
    b"\0" * 6,
    b"\xff" * 4 + b"\0" * 4 + b"\xff" * 40,
    b"\xc8\x02\x00\x40\0\0\0\0" + os.urandom(56),
    struct.pack("!HHH", 0x0002, 0, 0) + b"data",                                # a data packet
    struct.pack("!HHHH", 0x4002, 12, 0, 0) + b"data",
    struct.pack("!HHHH", 0x4001, 12, 0, 0) + b"L2F.",                           # L2F
    control(0, 0, 0, 0),                                                        # a ZLB
    control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(1)), bits=0xC801),
    control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(1)), bits=0xC803),
    control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(1)), bits=0x4802),
    control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(1)), bits=0x8802),
    control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(1)), bits=0xC002),
    control(0, 0, 1, 0, message(SCCRQ, *sccrq_avps(1))),                        # Ns is not 0
    control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(1)), length=20),
    control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(1)) + b"\0\0\0"),
    control(0, 0, 0, 0, message(HELLO)),
    control(0, 0, 0, 0, message(SCCCN)),
    control(0, 0, 0, 0, message(STOPCCN, avp(9, u16(1)), avp(1, u16(1)))),
    control(0, 0, 0, 0, avp(7, b"x") + message(SCCRQ, *sccrq_avps(1))),
    control(0, 0, 0, 0, avp(0, u16(SCCRQ), vendor=9) + avp(9, u16(1))),
]


def test_garbage_without_tunnel_allocates_nothing(daemon, peer):
    peer.open()
    before = daemon.rss_kb()
    for i in range(20000):
        peer.raw(GARBAGE[i % len(GARBAGE)])
        if i % 100 == 0:
            assert peer.hello()
    assert peer.hello()
    assert daemon.running(), daemon.text()
    assert list(daemon.tunnels()) == [peer.their_tid]
    assert daemon.rss_kb() - before < RSS_SLACK_KB
    refused = daemon.logged("Ignoring packet from")
    assert 1 <= refused <= 4, daemon.text()


def test_packets_for_unknown_tunnels_and_sessions_do_not_flood_the_log(daemon, peer):
    peer.open()
    before = len(daemon.text().splitlines())
    unknown = next(n for n in range(1, 9) if n != peer.their_tid)
    for i in range(3000):
        peer.raw(control(unknown, 0, 0, 0, message(HELLO)))
        peer.raw(struct.pack("!HHH", 0x0002, peer.their_tid, 1 + i) + b"\xff\x03\xc0\x21")
        if i % 100 == 0:
            assert peer.hello()
    assert peer.hello()
    assert len(daemon.text().splitlines()) - before <= 4, daemon.text()


def test_half_open_tunnels_are_bounded(daemon, peer):
    peer.open()
    before = daemon.rss_kb()
    flood = Peer(daemon, tid=0)
    try:
        for i in range(1, 3001):
            flood.raw(control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(i))))
            if i % 50 == 0:
                assert peer.hello()
        assert peer.hello()
        assert len(daemon.tunnels()) <= 257
        assert daemon.rss_kb() - before < RSS_SLACK_KB
        assert 1 <= daemon.logged("too many tunnels are half open") <= 4
    finally:
        flood.close()


def test_half_open_tunnel_ends_by_itself(daemon, peer):
    """A peer that acknowledges our SCCRP and never goes on."""
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid)))
    peer.expect(SCCRP)
    assert peer.expect(STOPCCN, 40).value(1)[:2] == u16(7)
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")


@pytest.mark.parametrize("more", [avp(0, u16(SCCRQ), mandatory=False), avp(0, u16(HELLO), mandatory=False)], ids=["same-type", "other-type"])
def test_first_message_that_is_refused_leaves_no_tunnel(daemon, peer, more):
    """An SCCRQ with two Message Types is none (RFC 2661, 4.4.1); without the M bit nobody is told, and it is not acknowledged either."""
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid), more, mandatory=False))
    daemon.await_log("second message type")
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")
    assert list(peer.everything(0.5)) == []
    assert_serves(daemon)


def test_repeated_sccrq_opens_one_tunnel(daemon, peer):
    request = control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(peer.tid)))
    for _ in range(3):
        peer.raw(request)
    peer.ns = 1
    peer.expect(SCCRP)
    peer.send(message(SCCCN))
    assert peer.hello()
    wait(lambda: daemon.tunnels() == {peer.their_tid: 0}, "one tunnel")


def test_repeated_sccrq_is_not_judged_again(tmp_path):
    """A refusal of the repetition would name the tunnel that is being set up."""
    d = Daemon(tmp_path)
    p = Peer(d)
    try:
        p.send(message(SCCRQ, *sccrq_avps(p.tid)))
        p.expect(SCCRP)
        p.raw(control(0, 0, 0, 0, message(SCCRQ, avp(7, b"peer"), avp(9, u16(p.tid)))))
        assert all(m.type != STOPCCN for m in p.everything(1))
        p.send(message(SCCCN))
        assert p.hello()
    finally:
        p.close()
        d.stop()


def test_packet_of_another_version_does_not_take_a_sequence_number(daemon, peer):
    peer.open()
    for bits in (0xC801, 0xC803, 0xC802 & ~0x0800, 0xC802 & ~0x4000):
        peer.raw(control(peer.their_tid, 0, peer.ns, peer.nr, message(HELLO), bits=bits))
    assert peer.call(1)
