# SPDX-License-Identifier: GPL-2.0-or-later
"""Bearers of kind exec: programs on a pty. Results and causes are those of CDN (RFC 2661 4.4.2) and Q.931."""
import os
import select

import pytest
from conftest import EXEC, pause, words
from waiting import await_condition


def sh(script):
    return words("COMMAND", ["/bin/sh", "-c", script])


def read(fd, size=1):
    """What comes, once it is so much."""
    data = b""
    while len(data) < size:
        assert select.select([fd], [], [], 5)[0], f"nothing came after {data}"
        got = os.read(fd, 1000)
        assert got, f"hung up after {data}"
        data += got
    return data


def test_exec_carries(dialer):
    """The program's standard input and output are the line; its end is the line's end, with its status."""
    dialer.dial(1, EXEC, "6121", *words("COMMAND", ["/bin/sh", "-c", "head -c 5; echo bye; read gone; exit 3"]))
    got, channel = dialer.up(1)
    assert (got["ACCESS"], got["FRAMING_TYPE"], got["TX_SPEED"]) == (2, 2, 115200)
    assert got["ACCESS_INTERFACE"] == os.ttyname(channel)
    os.write(channel, b"hello")
    assert read(channel, 9) == b"hellobye\n"
    os.write(channel, b"\n")
    assert "exit status 3" in dialer.over(1, 1, 16)
    os.close(channel)


def test_exec_number_in_words_and_environment(dialer):
    """%n is the number in every word, no shell sees it; the environment is clean but for what describes the call."""
    os.environ["LEAKED"] = "1"
    dialer.dial(1, EXEC, "6121", *words("COMMAND", ["/bin/sh", "-c", 'echo "$@"; env; exec cat', "x%n", "%n-%n", "$(id)", "100%%"]),
                ("SUB_ADDRESS", "77"), ("MIN_BPS", 9600), ("MAX_BPS", 64000))
    got, channel = dialer.up(1)
    assert got["TX_SPEED"] == 64000        # nobody said one: within the limits
    text = b""
    while b"VPDN_MAX_BPS" not in text:
        text += read(channel)
    lines = text.decode().splitlines()
    assert lines[0] == "6121-6121 $(id) 100%"
    assert {line for line in lines[1:] if line.split("=")[0] not in ("PWD", "SHLVL", "_", "OLDPWD")} == {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "VPDN_NUMBER=6121", "VPDN_SUB_ADDRESS=77",
        "VPDN_MIN_BPS=9600", "VPDN_MAX_BPS=64000"}
    dialer.clear(1)
    dialer.over(1, 3, 16)
    os.close(channel)


def test_exec_user_and_descriptors(dialer):
    """It runs as its user with that user's groups, in a session of its own, and inherits nothing."""
    dialer.dial(1, EXEC, "1", *sh("id -u; id -G; ls /proc/self/fd | wc -l; ps -o sid= -p $$ | grep -c \"^ *$$ *$\"; echo $HOME; exec cat"),
                ("RUN_AS", "nobody"))
    _, channel = dialer.up(1)
    text = b""
    while text.count(b"\n") < 5:
        text += read(channel)
    uid, groups, fds, session, home = text.decode().split()
    assert (uid, groups, session, home) == ("65534", "65534", "1", "/nonexistent")
    assert int(fds) == 4                # 0, 1, 2, and the directory that ls reads
    dialer.clear(1)
    dialer.over(1, 3, 16)
    os.close(channel)


@pytest.mark.parametrize("report, result, cause", [
    ("BUSY", 8, 17), ("NO ANSWER", 10, 19), ("NO CARRIER", 7, 127), ("NO DIALTONE", 9, 27), ("ERROR no line card", 7, 127), ("what", 7, 127)])
def test_exec_reports(dialer, report, result, cause):
    dialer.dial(1, EXEC, "1", *sh(f"echo '{report}' >&3; exec sleep 60"), ("WAIT_REPORT", 1))
    assert report in dialer.over(1, result, cause)


def test_exec_connect(dialer):
    """With WAIT_REPORT the line is up when the program says CONNECT, at the speed it says."""
    dialer.dial(1, EXEC, "1", *sh("read go; echo CONNECT 33600 >&3; exec cat"), ("WAIT_REPORT", 1))
    dialer.vpdnd.quiet(0.5, "BEARER_UP")
    dialer.clear(1)
    dialer.over(1, 3, 16)
    dialer.dial(2, EXEC, "1", *sh("echo CONNECT 33600 >&3; exec cat"), ("WAIT_REPORT", 1))
    got, channel = dialer.up(2)
    assert got["TX_SPEED"] == 33600
    os.close(channel)
    dialer.clear(2)
    dialer.over(2, 3, 16)


def test_exec_speed_outside(dialer):
    """A speed that somebody has said must suit."""
    for ref, speed in ((1, 9600), (2, 128000)):
        dialer.dial(ref, EXEC, "1", *sh(f"echo CONNECT {speed} >&3; exec cat"), ("WAIT_REPORT", 1), ("MIN_BPS", 14400), ("MAX_BPS", 64000))
        assert f"{speed} bit/s, but 14400 to 64000" in dialer.over(ref, 4, 65)


@pytest.mark.parametrize("script, wait, ends", [
    ("echo CONNECT 64000 >&3; exit 3", 1, {(1, 16)}), ("exit 3", 0, {(1, 16), (7, 127)})], ids=["reported", "at_once"])
def test_exec_ends_at_once(dialer, script, wait, ends):
    """The line is up and gone in the same moment, whichever is seen first: the carrier is lost, and this host lacks nothing."""
    for ref in range(1, 31):
        dialer.dial(ref, EXEC, "1", *sh(script), ("WAIT_REPORT", wait))
        got = dialer.vpdnd.read()
        if got.name == "BEARER_UP":
            os.close(got.fds[0])
            got = dialer.vpdnd.read()
        assert got.name == "BEARER_OVER" and (got["RESULT"], got["Q931_CAUSE"]) in ends, got


@pytest.mark.parametrize("framing, fits", [(1, False), (2, True), (3, True)])
def test_exec_framing(dialer, framing, fits):
    """Frames on a pty are asynchronous: an LNS that wants others is told before anything is run."""
    dialer.dial(1, EXEC, "1", *sh("exec cat"), ("FRAMING_TYPE", framing))
    if not fits:
        assert "synchronous framing is asked for" in dialer.over(1, 5, 65)
        assert "dialling by" not in dialer.text()
        return
    got, channel = dialer.up(1)
    assert got["FRAMING_TYPE"] == 2
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_exec_cannot_run(dialer):
    dialer.dial(1, EXEC, "1", *words("COMMAND", ["/nonexistent/dial", "%n"]))
    assert "executing it: No such file" in dialer.over(1, 5, 38)
    dialer.dial(2, EXEC, "1", *sh("exit 0"), ("RUN_AS", "no-such-user"))
    assert "looking up its user" in dialer.over(2, 5, 38)
    dialer.dial(3, EXEC, "1", *sh("exit 7"), ("WAIT_REPORT", 1))
    assert "before the line was up: exit status 7" in dialer.over(3, 7, 127)
    dialer.dial(4, EXEC, "1")
    dialer.over(4, 5, 38)
    for ref, length in ((5, 64), (6, 300)):     # a name of any length is a user's, and never nobody's: that would be root
        dialer.dial(ref, EXEC, "1", *sh("exit 0"), ("RUN_AS", length * "u"))
        dialer.over(ref, 5, 38)


def test_exec_timeout(dialer):
    dialer.dial(1, EXEC, "1", *sh("exec sleep 60"), ("WAIT_REPORT", 1), timeout_ms=300)
    assert "300 ms" in dialer.over(1, 10, 102)


def test_exec_stubborn(dialer):
    """Who does not go on SIGHUP is killed, with all of its process group."""
    dialer.dial(1, EXEC, "1", *sh(f"trap '' HUP; {sleep(61)} & echo here; wait; wait; {sleep(62)}"))
    _, channel = dialer.up(1)
    assert read(channel, 5) == b"here\n"
    await_condition(lambda: sleeping(61), "its child runs")
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)
    dialer.await_log("is killed")
    await_condition(lambda: not sleeping(61) and not sleeping(62), "the children of the program are gone")


def sleep(seconds):
    """A "sleep" that sleeping() finds, and no other run's."""
    return f"sleep {seconds}.{os.getpid()}"


def sleeping(seconds):
    wanted = sleep(seconds).encode().replace(b" ", b"\0") + b"\0"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read() == wanted:
                    return True
        except OSError:
            pass
    return False


def test_exec_hostile_numbers(dialer):
    for ref, number in enumerate(("-rf", "1;id", "1 2", "../x", "a\\b", "", "1" * 65, "1\n2", "1\0002"), 1):
        dialer.dial(ref, EXEC, number, *sh("exit 0"))
        dialer.over(ref, 6, 28)


def test_exec_chatty(dialer):
    """What it says on standard error is logged, but not without end."""
    dialer.dial(1, EXEC, "1", *sh("for i in $(seq 1 500); do echo line $i >&2; done; exec cat"))
    _, channel = dialer.up(1)
    dialer.await_log("which is not logged")
    assert "line 50;" in dialer.text() and "line 51;" not in dialer.text()
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_exec_hundred(dialer):
    """A hundred calls at once, and nothing is left."""
    for ref in range(1, 101):
        dialer.dial(ref, EXEC, str(ref), *sh("exec cat"))
    channels = {}
    for _ in range(100):
        got = dialer.vpdnd.expect("BEARER_UP")
        channels[got["CALL_REF"]] = got.fds[0]
    assert sorted(channels) == list(range(1, 101))
    for ref, channel in channels.items():
        os.write(channel, b"call %d" % ref)
    for ref, channel in channels.items():
        assert read(channel, 6) == b"call %d" % ref
        os.close(channel)
        dialer.clear(ref)
    over = {dialer.vpdnd.expect("BEARER_OVER")["CALL_REF"] for _ in range(100)}
    assert over == set(range(1, 101))


def test_exec_vpdnd_gone(dialer):
    """With vpdnd's connection end the calls; the dialer comes back by itself."""
    dialer.dial(1, EXEC, "1", *sh("exec cat"))
    _, channel = dialer.up(1)
    os.close(channel)
    dialer.vpdnd.close()
    dialer.vpdnd = dialer.accept()
    dialer.await_idle()
    dialer.vpdnd.quiet(0.3, "BEARER_OVER")     # of a call that this vpdnd knows nothing of
    dialer.dial(1, EXEC, "1", *sh("exec cat"))
    _, channel = dialer.up(1)
    os.close(channel)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_exec_stopped(start_dialer):
    """SIGTERM ends the calls, then the dialer."""
    dialer = start_dialer()
    dialer.dial(1, EXEC, "1", *sh("trap 'echo caught >&2; exit' HUP; echo ready; while :; do sleep 0.1; done"))
    _, channel = dialer.up(1)
    assert read(channel, 6) == b"ready\n"
    dialer.process.terminate()
    assert dialer.process.wait(10) == 0
    assert dialer.vpdnd.read() is None
    assert "the command says: caught" in dialer.text()
    os.close(channel)


def test_messages_that_make_no_sense(dialer):
    """Each is answered with an ERROR, and the calls go on."""
    dialer.dial(1, EXEC, "1", *sh("exec cat"))
    _, channel = dialer.up(1)
    os.close(channel)
    dialer.dial(1, EXEC, "1", *sh("exec cat"))
    assert dialer.vpdnd.expect("ERROR")["ERRNO"] == 17
    dialer.dial(2, 9, "1")
    assert dialer.vpdnd.expect("ERROR")["ERRNO"] == 74
    dialer.vpdnd.say("BEARER_CLEAR", ("TEXT", "no reference"))
    assert dialer.vpdnd.expect("ERROR")["ERRNO"] == 74
    dialer.vpdnd.say("CTL_REQUEST", ("WORD", "show"))
    assert dialer.vpdnd.expect("ERROR")["ERRNO"] == 95
    dialer.clear(77)
    pause(0.2)
    dialer.clear(1)
    dialer.over(1, 3, 16)


def test_exec_closes_line(dialer):
    """Standard input and output closed while the program runs on: the line is lost, and the program ended."""
    dialer.dial(1, EXEC, "1", *sh(f"read go; exec <&- >&-; exec {sleep(63)}"))
    _, channel = dialer.up(1)
    os.write(channel, b"go\n")
    await_condition(lambda: sleeping(63), "the program runs on")
    assert "has closed its side" in dialer.over(1, 1, 16)
    os.close(channel)
    await_condition(lambda: not sleeping(63), "the program is gone")


def test_slow_vpdnd(dialer):
    """A vpdnd that does not read for a while gets everything in order; one that never does is left, and found again."""
    for ref in range(1, 3001):
        dialer.dial(ref, EXEC, "no good", *sh("exit 0"))
    for ref in range(1, 3001):
        assert dialer.vpdnd.read()["CALL_REF"] == ref
    try:
        for ref in range(1, 20001):
            dialer.dial(ref, EXEC, "no good", *sh("exit 0"))
    except (BrokenPipeError, ConnectionResetError):
        pass
    dialer.await_log("it does not read what it is sent")
    dialer.vpdnd.close()
    dialer.vpdnd = dialer.accept()
    dialer.dial(1, EXEC, "no good", *sh("exit 0"))
    dialer.over(1, 6, 28)
