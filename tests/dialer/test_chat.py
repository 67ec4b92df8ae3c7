# SPDX-License-Identifier: GPL-2.0-or-later
"""
Bearers of kind chat: the ppp package's chat(8) talks to an emulated modem (tests/lab/modem.py) on a pty.

What is behind the modem is a program on a port of its own; results and causes are those of CDN (RFC 2661 4.4.2) and Q.931.
A pty has no DTR for vpdn-dialer to hold down: before the same modem is dialled again, the test waits until it has seen the end.
"""
import os
import select
import struct
import subprocess

import modem
import pytest
from conftest import CHAT, LOCKS, words
from waiting import await_condition

PORT = f"modem-{os.getpid()}-"      # of the emulated modems, with a number
PORTS = f"/dev/{PORT}*"
SCRIPT = ["", "ATZ", "OK", "ATDT%n", "CONNECT", ""]
ECHO = ["sh", "-c", 'exec <>"$0" >&0; echo hello; exec cat', "%t"]


class Program:
    """A process behind a modem, as modem.Remote wants it."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(arguments, start_new_session=True)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Here:
    """Where the programs behind the modems run."""

    def __init__(self):
        self.programs = []

    def spawn(self, _name, arguments):
        self.programs.append(Program(arguments))
        return self.programs[-1]


@pytest.fixture
def modems():
    """modems(n, numbers...) gives n modems with the same numbers; 6121 answers unless told otherwise."""
    here, made = Here(), []

    def make(n=1, connect="CONNECT 33600/ARQ/V34/LAPM", **numbers):
        remote = modem.Remote(here, program=ECHO)
        numbers = {"6121": remote, **{key.removeprefix("n"): value for key, value in numbers.items()}}
        for _ in range(n):
            made.append(modem.Modem(f"/dev/{PORT}{len(made)}", numbers, connect=connect))
            made[-1].remote = remote
        return made

    yield make
    for m in made:
        m.close()
    for program in here.programs:
        program.stop()


def dial(dialer, ref, number="6121", *more, script=SCRIPT, tty=PORTS, **timing):
    dialer.dial(ref, CHAT, number, *words("DEVICE", [tty]), ("BAUD", 115200), *words("SCRIPT", script), *more, **timing)


def read_until(fd, text):
    data = b""
    while text not in data:
        assert select.select([fd], [], [], 5)[0], f"{text} did not come, only {data}"
        got = os.read(fd, 1000)
        assert got, f"hung up after {data}"
        data += got
    return data


def test_chat_call(dialer, modems):
    """Dialled, up with CONNECT's speed, data both ways, hung up; the tty is locked meanwhile and the number is what was asked for."""
    line, = modems()
    dial(dialer, 1)
    got, channel = dialer.up(1)
    assert (got["ACCESS"], got["ACCESS_INTERFACE"], got["FRAMING_TYPE"], got["TX_SPEED"]) == (2, line.path, 2, 33600)
    assert "ATDT6121" in line.events
    device = os.ttyname(channel).removeprefix("/dev/").replace("/", "_")
    assert dialer.locks() == sorted([f"LCK..{PORT}0", "LCK.." + device])
    with open(f"{LOCKS}/LCK..{PORT}0", encoding="ascii") as lock:
        assert lock.read() == "%10d\n" % dialer.process.pid         # as pppd writes it
    read_until(channel, b"hello")
    os.write(channel, b"~frame~")
    read_until(channel, b"~frame~")
    os.close(channel)
    dialer.clear(1)
    assert "cleared: the LNS said CDN" in dialer.over(1, 3, 16)
    line.await_event("hung up: DTR")
    assert dialer.locks() == []


@pytest.mark.parametrize("said, result, cause", [
    (modem.BUSY, 8, 17), (modem.NO_CARRIER, 7, 127), (modem.NO_DIALTONE, 9, 27), ("NO DIAL TONE", 9, 27), (modem.NO_ANSWER, 10, 19),
    ("DELAYED 00:01:22", 4, 21), ("BLACKLISTED", 4, 21), ("ERROR", 7, 127)])
def test_chat_fails(dialer, modems, said, result, cause):
    line, = modems(n1=said)
    dial(dialer, 1, "1", ("HANGUP_SCRIPT", ""), ("HANGUP_SCRIPT", "ATH"))
    assert said.split(" 0")[0] in dialer.over(1, result, cause)
    line.await_event("DTR down")
    assert "ATH" not in line.events     # it is on hook already


def test_chat_no_result(dialer, modems):
    """Time is up: the call is given up by the hang-up script and DTR."""
    line, = modems(n1=modem.SILENCE)
    dial(dialer, 1, "1", *words("HANGUP_SCRIPT", ["", "ATH", "CARRIER"]), timeout_ms=3000)
    line.await_event("ATDT1")
    assert "no result within 3000 ms" in dialer.over(1, 10, 102)
    line.await_event("hung up: aborted")


def test_chat_script_times_out(dialer, modems):
    """The script's own TIMEOUT is chat's to keep."""
    modems(n1=modem.SILENCE)
    dial(dialer, 1, "1", script=["", "ATZ", "OK", "ATDT%n", "TIMEOUT", "1", "CONNECT", ""])
    assert "as the script expects" in dialer.over(1, 10, 102)


def test_chat_own_abort_words(dialer, modems):
    modems(n1="VOICE")
    dial(dialer, 1, "1", script=["ABORT", "RINGING", "ABORT", "VOICE", *SCRIPT])
    assert "ABORT word 2" in dialer.over(1, 7, 127)


def test_chat_cancelled(dialer, modems):
    """BEARER_CLEAR while it rings."""
    line, = modems(n1=modem.SILENCE)
    dial(dialer, 1, "1")
    line.await_event("ATDT1")
    dialer.clear(1, "cancelled")
    assert "cleared: cancelled" in dialer.over(1, 3, 16)
    line.await_event("hung up: ")


def test_chat_cancelled_at_once(dialer, modems):
    """BEARER_START and BEARER_CLEAR in one burst: chat gets its SIGTERM before it runs, and vpdn-dialer is not who obeys it."""
    modems(n1=modem.SILENCE)
    for ref in range(1, 31):
        dial(dialer, ref, "1")
        dialer.clear(ref, "cancelled")
        dialer.over(ref, 3, 16)
    assert "stopping" not in dialer.text()


@pytest.mark.parametrize("end", ["line cut", "far end"])
def test_chat_carrier_lost(dialer, modems, end):
    """DCD drops: CDN 1 for the LNS, and the hang-up script is not run on a modem that has hung up."""
    line, = modems()
    dial(dialer, 1, "6121", *words("HANGUP_SCRIPT", ["", "ATH", "OK"]))
    _, channel = dialer.up(1)
    read_until(channel, b"hello")
    if end == "line cut":
        line.drop_carrier()
    else:
        line.remote.hang_up()
    assert f"carrier lost on {line.path}" in dialer.over(1, 1, 16)
    os.close(channel)
    assert "ATH" not in line.events
    dial(dialer, 2)
    _, channel = dialer.up(2)
    os.close(channel)
    dialer.clear(2)
    dialer.over(2, 3, 16)


def test_chat_hangup_script(dialer, modems):
    line, = modems()
    dial(dialer, 1, "6121", *words("HANGUP_SCRIPT", ["", r"\d\d+++\d\d\c", "OK", "ATH", "OK"]))
    _, channel = dialer.up(1)
    read_until(channel, b"hello")
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)
    line.await_event("hung up: H")


@pytest.mark.parametrize("connect, limits, speed", [
    ("CONNECT", (), 115200), ("CONNECT", (("MIN_BPS", 9600), ("MAX_BPS", 64000)), 64000), ("CONNECT 56000/V90", (), 56000),
    ("CONNECT 33600/V42", (("MIN_BPS", 64000),), None), ("CONNECT 33600/V42", (("MAX_BPS", 28800),), None)])
def test_chat_speeds(dialer, modems, connect, limits, speed):
    """A speed that the modem says counts; a bare CONNECT is the tty's, within the limits that the LNS has set."""
    modems(connect=connect)
    dial(dialer, 1, "6121", *limits)
    if speed is None:
        assert "33600 bit/s" in dialer.over(1, 4, 65)
        return
    got, channel = dialer.up(1)
    assert got["TX_SPEED"] == speed
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_chat_errors(start_dialer, modems, tmp_path):
    """A tty's errors since the call is up are reported, in the order of AVP 34 (RFC 2661 4.4.6), when there are new ones."""
    counter = tmp_path / "errors"
    counter.write_bytes(b"x" * 1000)            # of former calls
    dialer = start_dialer(env={"FAKE_ERRORS": str(counter)})
    modems()
    dial(dialer, 1)
    _, channel = dialer.up(1)
    counter.write_bytes(b"x" * 1003)
    got = dialer.vpdnd.expect("BEARER_ERRORS", timeout=15, CALL_REF=1)
    assert struct.unpack("!6I", got["CALL_ERRORS"]) == (0, 3, 0, 0, 0, 0)
    dialer.vpdnd.quiet(11, "BEARER_ERRORS")
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_chat_pool(dialer, modems):
    """The first free tty is taken; who finds none is refused at once; a tty that is free again serves."""
    first, second = modems(2)
    channels = {}
    for ref, line in ((1, first), (2, second)):
        dial(dialer, ref)
        got, channels[ref] = dialer.up(ref)
        assert got["ACCESS_INTERFACE"] == line.path
    dial(dialer, 3)
    assert "2 in use, 0 not working" in dialer.over(3, 4, 34)
    os.close(channels[1])
    dialer.clear(1)
    dialer.over(1, 3, 16)
    first.await_event("DTR down")
    dial(dialer, 4)
    got, channels[1] = dialer.up(4)
    assert got["ACCESS_INTERFACE"] == first.path
    for ref, channel in ((4, channels[1]), (2, channels[2])):
        os.close(channel)
        dialer.clear(ref)
        dialer.over(ref, 3, 16)


def test_chat_one_tty_by_two_names(dialer, modems):
    """A pool, or two dialers, may name a tty by a link and by its device: it is one tty, and it has one call."""
    line, = modems()
    dial(dialer, 1)
    _, channel = dialer.up(1)
    dial(dialer, 2, tty=os.path.realpath(line.path))
    assert "1 in use, 0 not working" in dialer.over(2, 4, 34)
    os.write(channel, b"still there")
    read_until(channel, b"still there")
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def lock(name, text):
    with open(f"{LOCKS}/LCK..{name}", "w", encoding="ascii") as f:
        f.write(text)


def test_chat_locks_of_others(dialer, modems):
    """A tty that a living process has locked, by either of its names, is not touched; a dead one's lock is taken over."""
    lines = modems(3)
    gone = subprocess.Popen(["true"])
    gone.wait()
    device = os.path.realpath(lines[1].path).removeprefix("/dev/").replace("/", "_")
    lock(f"{PORT}0", "%10d\n" % os.getpid())
    lock(device, "%10d\n" % os.getppid())
    lock(f"{PORT}2", "%10d\n" % gone.pid)
    try:
        dial(dialer, 1)
        got, channel = dialer.up(1)
        assert got["ACCESS_INTERFACE"] == lines[2].path
        assert lines[0].events == lines[1].events == []
        dial(dialer, 2)
        dialer.over(2, 4, 34)
        os.close(channel)
        dialer.clear(1)
        dialer.over(1, 3, 16)
        assert os.path.exists(f"{LOCKS}/LCK..{PORT}0") and os.path.exists(f"{LOCKS}/LCK..{device}")
        assert not os.path.exists(f"{LOCKS}/LCK..{PORT}2")
    finally:
        for name in (f"{PORT}0", device):
            os.unlink(f"{LOCKS}/LCK..{name}")


def test_chat_broken_tty(dialer, modems, tmp_path):
    """A tty that cannot be opened or set up is left out for a while, and the same call goes on with the next."""
    line, = modems()
    broken = tmp_path / "no-tty"
    broken.touch()
    devices = words("DEVICE", [str(broken), PORTS])
    for ref in (1, 2):
        dialer.dial(ref, CHAT, "6121", *devices, *words("SCRIPT", SCRIPT))
        got, channel = dialer.up(ref)
        assert got["ACCESS_INTERFACE"] == line.path
        os.close(channel)
        dialer.clear(ref)
        dialer.over(ref, 3, 16)
        line.await_event("DTR down", ref)
    assert dialer.text().count("Inappropriate ioctl") == 1
    dialer.dial(3, CHAT, "6121", *devices[:1], *words("SCRIPT", SCRIPT))
    assert "no tty works" in dialer.over(3, 5, 38)
    dialer.dial(4, CHAT, "6121", *words("DEVICE", ["/dev/no-such-modem*"]), *words("SCRIPT", SCRIPT))
    assert "none of the dialer's ttys exists" in dialer.over(4, 5, 38)


def test_chat_hostile_numbers(dialer, modems):
    """Nothing that chat(8) or the modem would take for more than a number is dialled."""
    line, = modems()
    for ref, number in enumerate((r"1\c", "1^M", "1 2", "1\r", "1;ATS0=1", "T1", "$HOME", "1&F", "", "1\0"), 1):
        dial(dialer, ref, number)
        dialer.over(ref, 6, 28)
    assert line.events == []
    dial(dialer, 20, "*#+-ABCD,1")
    dialer.over(20, 7, 127)
    assert "ATDT*#+-ABCD,1" in line.events


def test_chat_kernel_without_ppp(start_dialer, modems):
    """Without N_PPP in the kernel the call fails, and the text says what is missing."""
    dialer = start_dialer(env={"FAKE_PPP_ABSENT": "1"})
    line, = modems()
    dial(dialer, 1)
    assert "TIOCSETD N_PPP; kernel module ppp_async): Invalid argument" in dialer.over(1, 5, 38)
    line.await_event("hung up")


def test_chat_killed(start_dialer, modems):
    """A dialer that was killed: its children go, and the locks it left are taken over by the next."""
    line, = modems(n1=modem.SILENCE)
    dialer = start_dialer()
    dial(dialer, 1, "1")
    line.await_event("ATDT1")
    child, = dialer.children()
    dialer.process.kill()
    dialer.process.wait()
    await_condition(lambda: not os.path.exists(f"/proc/{child}"), "chat is gone")
    assert dialer.vpdnd.read() is None
    line.await_event("DTR down")
    dialer.start()
    dial(dialer, 1)
    _, channel = dialer.up(1)
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_chat_hundred(dialer, modems):
    """A hundred calls on ten modems: each gets its turn or a clear answer, and nothing is left."""
    modems(10)
    for ref in range(1, 101):
        dial(dialer, ref)
    came_up, over = [], {}
    while len(over) < 100:
        got = dialer.vpdnd.read()
        if got.name == "BEARER_UP":
            os.close(got.fds[0])
            came_up.append(got["CALL_REF"])
            dialer.clear(got["CALL_REF"])
        else:
            over[got["CALL_REF"]] = (got["RESULT"], got["Q931_CAUSE"])
    assert len(came_up) == 10
    assert over == {ref: (3, 16) if ref in came_up else (4, 34) for ref in range(1, 101)}

