# SPDX-License-Identifier: GPL-2.0-or-later
"""What the AAA tests share: a vpdnd with a configuration, pppd's plugin and xl2tpd's module at its socket, and what it must not leave behind."""
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "patches"), os.path.join(HERE, "..", "lab")]

from observed import Observed  # noqa: E402
from waiting import await_condition  # noqa: E402
from xl2tpd_ipc import Connection  # noqa: E402

ROLE_L2TP, ROLE_PPP = 2, 3
PPPOE, TTY = 1, 2
CHAP, PAP = 2, 3
RESPONSE = bytes(range(0xa0, 0xb0))
PASSWORD = "subscribers-own"
LINE = [("ACCESS_INTERFACE", "eth1.100"), ("PEER_MAC", b"\x02\x00\x5e\x00\x53\x01"), ("CIRCUIT_ID", b"dslam7 atm 0/3:8.35"),
        ("REMOTE_ID", b"house 7")]
CHAP_TLVS = [("PROXY_AUTH_TYPE", CHAP), ("PROXY_AUTH_CHALLENGE", bytes(range(16))), ("PROXY_AUTH_ID", 6), ("PROXY_AUTH_RESPONSE", RESPONSE)]
PAP_TLVS = [("PROXY_AUTH_TYPE", PAP), ("PROXY_AUTH_ID", 7), ("PROXY_AUTH_RESPONSE", PASSWORD)]


def fds_and_connections(pid):
    """How many descriptors a process has besides those of TCP connections, and how many of these, with those that were reset."""
    others, links = set(), []
    for table, column in (("unix", 6), ("udp", 9), ("udp6", 9), ("netlink", 9)):
        with open(f"/proc/{pid}/net/{table}", encoding="utf-8", errors="replace") as f:
            others |= {line.split()[column] for line in f.readlines()[1:]}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass
    # A connection that was reset is in no table of the kernel any more.
    connections = [link for link in links if link.startswith("socket:[") and link[8:-1] not in others]
    return len(links) - len(connections), len(connections)


class Vpdnd(Observed):
    """A vpdnd, and what of the others its socket sees. With secrets: what must not be in its log."""

    def __init__(self, directory, conf, env=None, secrets=()):
        self.conf_path, self.socket_path, log_path = f"{directory}/vpdn.conf", f"{directory}/vpdnd.sock", f"{directory}/log"
        self.secrets = [PASSWORD, RESPONSE.hex(), *secrets]
        self.configure(conf)
        self.connections = []
        with open(log_path, "ab") as log:
            super().__init__(subprocess.Popen([os.environ["VPDND"], "-d", "-c", self.conf_path, "-s", self.socket_path],
                                              stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(env or {})}), log_path)
        self.await_log("listens on")
        self.module = self.hello(ROLE_L2TP)
        self.module.expect("L2TP_CONFIG_END")
        self.before = self.settled()[0]

    def configure(self, conf):
        with open(self.conf_path, "w", encoding="utf-8") as f:
            f.write(conf)
        os.chmod(self.conf_path, 0o600)

    # peers

    def hello(self, role):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(self.socket_path)
        connection = Connection(sock)
        self.connections.append(connection)
        connection.say("HELLO", ("VERSION", 1), ("ROLE", role), ("NAME", "test"))
        connection.expect("HELLO_ACK")
        return connection

    def subscriber(self, user="alice@example.com", credentials=CHAP_TLVS, line=LINE, access=PPPOE, more=(), hold_ms=30000):
        """A pppd that holds credentials and asks what to do."""
        connection = self.hello(ROLE_PPP)
        connection.say("SUBSCRIBER_ASK", ("ACCESS", access), ("PID", os.getpid()), ("HOLD_MS", hold_ms), *line, ("USER", user),
                       *credentials, ("PROXY_AUTH_NAME", user), *more)
        return connection

    def hang_up(self, connection):
        self.connections.remove(connection)
        connection.close()

    def place(self, timeout=20, **tlvs):
        """The next call that the module is to place."""
        return self.module.expect("L2TP_CALL_PLACE", timeout=timeout, **tlvs)

    def refuse_call(self, place):
        """The module could not place it anywhere: the subscriber's part ends."""
        self.module.say("L2TP_CALL_CLEARED", ("CALL_REF", place["CALL_REF"]), ("STAGE", 2), ("BY", 2), ("RESULT", 2), ("TEXT", "because of the test"))

    def end(self, connection, place):
        """The subscriber of a call that is being placed hangs up."""
        self.hang_up(connection)
        got = self.module.expect("L2TP_CALL_CLEAR", CALL_REF=place["CALL_REF"])
        self.module.say("L2TP_CALL_CLEARED", ("CALL_REF", got["CALL_REF"]), ("STAGE", 2), ("BY", 1), ("TEXT", "as asked"))

    def outcome(self, connection, timeout=20):
        """What a pppd is told: (name, text); the connection is over then."""
        got = connection.read(timeout)
        self.hang_up(connection)
        return got.name[len("SUBSCRIBER_"):].lower(), got.get("TEXT", "")

    def ask(self, *args, **kwargs):
        """One subscriber's outcome: ("forward", L2TP_CALL_PLACE), ("local", ""), ("reject", text)."""
        connection = self.subscriber(*args, **kwargs)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            ready = select.select([connection.socket, self.module.socket], [], [], 1)[0]
            if self.module.socket in ready:
                got = self.module.read()
                if got.name == "L2TP_CALL_PLACE":
                    self.end(connection, got)
                    return "forward", got
            elif ready:
                return self.outcome(connection)
        raise AssertionError("nothing came\n" + self.text())

    # vpdnctl

    def may_fail(self, *words):
        """vpdnctl's CompletedProcess, however it ended."""
        return subprocess.run([os.environ["VPDNCTL"], "--json", "--socket", self.socket_path, *words], capture_output=True, text=True, check=False,
                              timeout=60)

    def ctl(self, *words):
        """vpdnctl's JSON."""
        done = self.may_fail(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def table(self, *words):
        """What vpdnctl prints for people."""
        return subprocess.run([os.environ["VPDNCTL"], "--socket", self.socket_path, *words], capture_output=True, text=True, check=True,
                              timeout=60).stdout

    def source(self, name):
        """`show aaa` of one source."""
        return next(row for row in self.ctl("show", "aaa")["sources"] if row["name"] == name)

    # what is seen of it

    def settled(self):
        """fds_and_connections() once they stay the same for a while."""
        last = None
        while last != (last := fds_and_connections(self.process.pid)):
            time.sleep(0.1)
        return last

    def reload(self, conf):
        self.configure(conf)
        done = self.logged("has been read")
        self.send(signal.SIGHUP)
        self.await_log("has been read", done + 1)

    def stop(self):
        """All subscribers have gone: nothing may be left of them, and it ends well."""
        if self.running():
            for connection in [c for c in self.connections if c is not self.module]:
                self.hang_up(connection)
            try:
                await_condition(lambda: fds_and_connections(self.process.pid)[0] == self.before,
                                lambda: f"{self.before} descriptors without TCP connections were there before: "
                                + subprocess.run(["ls", "-l", f"/proc/{self.process.pid}/fd"], capture_output=True, text=True, check=False).stdout)
                assert fds_and_connections(self.process.pid)[1] <= 64, "idle connections to AAA servers"
            finally:
                self.terminate()
        for connection in self.connections:
            connection.close()
        text = self.text()
        assert self.process.returncode == 0, text
        self.assert_no_report()
        for secret in self.secrets:
            assert secret not in text, secret


@pytest.fixture
def vpdnd(tmp_path):
    """Makes daemons: vpdnd(conf, env=..., secrets=...)."""
    daemons = []

    def make(conf, **kwargs):
        directory = tmp_path / f"vpdnd{len(daemons)}"
        directory.mkdir()
        daemons.append(Vpdnd(str(directory), conf, **kwargs))
        return daemons[-1]

    yield make
    for daemon in daemons:
        daemon.stop()
