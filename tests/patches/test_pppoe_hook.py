# SPDX-License-Identifier: GPL-2.0-or-later
"""Patch "let a module take sessions": the hooks of pppoe-hook.h, and that without -E nothing of it is seen."""
import subprocess

import pytest

from pppoe_hooked import ask, build, end, hooked
from pppoe_native import (AC_SYSTEM_ERROR, CLIENT_MAC, GENERIC_ERROR, HOST_UNIQ, MAX_PAYLOAD, PADT, SERVICE_NAME, VENDOR, Server, tag,
                          wait_for)


def test_taken_session_gets_pads_and_no_pppd(module, fifo):
    line = tag(VENDOR, b"\0\0\x0d\xe9\x01\x04port\x02\x03sub")
    options = ("-C", "ac1", "-L", "192.0.2.1", "-R", "192.0.2.10", "-o", "100")
    with hooked(module, fifo, *options, mtu=1508) as server:
        pads = ask(server, b"take", line, tag(HOST_UNIQ, b"h"), tag(MAX_PAYLOAD, b"\x05\xdc"))
        assert pads.session == 101
        assert pads.tags == [(SERVICE_NAME, b"take"), (MAX_PAYLOAD, b"\x05\xdc"), (HOST_UNIQ, b"h")]
        assert server.logged("handled by test")
        mac = f"{server.mac[0]:02x}{server.mac[5]:02x} {CLIENT_MAC[0]:02x}{CLIENT_MAC[5]:02x}"
        assert server.logged("start ") == [f"start srv {mac} id=101 max=1500 service='take' ac='ac1' line=0104706f72740203737562 "
                                           "ip=192.0.2.1:192.0.2.10"]
        assert server.logged("circuit-id 'port' remote-id 'sub'")
        wait_for(lambda: server.logged("ready id=101 known"), "the module is told that PADS was sent")
        end(fifo, 101)
        padt = server.receive(PADT)
        assert (padt.session, padt.get(GENERIC_ERROR)) == (101, b"ended by the module")
        assert server.logged("Session 101 closed for client")
        assert not server.logged("stop ")
        assert ask(server, b"take").session == 102
        assert not server.pppd_starts()


def test_padt_of_the_client_stops_the_session_once(module, fifo):
    with hooked(module, fifo) as server:
        for _ in range(2):
            session = ask(server, b"take").session
            server.send(PADT, session=session)
            wait_for(lambda number=session: server.logged(f"Session {number} closed"), "the session is closed")
            server.send(PADT, session=session)
        assert server.receive(PADT, timeout=0.3) is None
        assert server.logged("stop ") == ["stop id=1 known padt", "stop id=2 known padt"]


def test_end_without_padt(module, fifo):
    with hooked(module, fifo) as server:
        assert ask(server, b"take").session == 1
        end(fifo, -1)
        wait_for(lambda: server.logged("Session 1 closed"), "the session is closed")
        assert server.receive(PADT, timeout=0.3) is None


def test_session_ended_as_soon_as_it_is_ready(module, fifo):
    with hooked(module, fifo, "-o", "64999") as server:
        assert ask(server, b"take").session == 65000	# PADS comes before PADT
        padt = server.receive(PADT)
        assert (padt.session, padt.get(GENERIC_ERROR)) == (65000, b"ended at once")
        assert ask(server, b"take").session == 65001


def test_repeated_padr_of_a_taken_session(module, fifo):
    with hooked(module, fifo) as server:
        cookie = server.cookie()
        assert [server.request(cookie, service=b"take").session for _ in range(3)] == [1, 1, 1]
        assert len(server.logged("start ")) == 1
        assert server.logged("ready ") == ["ready id=1 known"]


def test_reject_and_pass(module, fifo):
    with hooked(module, fifo) as server:
        pads = ask(server, b"reject", tag(HOST_UNIQ, b"h"))
        assert (pads.session, pads.tags) == (0, [(AC_SYSTEM_ERROR, b"rejected by the module"), (HOST_UNIQ, b"h")])
        pads = ask(server, b"pass")
        assert pads.session == 2
        wait_for(lambda: len(server.pppd_starts()) == 1, "pppd is started")
        server.send(PADT, session=2)
        wait_for(lambda: server.logged("Session 2 closed"), "the session is closed")
        assert not server.logged("stop ")


def test_other_session_number(module, fifo):
    with hooked(module, fifo, "-R", "192.0.2.1", "-N", "6") as server:
        assert ask(server, b"other").session == 4
        assert [line.split("ip=")[1] for line in server.logged("start ")][-1] == "10.0.0.1:192.0.2.4"
        assert ask(server, b"other").session == 5
        assert ask(server, b"take").session == 6
        assert [ask(server, b"take").session for _ in range(3)] == [1, 2, 3]
        assert ask(server, b"take").tags[0] == (AC_SYSTEM_ERROR, b"RP-PPPoE: Server: No client slots available")


def test_no_usable_session_number(module, fifo):
    with hooked(module, fifo, "-N", "6") as server:
        pads = ask(server, b"never")
        assert (pads.session, pads.tags) == (0, [(AC_SYSTEM_ERROR, b"RP-PPPoE: Server: No usable session number")])
        assert server.logged("No session number is usable: 6 were tried")
        assert sorted(ask(server, b"take").session for _ in range(6)) == [1, 2, 3, 4, 5, 6]


def test_shutdown_stops_all_sessions_with_padt(module, fifo):
    with hooked(module, fifo) as server:
        for _ in range(3):
            ask(server, b"take")
        server.process.terminate()
        assert sorted(server.receive(PADT).session for _ in range(3)) == [1, 2, 3]
        assert server.process.wait(10) == 0
        wait_for(lambda: server.logged("exit"), "the module is told")
        assert server.logged("stop ") == [f"stop id={n} known shutdown" for n in (3, 2, 1)]


def refused(server, *, because):
    with pytest.raises(AssertionError, match=because):
        with server:
            pass


def test_wrong_modules_are_refused(module, tmp_path):
    refused(Server("-E", "/nonexistent.so"), because="-E: /nonexistent.so: cannot open")
    refused(Server("-E", module), because="no FIFO given\n-E: .* did not start")
    refused(Server("-E", build(str(tmp_path / "old.so"), "-DTEST_ABI=4711") + ",x"), because="was built for interface 4711")
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-o", str(tmp_path / "none.so")], check=True)
    refused(Server("-E", str(tmp_path / "none.so")), because="is no module for pppoe-server")
