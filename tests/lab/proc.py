# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes of the lab's nodes: made by labnet.Node.spawn() and Node.run()."""

import signal
import subprocess

from observed import Observed
from waiting import DEFAULT_TIMEOUT, Timeout


class Proc(Observed):
    """A process started in a node. Its own session, so that a pppd's kill(0) stays inside."""

    def __init__(self, name, argv, log_path, environment):
        self.name = name
        self.argv = argv
        self.stopped = False
        with open(log_path, "ab") as log:
            super().__init__(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              env=environment, start_new_session=True), log_path)
        self.pid = self.process.pid

    def wait(self, timeout=DEFAULT_TIMEOUT):
        """Wait for the end; returns the exit status, negative for a signal."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} still runs after {timeout:g} s:\n{self.tail()}") from None
        self.stopped = True
        return status

    def stop(self, number=signal.SIGTERM, timeout=DEFAULT_TIMEOUT):
        """End it and return its status."""
        if self.running():
            self.send(number)
        return self.wait(timeout)

    def problem(self):
        """What is wrong with it at the end of a test, or None."""
        if not self.stopped and not self.running():
            return f"{self.name} ended by itself with status {self.process.returncode}:\n{self.tail()}"
        if self.process.returncode in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
            return f"{self.name} died of signal {-self.process.returncode}:\n{self.tail()}"
        return None
