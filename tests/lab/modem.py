# SPDX-License-Identifier: GPL-2.0-or-later
"""A modem on a serial port, and the telephone network behind it (ITU-T V.250 commands, verbose result codes).

Used by the tests of dial-out; test_modem.py tests it by itself. The port is a pty whose slave has a lasting
name. A pty has no modem lines: the port's last close is DTR that drops, and the loss of DCD is a hangup of
the slave, which the kernel makes when the master is closed; a new pty then has the same name.
"""

import os
import pty
import re
import select
import threading
import time
import tty

from waiting import DEFAULT_TIMEOUT, await_condition

# What a number does besides answering. SILENCE: nothing is heard of the call at all.
BUSY, NO_ANSWER, NO_CARRIER, NO_DIALTONE = "BUSY", "NO ANSWER", "NO CARRIER", "NO DIALTONE"
SILENCE = ""
COMMANDS = re.compile(r"(Z\d?|&F\d?|E[01]?|V1|Q0|M[0-3]?|L[0-3]?|X[0-4]?|H0?|&[CDK]\d?|S\d+=\d+)")
GUARD = 0.2                     # seconds without data before an escape sequence; 1 in the world
LISTEN = 0.5                    # seconds after CONNECT in which who answers lets the caller speak first


def open_pty():
    """(master, slave) of a pty that neither echoes nor edits."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


def read_now(descriptor):
    """What a pty's master has; b"" when its other side is closed."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


class Remote:
    """Who answers: a program on the serial port of a modem of its own, by default a stock pppd."""

    def __init__(self, node, options=(), program=None):
        """program: its arguments, of which "%t" is the port, instead of pppd's with these options."""
        self.node, self.calls = node, []
        self.program = program or ["pppd", "%t", "115200", "nodetach", "local", "nocrtscts", "noipdefault",
                                   "noccp", "novj", "noipv6", "debug", "lcp-restart", "1", *options]

    def answer(self):
        """Pick up; returns (master, slave) of the port. The slave is to be closed when something came."""
        master, slave = open_pty()
        proc = self.node.spawn("remote", [os.ttyname(slave) if word == "%t" else word for word in self.program])
        proc.stopped = True             # it may end by itself
        self.calls.append(proc)
        return master, slave

    def hang_up(self):
        """End the last call in good order."""
        self.calls[-1].stop()


class Modem:
    """states: idle, dialling, online (data), escaped (a call is up, and commands are taken)."""

    def __init__(self, path, numbers, connect="CONNECT 33600/ARQ/V34/LAPM", ring=0.1):
        """path: the port's name. numbers: {number: Remote or what it does}; others give NO CARRIER.

        ring: seconds from dialling to the result.
        """
        self.path, self.numbers, self.connect, self.ring = path, numbers, connect, ring
        self.events = []                # what happened, for tests
        self.heard = bytearray()        # data of the port's user in calls
        self.state = "idle"
        self.port = self.far = self.far_slave = None
        self.held = None                # (until when, what) who answers has said already
        self.open = False               # DTR is up
        self.line, self.echo = b"", True
        self.result = None              # (when, what) a call comes to
        self.last_data, self.escape = 0.0, b""      # when something came in a call; what may become "+++"
        self.orders, self.order_writer = os.pipe()
        self.plug_in()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    # What tests use

    def await_event(self, pattern, count=1, timeout=DEFAULT_TIMEOUT):
        """Wait until something happened so often."""
        await_condition(lambda: sum(bool(re.search(pattern, event)) for event in self.events) >= count,
                        lambda: f"{count} x /{pattern}/ at {self.path}; there was {self.events}", timeout)

    def drop_carrier(self):
        """The telephone line is cut."""
        os.write(self.order_writer, b"c")

    def close(self):
        os.write(self.order_writer, b"q")
        self.thread.join()
        for descriptor in filter(None, (self.port, self.orders, self.order_writer)):
            os.close(descriptor)
        os.unlink(self.path)

    # The port

    def plug_in(self):
        """A port nobody has open; its name leads to it from now on."""
        former, (self.port, slave) = self.port, open_pty()
        os.symlink(os.ttyname(slave), self.path + ".new")
        os.rename(self.path + ".new", self.path)
        os.close(slave)
        self.open, self.line, self.echo = False, b"", True
        if former is not None:
            os.close(former)            # hangs up whoever has the former one open

    def serve(self):
        while True:
            poll = select.poll()
            poll.register(self.orders, select.POLLIN)
            poll.register(self.port, select.POLLIN)
            if self.far is not None:
                poll.register(self.far, select.POLLIN)
            ready = dict(poll.poll(20))
            if self.orders in ready:
                if os.read(self.orders, 1) == b"q":
                    self.hang_up("power off")
                    return
                self.lose_carrier("line cut")
                continue
            if ready.get(self.port, 0) & select.POLLIN:
                self.opened(True)
                self.from_port(read_now(self.port))
            elif ready.get(self.port, 0) & select.POLLHUP:
                self.opened(False)
                time.sleep(0.01)        # poll() does not wait while nobody has it open
            elif not self.open:
                self.opened(True)
            if self.far in ready:
                self.from_far(read_now(self.far))
            if self.result and time.monotonic() >= self.result[0]:
                self.complete(self.result[1])
            if self.held and time.monotonic() >= self.held[0]:
                self.release()

    def opened(self, now):
        """DTR rises or falls."""
        if now == self.open:
            return
        self.open = now
        self.events.append("DTR up" if now else "DTR down")
        if not now:
            self.line, self.echo = b"", True
            self.hang_up("DTR")

    def say(self, text):
        self.events.append(text)
        os.write(self.port, f"\r\n{text}\r\n".encode())

    # Commands

    def from_port(self, data):
        if self.state == "online":
            paused = time.monotonic() - self.last_data > GUARD or self.escape
            self.last_data = time.monotonic()
            data, self.escape = self.escape + data, b""
            if paused and b"+++".startswith(data[:3]) and len(data) < 3:
                self.escape = data      # chat(8) sends it character by character
                return
            if not (paused and data.startswith(b"+++")):
                self.heard += data
                os.write(self.far, data)
                if data.strip():
                    self.release()
                return
            self.state, data = "escaped", data[3:]
            self.say("OK")
        elif self.state == "dialling" and data.strip():
            self.hang_up("aborted")     # V.250 5.6.1: any character aborts
            self.say(NO_CARRIER)
            return
        if self.echo:
            os.write(self.port, data)
        *lines, self.line = (self.line + data).split(b"\r")
        for line in lines:
            self.command(line.decode("ascii", "backslashreplace").strip().upper())

    def command(self, line):
        if not line:
            return
        self.events.append(line)
        body, _, number = line.partition("D") if line.startswith("AT") else ("", "", "")
        words = COMMANDS.findall(body[2:])
        if not line.startswith("AT") or "".join(words) != body[2:]:
            self.say("ERROR")
            return
        for word in words:
            if word[0] in "ZH":
                self.hang_up(word)
            elif word[0] == "E":
                self.echo = word == "E1"
        if "D" in line:
            self.state = "dialling"
            self.result = time.monotonic() + self.ring, re.sub(r"^[TP]|[^0-9*#+]", "", number)
        else:
            self.say("OK")

    # Calls

    def complete(self, number):
        """The network has said what becomes of the call."""
        what, self.result = self.numbers.get(number, NO_CARRIER), None
        if not isinstance(what, str):
            self.far, self.far_slave = what.answer()
        elif what != SILENCE:
            self.state = "idle"
            self.say(what)

    def from_far(self, data):
        """The other modem has sent something, or hung up. The first tells that who answers is ready: CONNECT."""
        if self.far_slave is not None:
            os.close(self.far_slave)
            self.far_slave = None
        if not data:
            self.lose_carrier("far end")
        elif self.state == "dialling":
            self.say(self.connect)
            self.state, self.last_data, self.escape = "online", time.monotonic(), b""
            self.held = time.monotonic() + LISTEN, data
        elif self.held:
            self.held = self.held[0], self.held[1] + data
        elif self.state == "online":
            os.write(self.port, data)

    def release(self):
        """What was held goes to the caller."""
        if self.held and self.state == "online":
            os.write(self.port, self.held[1])
        self.held = None

    def hang_up(self, why):
        """End what call there is; idle afterwards."""
        if self.state != "idle":
            self.events.append(f"hung up: {why}")
        self.state, self.result, self.held = "idle", None, None
        for end in filter(None, (self.far, self.far_slave)):
            os.close(end)
        self.far = self.far_slave = None

    def lose_carrier(self, why):
        if self.state == "dialling":
            self.hang_up(why)
            self.say(NO_CARRIER)
        elif self.state != "idle":
            self.hang_up(why)
            self.plug_in()
