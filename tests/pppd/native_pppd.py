# SPDX-License-Identifier: GPL-2.0-or-later
"""
The distribution's own pppd, or the one that PPPD names, with our plugins, on a machine that may have no PPP in its kernel.

It runs in a mount namespace of its own, with its own /etc/ppp and /run, and with a /dev/ppp that can be opened and does nothing
more: that is all pppd looks for before a channel has connected. FAKE_PPP, preloaded, takes it a step further (tests/dialer/fake_ppp.c).
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "patches"))

TIMEOUT = 10
PLUGINS = os.path.abspath(os.environ.get("PPPD_PLUGINS", os.path.join(TOP, "build", "pppd")))

# $1: the directory that becomes /etc/ppp; then pppd's arguments
INSIDE = """
mount -t tmpfs dev "$1/dev"
for name in null zero full random urandom tty; do touch "$1/dev/$name"; mount --bind "/dev/$name" "$1/dev/$name"; done
touch "$1/dev/ppp"; mount --bind /dev/null "$1/dev/ppp"
ln -s /proc/self/fd "$1/dev/fd"
mount --move "$1/dev" /dev
mount -t tmpfs run /run
mount --bind "$1/etc" /etc/ppp
shift
exec env $PPPD_PRELOAD "${PPPD:-pppd}" "$@"
"""
FAKE_PPP = os.environ.get("FAKE_PPP")


class Pppd:
    """A running pppd; its log is read as it comes."""

    def __init__(self, directory, *options, peers=None, preload=None):
        self.dir = str(directory)
        for name in ("dev", "etc", "etc/peers"):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
        open(os.path.join(self.dir, "etc", "options"), "w").close()
        for name, text in (peers or {}).items():
            with open(os.path.join(self.dir, "etc", "peers", name), "w") as f:
                f.write(text)
        self.lines = []
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec", INSIDE, "sh", self.dir, *options],
            env=dict(os.environ, PPPD_PRELOAD=f"LD_PRELOAD={preload}" if preload else ""),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic() - self.begun, line.rstrip("\n")))

    def log(self):
        return "\n".join(line for _, line in self.lines)

    def times(self, pattern):
        """Seconds after the start of every line in which pattern is found."""
        return [when for when, line in self.lines if re.search(pattern, line)]

    def wait_log(self, pattern, times=1, timeout=TIMEOUT):
        until = time.monotonic() + timeout
        while len(self.times(pattern)) < times:
            assert time.monotonic() < until, "no line %r (%d times) in:\n%s" % (pattern, times, self.log())
            time.sleep(0.01)

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=TIMEOUT):
        """pppd's exit status."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError("pppd does not leave:\n" + self.log()) from None

    def cpu(self):
        """Seconds of processor time so far."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fds(self):
        """What its descriptors are, without the numbers of sockets and pipes."""
        base = "/proc/%d/fd/" % self.process.pid
        return sorted(re.sub(r"\d+", "", os.readlink(base + name)) for name in os.listdir(base))

    def stop(self):
        if self.process.poll() is None:
            self.send(signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
