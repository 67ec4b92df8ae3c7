# SPDX-License-Identifier: GPL-2.0-or-later
"""The module plugins/pppoe in pppoe-server, with a pppd template played by the test and session sockets that are not the kernel's.

PPPOE_MODULE names the built module (default: build/pppoe/vpdn.so). The messages are those of vpdn-ipc(7). What needs real PPP is
tested in the lab.
"""
import array
import os
import re
import socket
import struct
import subprocess

import pytest

from pppoe_native import (AC_SYSTEM_ERROR, CLIENT_MAC, GENERIC_ERROR, MAX_PAYLOAD, PADR, PADS, PADT, SERVICE_NAME, AC_COOKIE, VENDOR, Server,
                          tag, wait_for)
from observed import descriptors

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ERROR, CALL_START, CALL_STARTED, CALL_INFO, CALL_UP, CALL_HANDED_OVER, CALL_ENDING, CALL_ENDED = 3, 32, 33, 34, 35, 36, 37, 38
PID, ERRNO, TEXT, STATUS, IFNAME, USER = 4, 5, 6, 7, 41, 42
MAC_TEXT = ":".join(f"{octet:02x}" for octet in CLIENT_MAC)


def u32(value):
    return struct.pack(">I", value)


def message(kind, *tlvs, sequence=1):
    body = b"".join(struct.pack(">HH", number, len(value)) + value for number, value in tlvs)
    return struct.pack(">HBBHHII", 0x5650, 1, 0, kind, 0, 16 + len(body), sequence) + body


class Call:
    """The template's end of one call."""

    def __init__(self, connection):
        self.connection = connection
        data, fds, flags, _ = socket.recv_fds(connection, 65536, 4)
        assert not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
        self.fds = fds
        magic, version, _, self.kind, zero, length, _ = struct.unpack(">HBBHHII", data[:16])
        assert (magic, version, zero, length) == (0x5650, 1, 0, len(data))
        self.tlvs, rest = [], data[16:]
        while rest:
            kind, size = struct.unpack(">HH", rest[:4])
            self.tlvs.append((kind, rest[4:4 + size]))
            rest = rest[4 + size:]

    def say(self, kind, *tlvs):
        self.connection.send(message(kind, *tlvs))

    def started(self):
        self.say(CALL_STARTED, (PID, u32(4711)))

    def wait_closed(self, timeout=10):
        self.connection.settimeout(timeout)
        assert self.connection.recv(100) == b""

    def is_open(self):
        self.connection.setblocking(False)
        try:
            return self.connection.recv(100) != b""
        except BlockingIOError:
            return True

    def close(self):
        for fd in self.fds:
            os.close(fd)
        self.fds = []
        self.connection.close()


class Template:
    """A pppd template that does what the test says."""

    def __init__(self, directory, name="access"):
        self.path = os.path.join(directory, f"{name}.sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen(2000)
        self.listener.settimeout(5)
        self.calls = []

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(5)
        self.calls.append(Call(connection))
        return self.calls[-1]

    def close(self):
        for call in self.calls:
            call.close()
        self.listener.close()
        os.unlink(self.path)


@pytest.fixture(name="fake_kernel", scope="module")
def fixture_fake_kernel(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("fake") / "kernel.so")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", path,
                    os.path.join(os.path.dirname(os.path.abspath(__file__)), "pppoe_fake_kernel.c")], check=True)
    return path


@pytest.fixture(name="module_path")
def fixture_module_path():
    path = os.environ.get("PPPOE_MODULE", os.path.join(TOP, "build", "pppoe", "vpdn.so"))
    if not os.path.exists(path):
        pytest.skip(f"{path} is not built")
    return os.path.abspath(path)


@pytest.fixture(name="template")
def fixture_template(tmp_path):
    template = Template(str(tmp_path))
    yield template
    template.close()


@pytest.fixture(name="start")
def fixture_start(module_path, fake_kernel, tmp_path):
    """start(*options, busy=()) makes a server that uses the template; busy are session numbers the kernel still has."""

    def start(*options, busy=(), environment=None, **how):
        return Server("-E", f"{module_path},template=access,templates={tmp_path}", *options, environment={
            "LD_PRELOAD": fake_kernel, "FAKE_PPPOX_LOG": f"{tmp_path}/sessions", "FAKE_PPPOX_BUSY": " " + "".join(f"{n} " for n in busy),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0", **(environment or {})}, **how)

    return start


def dial(server, template, *tags):
    """One session up to its template's CALL_STARTED; returns PADS and call."""
    pads = server.dial(*tags)
    call = template.accept()
    call.started()
    wait_for(lambda: server.logged(f"session={pads.session} peer={MAC_TEXT} interface=srv: taken by pppd 4711"), "the start is logged")
    return pads, call


def server_fds(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def is_free(server, session):
    return bool(server.logged(f"Session {session} closed"))


def avp(kind, value):
    """A TLV AVP of the Broadband Forum's, not mandatory."""
    return struct.pack("!HHB", 3561, kind, 0) + value


def test_call_start_says_all_of_the_line(start, template, tmp_path):
    line = tag(VENDOR, b"\0\0\x0d\xe9\x01\x05p\0\xff/1\x02\x03sub\x81\4\0\0\3\xfe\x82\4\0\0\x3f\x70\x90\3\2\1\6")
    with start("-C", "ac1", "-S", "isp", "-L", "192.0.2.1", "-R", "192.0.2.10", "-o", "6", mtu=1508) as server:
        cookie = server.cookie(line)
        pads = server.request(cookie, line, tag(MAX_PAYLOAD, b"\x05\xdc"), service=b"isp")
        assert pads.session == 7
        call = template.accept()
        assert call.kind == CALL_START
        assert len(call.fds) == 1
        assert call.tlvs == [
            (16, b"\1"), (17, b"srv"), (18, CLIENT_MAC), (19, b"\0\7"), (20, b"isp"), (21, b"ac1"), (32, b"\0\0\0\7"), (22, b"p\0\xff/1"), (23, b"sub"),
            # bit/s: AVPs of RFC 5515, and towards the subscriber and from it
            (56, avp(129, struct.pack("!Q", 1022000))), (56, avp(130, struct.pack("!Q", 16240000))), (56, avp(144, b"\2\1\6")),
            (28, struct.pack("!I", 16240000)), (29, struct.pack("!I", 1022000)),
            (24, b"\x05\xdc"), (25, MAC_TEXT.upper().encode()), (40, b"192.0.2.1:192.0.2.10")]
        assert (tmp_path / "sessions").read_text() == f"7 {MAC_TEXT} srv\n"
        assert not server.pppd_starts()


def test_pads_comes_only_with_a_template(start, tmp_path):
    with start() as server:
        for _ in range(2):
            pads = server.dial()
            assert (pads.session, pads.tags) == (0, [(AC_SYSTEM_ERROR, b"no service at the moment")])
        assert len(server.logged("cannot give it to the pppd template access: No such file or directory (is it running?)")) == 2
        template = Template(str(tmp_path))
        template.listener.close()	# killed: the socket file stays
        assert server.dial().session == 0
        assert len(server.logged("Connection refused (is it running?)")) == 1
        os.unlink(template.path)
        template = Template(str(tmp_path))
        pads, call = dial(server, template)
        assert pads.session > 0 and call.is_open()
        template.close()


def test_kernel_without_pppoe_is_an_error_for_the_subscriber(start, template):
    del template
    with start(environment={"FAKE_PPPOX_ABSENT": "1"}) as server:
        assert server.dial().tags == [(AC_SYSTEM_ERROR, b"no service at the moment")]
        assert len(server.logged("cannot create the kernel's session")) == 1


def test_session_number_the_kernel_still_has_is_left_out(start, template):
    with start(busy=(1, 2, 3)) as server:
        assert dial(server, template)[0].session == 4
        assert dial(server, template)[0].session == 5


def test_close_by_the_other_end_ends_the_session(start, template):
    with start() as server:
        before = server_fds(server)
        pads, call = dial(server, template)
        assert server_fds(server) == before + 1	# the session socket is the template's
        call.close()
        assert server.receive(PADT).session == pads.session
        wait_for(lambda: is_free(server, pads.session), "the session is free")
        wait_for(lambda: server_fds(server) == before, "the connection is closed")
        assert server.logged("the connection was closed while running")


@pytest.mark.parametrize("handed_over", [False, True], ids=["local", "handed over"])
def test_padt_of_the_subscriber_closes_the_connection(start, template, handed_over):
    with start() as server:
        pads, call = dial(server, template)
        if handed_over:
            call.say(CALL_HANDED_OVER)
            wait_for(lambda: server.logged("handed over to vpdnd"), "the hand-over is logged")
        server.send(PADT, session=pads.session)
        call.wait_closed()
        wait_for(lambda: is_free(server, pads.session), "the session is free")
        assert server.receive(PADT, timeout=0.3) is None
        assert dial(server, template)[0].session == 2


def test_session_is_kept_after_the_hand_over_until_the_connection_ends(start, template):
    with start() as server:
        pads, call = dial(server, template)
        call.say(CALL_HANDED_OVER)
        wait_for(lambda: server.logged("handed over to vpdnd"), "the hand-over is logged")
        kept = socket.socket(fileno=os.dup(call.connection.fileno()))	# vpdnd's
        call.close()							# the child leaves
        assert server.receive(PADT, timeout=0.5) is None
        kept.close()
        assert server.receive(PADT).session == pads.session
        wait_for(lambda: is_free(server, pads.session), "the session is free")
        assert server.logged("ended by vpdnd")


def test_padt_as_soon_as_ppp_is_over_and_the_child_may_finish(start, template):
    with start() as server:
        before = server_fds(server)
        pads, call = dial(server, template)
        call.say(CALL_INFO, (TEXT, b"some information"))
        call.say(CALL_UP, (IFNAME, b"ppp0"), (USER, b"alice\n"))
        call.say(CALL_ENDING, (TEXT, b"LCP terminated by peer"))
        padt = server.receive(PADT)
        assert (padt.session, padt.get(GENERIC_ERROR)) == (pads.session, b"LCP terminated by peer")
        wait_for(lambda: is_free(server, pads.session), "the session is free")
        assert call.is_open()
        call.say(CALL_ENDED, (STATUS, u32(16)), (TEXT, b"bye"))
        call.wait_closed()
        wait_for(lambda: server_fds(server) == before, "the connection is closed")
        prefix = f"session={pads.session} peer={MAC_TEXT} interface=srv: "
        assert [line[len(prefix):] for line in server.logged(prefix)][1:] == [
            "some information", 'up on ppp0, user="alice\\x0a"', "PPP is over: LCP terminated by peer; sending PADT",
            "pppd leaves with status 16: bye"]


def test_template_that_refuses(start, template):
    with start() as server:
        pads = server.dial()
        call = template.accept()
        call.say(ERROR, (ERRNO, u32(11)), (TEXT, b"cannot fork"))
        assert server.receive(PADT).session == pads.session
        call.wait_closed()
        assert server.logged("the template refuses the call: cannot fork")


@pytest.mark.parametrize("wrong", [b"x", b"", message(CALL_STARTED), message(CALL_START, (16, b"\1")), message(999), message(CALL_HANDED_OVER),
                                   message(CALL_STARTED, (PID, u32(1))) * 2],
                         ids=["garbage", "empty", "without pid", "of the client", "unknown type", "too early", "twice its length"])
def test_wrong_message_ends_the_call(start, template, wrong):
    with start() as server:
        pads = server.dial()
        call = template.accept()
        call.connection.send(wrong)
        assert server.receive(PADT).session == pads.session
        call.wait_closed()
        wait_for(lambda: is_free(server, pads.session), "the session is free")
        assert dial(server, template)[0].session == pads.session + 1


def test_fd_that_comes_with_a_message_is_closed(start, template):
    with start() as server:
        _, call = dial(server, template)
        before = server_fds(server)
        with open("/dev/null", "rb") as null:
            call.connection.sendmsg([message(CALL_INFO, (TEXT, b"with a present"))],
                                    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null.fileno()] * 2))])
        wait_for(lambda: server.logged("with a present") or not call.is_open(), "the message is read")
        assert server_fds(server) <= before


def test_silent_template_is_given_up(start, template):
    with start() as server:
        first, second = server.dial(), server.dial()
        template.accept()
        template.accept().started()
        assert server.receive(PADT, timeout=20).session == first.session
        assert server.logged("no answer came in time while starting")
        assert not is_free(server, second.session)


def test_shutdown_closes_all_calls_and_sends_padt(start, template):
    with start() as server:
        calls = [dial(server, template)[1] for _ in range(3)]
        calls[1].say(CALL_ENDING, (TEXT, b"over"))
        server.receive(PADT)
        server.process.terminate()
        assert server.process.wait(10) == 0
        for call in calls:
            call.wait_closed()
        assert {server.receive(PADT).session for _ in range(2)} == {1, 3}


def test_more_sessions_than_select_can_watch(start, template):
    count = 1500
    with start("-N", "2000") as server, descriptors(4 * count):
        before = server_fds(server)
        cookie = tag(AC_COOKIE, server.cookie())
        for number in range(count):
            server.send(PADR, tag(SERVICE_NAME), cookie, tag(0x103, u32(number)))
            assert server.receive(PADS).session == number + 1
            template.accept().started()
            if number % 100 == 99:	# the logger is to keep up
                wait_for(lambda wanted=number + 1: len(server.logged("taken by pppd")) == wanted, "all are taken", 30)
        assert server_fds(server) == before + count
        for call in template.calls:
            call.close()
        wait_for(lambda: len([line for line in server.log() if re.match(r"Session \d+ closed", line)]) == count, "all are free", 60)
        wait_for(lambda: server_fds(server) == before, "all connections are closed")
        assert server.alive(), server.state()


@pytest.mark.parametrize("args, complaint", [
    ("", "template=NAME is missing"),
    ("template=", '"template": the arguments are'),
    ("template=a,colour=red", '"colour": the arguments are'),
    ("template=../a", "template=../a: not a name"),
    ("template=a,templates=/" + "d" * 108, "the socket's path is too long"),
])
def test_wrong_arguments(module_path, args, complaint):
    with pytest.raises(AssertionError) as failure:
        with Server("-E", f"{module_path},{args}"):
            pass
    assert complaint in str(failure.value)
