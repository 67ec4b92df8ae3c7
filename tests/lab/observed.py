# SPDX-License-Identifier: GPL-2.0-or-later
"""What is seen of a process under test from outside: its log, what the kernel says of it, and how it ends.

Used by the lab (proc.py) and by the tests that need none: tests/aaa, bench, control, dialer, patches, pppd. A process
writes straight into its log file and is awaited by what it logs.
"""

import collections
import contextlib
import os
import re
import resource
import signal
import subprocess

from waiting import DEFAULT_TIMEOUT, await_condition


@contextlib.contextmanager
def descriptors(number):
    """Room for that many in the test itself and in what it starts meanwhile; many machines give 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), max(hard, number)))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(hard, number)))


class LogFile:
    """A growing text file."""

    def __init__(self, path):
        self.path = path

    def text(self):
        try:
            with open(self.path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def count(self, pattern):
        """How many lines match a regular expression."""
        return sum(1 for line in self.text().splitlines() if re.search(pattern, line))

    def await_line(self, pattern, timeout=DEFAULT_TIMEOUT, count=1):
        """Wait for a line that matches; returns the last match of the first `count`."""
        regex = re.compile(pattern, re.M)

        def found():
            matches = list(regex.finditer(self.text()))
            return matches[count - 1] if len(matches) >= count else None

        return await_condition(
            found, lambda: f"{count} x /{pattern}/ in {self.path}, which ends with:\n{self.tail()}", timeout)

    def tail(self, lines=15):
        return "\n".join(self.text().splitlines()[-lines:])


class Observed(LogFile):
    """A process, a subprocess.Popen, and its log."""

    def __init__(self, process, path):
        super().__init__(path)
        self.process = process

    def running(self):
        return self.process.poll() is None

    # its log

    def logged(self, part):
        """How many lines have that text in them."""
        return sum(part in line for line in self.text().splitlines())

    def await_log(self, part, count=1):
        """Wait for so many lines with that text; fails at once when the process ends without them."""
        await_condition(lambda: self.logged(part) >= count or not self.running(), lambda: f"{count} x {part!r} in {self.text()}")
        assert self.logged(part) >= count, self.text()

    def assert_no_report(self):
        """No sanitizer has anything to say."""
        text = self.text()
        assert "Sanitizer" not in text and "runtime error" not in text, text

    # what the kernel says of it

    def fds(self):
        """How many descriptors it has."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def descriptors(self):
        """What they are, {kind or path: how many}."""
        kinds = collections.Counter()
        for entry in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                kinds[re.sub(r"[:\[].*", "", os.readlink(f"/proc/{self.process.pid}/fd/{entry}"))] += 1
            except FileNotFoundError:
                pass
        return dict(kinds)

    def children(self):
        """Their process ids."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def cpu(self):
        """Seconds it has been running on a CPU."""
        with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    def rss_kb(self):
        """Resident memory in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"^VmRSS:\s+(\d+)", file.read(), re.M).group(1))

    # its end

    def send(self, number):
        self.process.send_signal(number)

    def terminate(self, ask_again_after=None, timeout=15):
        """SIGTERM, when it still runs, and if need be a second one after so many seconds. Fails when it must be killed."""
        if not self.running():
            return
        self.send(signal.SIGTERM)
        try:
            if ask_again_after is not None:
                try:
                    self.process.wait(ask_again_after)
                except subprocess.TimeoutExpired:
                    self.send(signal.SIGTERM)
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not end on SIGTERM within {timeout} s:\n{self.text()}") from None
