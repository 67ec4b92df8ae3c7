# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated modem does what the tests of dial-out rely on."""

import os
import select
import time

import pytest

import modem
from waiting import await_condition

PATH = "/dev/modem-test"


class Port:
    """The computer's side of the modem's port."""

    def __init__(self):
        self.open()

    def open(self):
        self.descriptor = os.open(PATH, os.O_RDWR | os.O_NOCTTY)
        self.text = b""

    def send(self, data):
        os.write(self.descriptor, data)

    def await_text(self, text):
        """Wait until it has come, and forget all that came."""
        def came():
            while select.select([self.descriptor], [], [], 0)[0]:
                data = os.read(self.descriptor, 4096)
                assert data, f"hung up after {self.text}"
                self.text += data
            return text in self.text
        await_condition(came, lambda: f"{text} from the modem, not {self.text}")
        self.text = b""

    def close(self):
        os.close(self.descriptor)


@pytest.fixture
def line(lab):
    """(modem, port) with a cat behind 6121."""
    remote = modem.Remote(lab.client, program=["sh", "-c", 'exec <>"$0" >&0; echo hello; exec cat', "%t"])
    emulated = modem.Modem(PATH, {"6121": remote, "1": modem.BUSY, "2": modem.SILENCE})
    port = Port()
    yield emulated, port, remote
    port.close()
    emulated.close()


def test_modem_results(line):
    """Commands are echoed and answered; the numbers do what they should; a character aborts."""
    emulated, port, _ = line
    port.send(b"ATZ\r")
    port.await_text(b"ATZ\r\r\nOK\r\n")
    port.send(b"ATE0&C1S0=0\r")
    port.await_text(b"\r\nOK\r\n")
    port.send(b"AT+NONSENSE\r")
    port.await_text(b"\r\nERROR\r\n")
    for number, result in ((b"1", b"BUSY"), (b"3", b"NO CARRIER")):
        port.send(b"ATDT" + number + b"\r")
        port.await_text(b"\r\n" + result + b"\r\n")
    port.send(b"ATDT2\r")
    emulated.await_event("ATDT2")
    time.sleep(2 * emulated.ring)
    port.send(b"\r")
    port.send(b"x")
    port.await_text(b"NO CARRIER")
    assert emulated.events[-2:] == ["hung up: aborted", "NO CARRIER"]


def test_modem_call(line):
    """Data both ways, the escape sequence, DTR; the loss of carrier hangs the port up, which is there again."""
    emulated, port, remote = line
    port.send(b"ATDT6121\r")
    port.await_text(b"CONNECT 33600/ARQ/V34/LAPM\r\nhello")
    port.send(b"there and back +++ again")
    port.await_text(b"there and back +++ again")
    time.sleep(2 * modem.GUARD)
    port.send(b"+++ATH\r")
    port.await_text(b"OK")
    emulated.await_event("hung up: H")
    for end in ("DTR", "line cut", "far end"):
        port.send(b"ATDT6121\r")
        port.await_text(b"hello")
        if end == "line cut":
            emulated.drop_carrier()
        elif end == "far end":
            remote.hang_up()
        else:
            port.close()
        emulated.await_event(f"hung up: {end}")
        if end != "DTR":
            await_condition(lambda: not modem.read_now(port.descriptor), "the end of file")
            port.close()
        port.open()
    remote.calls[-1].wait()
