# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of vpdn-load share: runs of it, and the distribution's pppd on a kernel without PPP."""
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "patches"), os.path.join(HERE, "..", "lab")]

from observed import LogFile  # noqa: E402

PASSWORD = "s3cret"
TIMEOUT = 30
STAGES = ["pado", "pads", "icrp", "iccn", "frame", "lcp", "credentials", "success", "ipcp"]

PPPD = """#!/bin/sh
exec unshare --mount --propagation private sh -ec '
	mount --bind "$0" /etc/ppp
	mount -t tmpfs run /run
	if [ ! -e /dev/pts/ptmx ]; then		# the test gives pppoe-server a /dev of its own
		mkdir -p /dev/pts
		mount -t devpts -o ptmxmode=0666 devpts /dev/pts
		ln -sf pts/ptmx /dev/ptmx
	fi
	LD_PRELOAD={preload} exec /usr/sbin/pppd "$@"' {etc} "$@"
"""


def commands():
    """The arguments of every process."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                yield f.read().split(b"\0")
        except OSError:
            pass


class Pppd:
    """Where to find a pppd that works without a kernel, and the options file of its calls. Its log is at `log`."""

    def __init__(self, directory, auth, *options):
        self.etc, self.log = os.path.join(directory, "etc"), os.path.join(directory, "pppd.log")
        self.path, self.options = os.path.join(directory, "pppd"), os.path.join(self.etc, "call")
        os.mkdir(self.etc)
        for name, text in {
                "options": "", "chap-secrets": f'* * "{PASSWORD}" *\n', "pap-secrets": f'* * "{PASSWORD}" *\n',
                "call": "\n".join(["auth", "require-" + auth, "name lns", "debug", "logfile " + self.log, "nodetach", "connect-delay 1",
                                   *options]) + "\n"}.items():
            with open(os.path.join(self.etc, name), "w", encoding="ascii") as f:
                f.write(text)
            os.chmod(f.name, 0o600)
        with open(self.path, "w", encoding="ascii") as f:
            f.write(PPPD.format(preload=os.environ["FAKE_PPP"], etc=self.etc))
        os.chmod(self.path, 0o755)

    def text(self):
        return LogFile(self.log).text()

    def running(self):
        """How many of it there are."""
        return sum(arguments[0].endswith(b"pppd") and self.options.encode() in arguments for arguments in commands())


class Load:
    """A run of vpdn-load."""

    def __init__(self, directory, *arguments, netns=None, password=PASSWORD, secret=None):
        self.ready_path = os.path.join(directory, f"ready{time.monotonic_ns()}")
        environment = {**os.environ, "VPDN_LOAD_PASSWORD": password}
        if secret:
            environment["VPDN_LOAD_SECRET"] = secret
        command = [os.environ["VPDN_LOAD"], *arguments]
        if "-i" not in arguments or arguments[0] not in ("inject", "count"):
            command += ["--ready", self.ready_path]
        self.process = subprocess.Popen((["ip", "netns", "exec", netns] if netns else []) + command, env=environment, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ready(self):
        """The report when all calls were up or had failed."""
        end = time.monotonic() + TIMEOUT
        while not os.path.exists(self.ready_path):
            assert time.monotonic() < end and self.process.poll() is None, "not ready"
            time.sleep(0.01)
        with open(self.ready_path, encoding="utf-8") as f:
            return json.load(f)

    def tell(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def report(self, status=0):
        """What it says at its end, which has that exit status."""
        out, err = self.process.communicate(timeout=TIMEOUT)
        assert "Sanitizer" not in err and "runtime error" not in err, err
        assert self.process.returncode == status, f"status {self.process.returncode}\n{out}{err}"
        return json.loads(out) if out else err


@pytest.fixture
def load(tmp_path):
    """load(...) starts a vpdn-load, which must have ended when the test has."""
    runs = []

    def start(*arguments, **more):
        runs.append(Load(str(tmp_path), *map(str, arguments), **more))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def in_order(report, *absent):
    """Every stage but those `absent` was timed for every call that came up, and none is before the one before it."""
    medians = [report["stages"][stage]["median"] for stage in STAGES if stage in report["stages"]]
    wanted = [s for s in STAGES if s not in absent]
    assert [s for s in STAGES if s in report["stages"]] == wanted
    assert all(report["stages"][stage]["n"] == report["up"] for stage in wanted)
    assert medians == sorted(medians) and medians[-1] > 0
    assert report["stages"]["ipcp"]["max"] >= report["stages"]["ipcp"]["p95"] >= report["stages"]["ipcp"]["median"] >= report["stages"]["ipcp"]["min"]


def retransmissions(report):
    return {key: n for side in ("retransmissions", "peer_retransmissions") for key, n in report[side].items() if n}


def count(pattern, text):
    return len(re.findall(pattern, text))
