# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdn-dialer with the kernel's PPP: channels that work, and whose end is seen. vpdnd is a stand-in (fakes.py).

What needs no PPP in the kernel is in tests/dialer; whole calls are in test_dialout*.py.
"""

import os
import select

import pytest

import fakes
import leaks
import modem
import roles
from fakes import u8, u16, u32
from test_lab_selfcheck import PPPIOCATTCHAN, PPPIOCGCHAN, int_ioctl
from waiting import await_condition

CHAT, PPPOE, EXEC = 1, 2, 3                 # enum vpdn_dialer_kind
LCP_REQUEST = b"\xc0\x21\x01"               # of a frame: PPP protocol, Configure-Request
SCRIPT = ("", "ATZ", "OK", "ATDT%n", "CONNECT", "")
PPPD = ("noauth", "nodetach", "lcp-restart", "1", "10.0.0.1:10.0.0.2")


def attach(line):
    """A descriptor of the line's channel."""
    channel = os.open("/dev/ppp", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    int_ioctl(channel, PPPIOCATTCHAN, int_ioctl(line, PPPIOCGCHAN))
    return channel


class Dialer:
    """The daemon at the LAC, and its vpdnd."""

    def __init__(self, lab):
        self.node, vpdnd = lab.lac, fakes.Vpdnd(lab.lac)
        self.daemon = roles.start_unit(lab.lac, "vpdn-dialer")
        self.vpdnd = await_condition(lambda: vpdnd.plugins and vpdnd.plugins.pop(0), "the dialer to connect")
        hello = self.vpdnd.await_message("HELLO")
        self.vpdnd.send("HELLO_ACK", [("VERSION", u8(1)), ("NAME", "vpdnd")], seq=hello.seq, flags=fakes.REPLY)
        self.daemon.await_line("connected to vpdnd")
        self.before = leaks.count(lab.lac, (self.daemon,))

    def dial(self, kind, *more):
        """BEARER_START and BEARER_UP; the line's descriptor, and one of its channel."""
        self.vpdnd.messages.clear()
        self.vpdnd.send("BEARER_START", [("CALL_REF", u32(1)), ("NAME", "dialer"), ("DIALER_KIND", u8(kind)), ("CALLED_NUMBER", "6121"),
                                         ("TIMEOUT_MS", u32(20000)), *more])
        line = self.vpdnd.await_message("BEARER_UP").fds[0]
        return line, self.node.call(attach, line)

    def clear(self):
        self.vpdnd.send("BEARER_CLEAR", [("CALL_REF", u32(1)), ("TEXT", "the test is done")])

    def over(self, result, text):
        message = self.vpdnd.await_message("BEARER_OVER")
        assert message.number("RESULT") == result and text in message.text(), message
        return message

    def assert_nothing_left(self):
        leaks.await_same(self.before)
        assert not [name for name in self.node.call(os.listdir, "/run/lock") if name.startswith("LCK..")]


@pytest.fixture
def dialer(lab):
    return Dialer(lab)


def await_request(channel):
    """LCP of who is at the other end comes through the channel."""
    def came():
        assert select.select([channel], [], [], 20)[0], "no frame"
        return os.read(channel, 4096).startswith(LCP_REQUEST)
    await_condition(came, "a Configure-Request")


def close(*descriptors):
    for descriptor in descriptors:
        os.close(descriptor)


def listed(tlv, values):
    return [(tlv, value) for value in values]


@pytest.mark.parametrize("end", ["cleared", "line cut"])
def test_dialer_chat(lab, dialer, end):
    """A tty under N_PPP: frames of the pppd behind the modem come; the loss of carrier is seen at once."""
    emulated = modem.Modem("/dev/modem-dialer", {"6121": modem.Remote(lab.client, PPPD)})
    try:
        line, channel = dialer.dial(CHAT, ("DEVICE", emulated.path), ("BAUD", u32(115200)), *listed("SCRIPT", SCRIPT))
        await_request(channel)
        if end == "cleared":
            close(line, channel)
            dialer.clear()
            dialer.over(3, "the test is done")
            emulated.await_event("hung up: DTR")
        else:
            emulated.drop_carrier()
            dialer.over(1, "carrier lost")
            close(line, channel)
        dialer.assert_nothing_left()
    finally:
        emulated.close()


@pytest.mark.parametrize("end", ["cleared", "ended"])
def test_dialer_exec(dialer, end):
    """pppd itself is the program: it speaks asynchronous PPP on standard input and output."""
    line, channel = dialer.dial(EXEC, *listed("COMMAND", ("/usr/sbin/pppd", "notty", *PPPD)))
    await_request(channel)
    if end == "cleared":
        close(line, channel)
        dialer.clear()
        dialer.over(3, "the test is done")
    else:
        for pid in dialer.node.pids("pppd"):
            os.kill(pid, 15)
        dialer.over(1, "the command has ended: exit status ")
        close(line, channel)
    dialer.assert_nothing_left()


@pytest.mark.parametrize("end", ["cleared", "PADT"])
def test_dialer_pppoe(lab, dialer, end):
    """A session in the kernel with the distribution's server; it ends by PADT, ours or the server's."""
    lab.client.write("/etc/ppp/pppoe-server-options", "noauth\nlcp-restart 1\n")
    server = lab.client.spawn("pppoe-server", ["pppoe-server", "-F", "-I", "eth0", "-C", "ac", "-k"])
    lab.client.await_packet_socket()
    line, channel = dialer.dial(PPPOE, ("ACCESS_INTERFACE", "eth1"), ("MTU", u16(1492)))
    await_request(channel)
    assert leaks.pppoe_count(dialer.node) == 1
    if end == "cleared":
        close(line, channel)
        dialer.clear()
        dialer.over(3, "the test is done")
        await_condition(lambda: leaks.pppoe_count(lab.client) == 0, "the server's session is gone")
    else:
        for pid in lab.client.pids("pppd"):
            os.kill(pid, 15)
        dialer.over(1, "PADT: the access concentrator says Generic-Error")
        close(line, channel)
    dialer.assert_nothing_left()
    server.stop()
