# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes under test: their logs, their end, their file descriptors.

Made by labnet.Node.spawn() and Node.run(). A process writes straight into its log file
and is awaited by what it logs.
"""

import collections
import os
import re
import signal
import subprocess

from waiting import DEFAULT_TIMEOUT, Timeout, await_condition


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


class Proc(LogFile):
    """A process started in a node. Its own session, so that a pppd's kill(0) stays inside."""

    def __init__(self, name, argv, log_path, environment):
        super().__init__(log_path)
        self.name = name
        self.argv = argv
        self.stopped = False
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=environment, start_new_session=True)
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def wait(self, timeout=DEFAULT_TIMEOUT):
        """Wait for the end; returns the exit status, negative for a signal."""
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} still runs after {timeout:g} s:\n{self.tail()}") from None
        self.stopped = True
        return status

    def send(self, number):
        self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=DEFAULT_TIMEOUT):
        """End it and return its status."""
        if self.running():
            self.send(number)
        return self.wait(timeout)

    def descriptors(self):
        """What its open descriptors are, {kind or path: how many}."""
        kinds = collections.Counter()
        for entry in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                kinds[re.sub(r"[:\[].*", "", os.readlink(f"/proc/{self.pid}/fd/{entry}"))] += 1
            except FileNotFoundError:
                pass
        return dict(kinds)

    def rss_kb(self):
        """Resident memory in KiB."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return int(re.search(r"^VmRSS:\s+(\d+)", status.read(), re.M).group(1))

    def problem(self):
        """What is wrong with it at the end of a test, or None."""
        if not self.stopped and not self.running():
            return f"{self.name} ended by itself with status {self.popen.returncode}:\n{self.tail()}"
        if self.popen.returncode in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
            return f"{self.name} died of signal {-self.popen.returncode}:\n{self.tail()}"
        return None
