# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest has what the other tests build on: kernel PPP, PPPoE, L2TP, channel bridging."""

import errno
import fcntl
import os
import pty
import socket
import struct
import termios

import pytest

import decode
import labnet
import leaks
import roles

N_PPP = 3
AF_PPPOX, PX_PROTO_OL2TP = 24, 1
PPPIOCNEWUNIT, PPPIOCGCHAN = 0xc004743e, 0x80047437
PPPIOCATTCHAN, PPPIOCBRIDGECHAN = 0x40047438, 0x40047435


def int_ioctl(descriptor, request, value=0):
    """An ioctl that takes a pointer to an int; returns the int afterwards."""
    return struct.unpack("i", fcntl.ioctl(descriptor, request, struct.pack("i", value)))[0]


def attached_channel(terminal):
    """A /dev/ppp attached to the channel of a terminal put into PPP discipline."""
    int_ioctl(terminal, termios.TIOCSETD, N_PPP)
    channel = os.open("/dev/ppp", os.O_RDWR | os.O_CLOEXEC)
    number = int_ioctl(terminal, PPPIOCGCHAN)
    int_ioctl(channel, PPPIOCATTCHAN, number)
    return channel, number


@pytest.mark.stock
def test_lab_kernel_ppp():
    """/dev/ppp opens and makes interfaces, and the kernel bridges channels."""
    unit = os.open("/dev/ppp", os.O_RDWR | os.O_CLOEXEC)
    number = int_ioctl(unit, PPPIOCNEWUNIT, -1)
    assert os.path.exists(f"/sys/class/net/ppp{number}")
    terminals = [*pty.openpty(), *pty.openpty()]
    (first, _), (second, number) = attached_channel(terminals[1]), attached_channel(terminals[3])
    int_ioctl(first, PPPIOCBRIDGECHAN, number)
    with pytest.raises(OSError) as error:
        int_ioctl(second, PPPIOCBRIDGECHAN, number)
    assert error.value.errno == errno.EALREADY
    for descriptor in (unit, first, second, *terminals):
        os.close(descriptor)


@pytest.mark.stock
@pytest.mark.ppp252
def test_lab_pppd(lab):
    """pppd is the one that is to be tested, for all nodes."""
    version = "2.5.2" if roles.PPP252 else "2.4.9"
    for node in (lab.client, lab.lac, lab.lns):
        assert f"version {version}" in node.run(["pppd", "--version"])


@pytest.mark.stock
def test_lab_nodes(lab):
    """Nodes see their own network, /run and processes, and nothing of each other's."""
    lab.lac.ping(lab.LNS)
    lab.lac.ping(lab.LNS2)
    labnet.transfer(lab.lac, lab.lns, lab.LNS, 100_000)
    lab.lac.write("/run/only-here", "x")
    assert lab.lac.exists("/run/only-here") and not lab.lns.exists("/run/only-here")
    sleeper = lab.lns.spawn("sleep", ["sleep", "1000"])
    assert list(lab.lns.processes()) == [sleeper.pid] and not lab.lac.processes()
    lab.lns.run(["sh", "-c", "logger hello || python3 -c 'import syslog; syslog.syslog(\"hello\")'"])
    lab.lns.syslog.await_line("hello")


@pytest.mark.stock
def test_lab_capture(lab):
    """A capture is running when it is said to be, and L2TP is decoded from it."""
    capture = lab.lns.capture("eth0")
    message = bytes.fromhex("c802001c00000000000000008008000000000001800800000002" "0100")
    with lab.lac.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(message, (lab.LNS, decode.L2TP_PORT))
    seen = capture.await_packet(decode.Control, message="SCCRQ")
    assert seen.value(2) == b"\1\0" and seen.avp(2).mandatory


@pytest.mark.stock
def test_lab_kernel_l2tp(lab):
    """l2tp_ppp makes tunnels and sessions, and the leak counter sees them."""
    before = leaks.count(lab.lac)
    with lab.lac.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((lab.LAC, 1701))
        udp.connect((lab.LNS, 1701))
        tunnel = lab.lac.socket(AF_PPPOX, socket.SOCK_DGRAM, PX_PROTO_OL2TP)
        # struct sockaddr_pppol2tp: family, protocol, pid, fd, sockaddr_in, ids.
        address = struct.pack("=HI", AF_PPPOX, PX_PROTO_OL2TP) + struct.pack(
            "=iiH2s4s8sHHHH", 0, udp.fileno(), socket.AF_INET, struct.pack("!H", 1701),
            socket.inet_aton(lab.LNS), bytes(8), 7, 0, 9, 0)
        lab.lac.call(connect_raw, tunnel, address)
        assert leaks.l2tp_counts(lab.lac) == (1, 0)
        tunnel.close()
    leaks.await_same(before)


def connect_raw(sock, address):
    """connect() with an address family Python does not know."""
    labnet.check_call(labnet.libc.connect(sock.fileno(), address, len(address)))
