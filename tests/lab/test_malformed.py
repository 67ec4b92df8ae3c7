# SPDX-License-Identifier: GPL-2.0-or-later
"""Malformed and hostile packets: the daemon lives, its memory is bounded, it goes on serving.

The packets are those that crashed or bloated the distribution's xl2tpd 1.3.18 and
pppoe-server 3.15.
"""

import socket
import struct

import pytest

import decode
import roles
import subscriber
from labnet import Topology
from peer import MANDATORY, avp, control, u16

SCCRQ, SCCRP, SCCCN, OCRQ, OCCN, ICRQ, ICRP = 1, 2, 3, 7, 9, 10, 11
MAX_GROWTH_KB = 2048
FLOOD = 20_000


def message(kind, *avps, flags=0):
    """A control message for tunnel 0 whose Message Type has M=0 unless flags say so."""
    return control(avp(0, u16(kind), flags) + b"".join(avps))


def good_sccrq(*more):
    return message(SCCRQ, avp(2, b"\1\0"), avp(7, b"LAC"), avp(3, bytes(4)), avp(9, u16(77)),
                   avp(10, u16(4)), *more, flags=MANDATORY)


# Message-Type handlers that fail without M, on an idle daemon.
SPOOFED = {
    "icrq": message(ICRQ, avp(14, u16(5)), avp(15, bytes(4))),
    "ocrq_bearer": message(OCRQ, avp(14, u16(5)), avp(18, bytes(4))),
    "ocrq_framing": message(OCRQ, avp(14, u16(5)), avp(19, bytes(4))),
    "ocrq_speeds": message(OCRQ, avp(16, bytes(4)), avp(17, bytes(4)), avp(21, b"1")),
    "occn": message(OCCN, avp(24, bytes(4)), avp(38, bytes(4))),
    "scccn": message(SCCCN, avp(13, bytes(16))),
    "sccrp": message(SCCRP, avp(2, b"\1\0"), avp(7, b"x"), avp(3, bytes(4)), avp(9, u16(9))),
    "icrp": message(ICRP, avp(14, u16(5))),
    "unknown_type": message(0x7fff, avp(9, u16(9))),
    "type_25": message(25, avp(9, u16(9))),
    "no_message_type": control(avp(9, u16(9))),
    "empty_avp": control(avp(0, b"")),
}
SPOOFED.update({f"tail_{n}": message(SCCRQ, avp(2, b"\1\0"), b"\x80\x08\0\0\0"[:n], flags=MANDATORY)
                for n in range(1, 6)})
SPOOFED["avp_too_long"] = control(avp(0, u16(SCCRQ)) + struct.pack("!HHH", 0x83ff, 0, 7) + b"x")
SPOOFED["avp_too_short"] = control(avp(0, u16(SCCRQ)) + struct.pack("!HHH", 0x8003, 0, 7))


@pytest.fixture
def attacked(lab):
    """The LNS of the samples and a socket that talks to it from the LAC's address."""
    lns = roles.start_lns(lab)
    udp = lab.lac.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((Topology.LAC, 1701))
    udp.connect((Topology.LNS, 1701))
    udp.settimeout(5)
    yield lab, lns, udp
    udp.close()


def receive_message(udp, name):
    """Wait for a control message of that name."""
    while True:
        packet = decode.parse_l2tp(udp.recv(2048), 0, Topology.LNS, Topology.LAC)
        if isinstance(packet, decode.Control) and packet.message == name:
            return packet


def assert_serves(lns, udp):
    """It still answers an SCCRQ."""
    assert lns.xl2tpd.running(), lns.xl2tpd.tail(60)
    udp.send(good_sccrq())
    assert receive_message(udp, "SCCRP").value(7)


def test_malformed_l2tp(attacked):
    """Spoofed and truncated control messages do not end an idle xl2tpd."""
    _, lns, udp = attacked
    for name, packet in SPOOFED.items():
        udp.send(packet)
        assert lns.xl2tpd.running(), name
    for length in range(len(good_sccrq())):
        udp.send(good_sccrq()[:length])
    assert_serves(lns, udp)


def test_malformed_l2tp_vendor(attacked):
    """A vendor's attribute 2 is not the protocol version."""
    _, lns, udp = attacked
    udp.send(good_sccrq(avp(2, b"\x7f\x7f", flags=0, vendor=3561)))
    assert receive_message(udp, "SCCRP")
    assert lns.xl2tpd.running()


def test_malformed_l2tp_flood(attacked):
    """Packets with tunnel id 0 that are no SCCRQ leave no tunnel and no memory behind."""
    _, lns, udp = attacked
    assert_serves(lns, udp)
    before, lines = lns.xl2tpd.rss_kb(), len(lns.log().splitlines())
    junk = [b"\0" * 20, b"\xff" * 60, struct.pack("!HHHH", 0x4002, 12, 0, 0) + b"data",
            struct.pack("!HHHHHH", 0xc803, 12, 0, 0, 0, 0), struct.pack("!HHHHHH", 0xc801, 12, 0, 0, 0, 0),
            control(b""), SPOOFED["unknown_type"], SPOOFED["icrq"], SPOOFED["tail_3"]]
    for number in range(FLOOD):
        udp.send(junk[number % len(junk)])
    assert_serves(lns, udp)
    assert lns.xl2tpd.rss_kb() - before < MAX_GROWTH_KB
    assert len(lns.log().splitlines()) - lines < FLOOD, "more than a line a packet"


def test_malformed_pppoe_padr(lab):
    """A PADR without Service-Name and with a Host-Uniq as long as the frame."""
    lac = roles.start_lac(lab)
    access = subscriber.Access(lab.client)
    probe = access.add(roles.LOCAL_USER, roles.LOCAL_PASSWORD)
    probe.dial()
    access.run(lambda: probe.state != "discovery", "PADO and PADS")
    for size in (1488, 1480, 1400, 1300, 700, 0):
        tags = subscriber.tag(subscriber.TAG_HOST_UNIQ, b"u" * size)
        probe.session = 0
        probe.send_discovery(subscriber.PADR, tags[:1494])
        probe.send_discovery(subscriber.PADI, tags[:1494])
        probe.send_discovery(subscriber.PADR, (subscriber.tag(
            subscriber.TAG_SERVICE, b"no such service") + tags)[:1494])
    assert lac.pppoe.running(), lac.pppoe.tail(60)
    fresh = access.add(roles.LOCAL_USER, roles.LOCAL_PASSWORD)
    fresh.dial()
    access.run(lambda: fresh.state == "up", "a new subscriber up")
    fresh.ping(roles.LAC_LOCAL)
    assert lac.pppoe.running()
    access.close()
