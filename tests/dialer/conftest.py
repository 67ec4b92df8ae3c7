# SPDX-License-Identifier: GPL-2.0-or-later
"""What the dialer's tests share: a vpdn-dialer, the vpdnd it talks to, and what it must not leave behind."""
import os
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "patches"), os.path.join(HERE, "..", "lab")]

from observed import Observed  # noqa: E402
from waiting import await_condition  # noqa: E402
from xl2tpd_ipc import Listener  # noqa: E402

ROLE_DIALER = 4
CHAT, PPPOE, EXEC = 1, 2, 3
LOCKS = "/run/lock"


def words(tlv, values):
    return [(tlv, value) for value in values]


class Dialer(Observed):
    """vpdn-dialer and its vpdnd, which has said HELLO_ACK."""

    def __init__(self, directory, netns=None, env=None):
        self.directory, self.listener = directory, Listener(f"{directory}/vpdnd.sock")
        self.netns = netns
        self.env = {"LD_PRELOAD": os.environ["DIALER_PRELOAD"], "ASAN_OPTIONS": "verify_asan_link_order=0",
                    "FAKE_PPPOX_LOG": f"{directory}/pppox", **(env or {})}
        self.start()

    def start(self):
        command = [os.environ["DIALER"], "-d", "-s", f"{self.directory}/vpdnd.sock"]
        if self.netns:
            command = ["ip", "netns", "exec", self.netns, "env", *(f"{k}={v}" for k, v in self.env.items()), *command]
        log_path = f"{self.directory}/log"
        with open(log_path, "ab") as log:
            super().__init__(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              env=os.environ if self.netns else {**os.environ, **self.env}), log_path)
        self.vpdnd = self.accept()
        self.quiet_fds = self.fds()

    def accept(self):
        connection = self.listener.accept()
        hello = connection.read()
        assert (hello.name, hello["ROLE"], hello["NAME"]) == ("HELLO", ROLE_DIALER, "vpdn-dialer")
        connection.say("HELLO_ACK", ("VERSION", 1), ("NAME", "test"), flags=1, seq=hello.seq)
        self.await_log("connected to vpdnd")
        return connection

    # what vpdnd says

    def dial(self, ref, kind, number, *more, timeout_ms=10000):
        self.vpdnd.say("BEARER_START", ("CALL_REF", ref), ("NAME", "dialer"), ("DIALER_KIND", kind), ("CALLED_NUMBER", number),
                       ("TIMEOUT_MS", timeout_ms), *more)

    def clear(self, ref, text="the LNS said CDN"):
        self.vpdnd.say("BEARER_CLEAR", ("CALL_REF", ref), ("TEXT", text))

    def up(self, ref, **tlvs):
        """BEARER_UP and its channel, which the test owns."""
        got = self.vpdnd.expect("BEARER_UP", CALL_REF=ref, **tlvs)
        assert len(got.fds) == 1
        return got, got.fds[0]

    def over(self, ref, result, cause):
        got = self.vpdnd.expect("BEARER_OVER", CALL_REF=ref)
        assert (got["RESULT"], got.get("Q931_CAUSE")) == (result, cause), got
        return got["TEXT"]

    # what is seen of it

    def locks(self):
        """Names of the lock files that are the dialer's."""
        held = []
        for name in os.listdir(LOCKS):
            try:
                with open(f"{LOCKS}/{name}", encoding="ascii") as f:
                    if name.startswith("LCK..") and f.read().strip() == str(self.process.pid):
                        held.append(name)
            except OSError:
                pass
        return sorted(held)

    def await_idle(self):
        """Nothing is left of any call: descriptors, processes, locks."""
        await_condition(lambda: (self.fds(), self.children(), self.locks()) == (self.quiet_fds, [], []),
                        lambda: f"{self.fds()} fds, {self.quiet_fds} before; children {self.children()}; locks {self.locks()}\n{self.text()}")

    def stop(self):
        self.terminate()
        self.listener.close()
        self.assert_no_report()
        assert self.process.returncode == 0 and not self.logged("does not fit"), self.text()


@pytest.fixture
def start_dialer(tmp_path):
    """start_dialer(...) gives a Dialer that at the end of the test must have nothing left and stop in good order."""
    started = []

    def start(**more):
        started.append(Dialer(str(tmp_path), **more))
        return started[-1]

    yield start
    for dialer in started:
        try:
            if dialer.running():
                dialer.await_idle()
        finally:
            dialer.stop()


@pytest.fixture
def dialer(start_dialer):
    return start_dialer()


def pause(seconds):
    """For what is to be seen not to happen."""
    time.sleep(seconds)
