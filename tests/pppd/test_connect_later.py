# SPDX-License-Identifier: GPL-2.0-or-later
"""
A call with CONNECT_LATER in the distribution's pppd as a template: its child starts, attaches to the channel, and waits for
CALL_CONNECTED before it says a word. The channel is a socket whose other end is the test's (fake_ppp.c); with PPP: tests/lab.
"""
import os
import select
import signal
import socket

import pytest

from native_pppd import FAKE_PPP, PLUGINS, Pppd
from xl2tpd_ipc import Connection, wait

L2TP = 3            # ACCESS
HANGUP = 16         # pppd(8)
QUIET = 0.7         # seconds; a child that does not wait has begun LCP by then


@pytest.fixture
def template(tmp_path):
    served = Pppd(tmp_path / "pppd", "nodetach", "noauth", "plugin", PLUGINS + "/vpdn-serve.so", "vpdn-template", "corp",
                  "vpdn-template-dir", str(tmp_path), preload=FAKE_PPP)
    served.path = str(tmp_path / "corp.sock")
    wait(lambda: os.path.exists(served.path), lambda: "the template's socket:\n" + served.log())
    yield served
    served.stop()


@pytest.fixture
def call(template):
    """A call that waits: its connection, with pid and the other end of its session."""
    c = Connection(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    c.socket.connect(template.path)
    session, c.session = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    c.say("CALL_START", ("ACCESS", L2TP), ("CONNECT_LATER", 1), ("OPTION", "10.0.0.1:10.0.0.2"), seq=1, fds=[session.fileno()])
    session.close()
    c.pid = c.expect("CALL_STARTED")["PID"]
    assert not select.select([c.socket, c.session], [], [], QUIET)[0], "it does not wait"
    yield c
    c.close()
    c.session.close()


def gone(pid):
    return not os.path.exists("/proc/%d" % pid)


def ended(call):
    """The exit status it says, if the connection still is both ways; its process and its session are gone then."""
    status = None
    while (said := call.read()) is not None:
        status = said.get("STATUS", status)
    wait(lambda: gone(call.pid), lambda: "pid %d to be gone" % call.pid)
    return status


def said_nothing(call):
    """Not a frame went out, and nobody has the session any more."""
    assert select.select([call.session], [], [], 0)[0] and call.session.recv(1) == b""
    return True


def test_goes_on_when_connected(template, call):
    """LCP begins, with a Configure-Request (protocol c021, code 1), when the call is connected and not before; the channel was attached."""
    links = [os.readlink(f"/proc/{call.pid}/fd/{name}") for name in os.listdir(f"/proc/{call.pid}/fd")]
    assert max(links.count(link) for link in links if link.startswith("socket:")) == 2
    assert not template.times("Connect:")
    call.say("CALL_CONNECTED", ("TX_SPEED", 64000))
    assert select.select([call.session], [], [], 5)[0], "no LCP"
    assert call.session.recv(2048)[:3] == bytes.fromhex("c02101")
    template.wait_log("Connect:")
    call.session.close()
    assert ended(call) == HANGUP


def test_requester_gives_up(template, call):
    """The end of the connection is the session's."""
    call.socket.shutdown(socket.SHUT_WR)
    ended(call)
    template.wait_log("the call ended before it was connected")
    assert said_nothing(call)


def test_close_before_connected(template, call):
    call.say("CALL_CLOSE", ("TEXT", "cleared"))
    ended(call)
    assert said_nothing(call)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_before_connected(template, call, number):
    os.kill(call.pid, number)
    assert ended(call) == HANGUP
    assert said_nothing(call)


def test_more_than_a_call_can_say(template, call):
    """A CALL_CONNECTED that does not fit beside CALL_START ends the call; nothing is written beyond the message."""
    call.say("CALL_CONNECTED", *[("AVP", bytes(1000))] * 32 + [("AVP", bytes(600))])
    assert ended(call) == HANGUP
    assert said_nothing(call) and not template.times("died of signal")


def test_connected_only_once(template, call):
    """A second one changes nothing."""
    for speed in (1, 2):
        call.say("CALL_CONNECTED", ("TX_SPEED", speed))
    assert call.session.recv(2048)[:3] == bytes.fromhex("c02101")
    call.session.close()
    assert ended(call) == HANGUP
