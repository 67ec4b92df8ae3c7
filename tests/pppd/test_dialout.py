# SPDX-License-Identifier: GPL-2.0-or-later
"""
vpdn-dialout.so until a call is connected, in the distribution's pppd, with a scripted vpdnd: what it asks, how pppd leaves or
dials again after each failure, and what ends the wait. What follows a connected call needs PPP in the kernel:
tests/lab/test_dialout_plugin.py.
"""
import errno
import os
import re
import select
import signal
import socket
import time

import pytest

from native_pppd import PLUGINS, TOP, Pppd
from xl2tpd_ipc import Listener, encode

ROLE_PPP = 3
SOON = 4.0          # seconds in which a signal must have been obeyed; vpdnd has 10 for an answer
CONNECT_FAILED, USER_REQUEST, OPTION_ERROR, FATAL_ERROR, HANGUP = 8, 5, 2, 1, 16      # pppd(8)
NO_VPDND = 73

# pppd-vpdn-dialout(8): enum vpdn_dial_failure, exit status, its word, TLVs of the DIAL_OVER, what the log must say of them
FAILURES = [
    (1, 64, "busy", (("RESULT", 8), ("Q931_CAUSE", 17)), r"busy: no more; result 8 \(busy\), Q\.931 cause 17 \(user busy\)"),
    (2, 65, "no answer", (("RESULT", 10), ("Q931_CAUSE", 19)), r"no answer: no more; result 10 \(.*\), Q\.931 cause 19 \("),
    (3, 66, "no carrier", (("RESULT", 7),), r"no carrier: no more; result 7 \("),
    (4, 67, "no dial tone", (("RESULT", 9), ("Q931_CAUSE", 27)), r"no dial tone: no more; result 9 \("),
    (5, 68, "refused", (("RESULT", 3),), r"refused: no more; result 3 \("),
    (6, 69, "no resources", (("RESULT", 2), ("ERROR_CODE", 4)), r"no resources: no more; result 2 \(.*error 4 \("),
    (7, 70, "unreachable", (), r"unreachable: no more$"),
    (8, 71, "timeout", (("RESULT", 10), ("Q931_CAUSE", 102)), r"timeout: no more; result 10 \(.*Q\.931 cause 102 \("),
    (9, 72, "configuration", (), r"configuration: no more$"),
    (10, HANGUP, "lost", (("Q931_CAUSE", 16),), r"lost: no more; Q\.931 cause 16 \("),
    (11, USER_REQUEST, "cleared", (), r"cleared: no more$"),
    (99, CONNECT_FAILED, None, (), r"failed: no more$"),
]


class Vpdnd:
    """Its socket; a call is a Connection whose HELLO and DIAL_ASK have come and, if so wanted, whose HELLO was accepted."""

    def __init__(self, path):
        self.listener = Listener(path)

    def call(self, answer=True):
        c = self.listener.accept()
        hello = c.read()
        assert (hello.name, hello["ROLE"]) == ("HELLO", ROLE_PPP)
        if answer:
            c.say("HELLO_ACK", ("VERSION", 1), ("NAME", "vpdnd"), flags=1, seq=hello.seq)
        c.asked = c.expect("DIAL_ASK")
        return c

    def fail(self, failure=1, *tlvs):
        c = self.call()
        c.say("DIAL_OVER", ("DIAL_FAILURE", failure), ("TEXT", "no more"), *tlvs)
        gone(c)

    def waiting(self, seconds):
        """Somebody connects in this time."""
        return bool(select.select([self.listener.socket], [], [], seconds)[0])


def gone(connection, seconds=SOON):
    """The plugin has closed, and said nothing before."""
    begun = time.monotonic()
    assert connection.read(seconds) is None
    connection.close()
    return time.monotonic() - begun


@pytest.fixture
def vpdnd(tmp_path):
    made = Vpdnd(str(tmp_path / "vpdnd.sock"))
    yield made
    made.listener.close()


@pytest.fixture
def dial(tmp_path):
    """dial(option...) starts a pppd that dials 6121 through the group "out"."""
    running = []

    def dial(*options, call=("vpdn-group", "out", "vpdn-number", "6121"), detach="nodetach", **more):
        running.append(Pppd(tmp_path / ("pppd%d" % len(running)), detach, "noauth", "plugin", PLUGINS + "/vpdn-dialout.so",
                            "vpdn-socket", str(tmp_path / "vpdnd.sock"), *call, *options, **more))
        return running[-1]

    yield dial
    for pppd in running:
        pppd.stop()


def test_dialout_asks(vpdnd, dial):
    """DIAL_ASK says what the options say, and nothing that they do not."""
    dial()
    asked = vpdnd.call().asked
    assert (asked["GROUP"], asked["CALLED_NUMBER"]) == ("out", b"6121") and asked["PID"] > 0
    assert {name for name, _ in asked.tlvs} == {"GROUP", "CALLED_NUMBER", "PID"}
    dial("vpdn-sub-address", "7", "vpdn-min-bps", "9600", "vpdn-max-bps", "2000000000", "vpdn-bearer", "analogue",
         "vpdn-framing", "asynchronous", "vpdn-dial-timeout", "45")
    asked = vpdnd.call().asked
    assert asked["SUB_ADDRESS"] == b"7" and (asked["MIN_BPS"], asked["MAX_BPS"]) == (9600, 2000000000)
    assert (asked["BEARER_TYPE"], asked["FRAMING_TYPE"], asked["TIMEOUT_MS"]) == (2, 2, 45000)
    dial("vpdn-bearer", "any", "vpdn-framing", "any")
    asked = vpdnd.call().asked
    assert (asked["BEARER_TYPE"], asked["FRAMING_TYPE"]) == (3, 3)


def test_dialout_peers_file(vpdnd, dial):
    """The manual's way: pppd call NAME, the rest in /etc/ppp/peers/NAME; progress is logged as it comes."""
    pppd = dial(call=("call", "remote2"), peers={"remote2": 'vpdn-group out\nvpdn-number "0 61-21"\n'})
    call = vpdnd.call()
    assert call.asked["CALLED_NUMBER"] == b"0 61-21"
    call.say("DIAL_PROGRESS", ("TEXT", "LAC 18.18.18.1 dials"))
    pppd.wait_log("vpdn: LAC 18.18.18.1 dials")
    pppd.send(signal.SIGTERM)
    assert pppd.wait() == USER_REQUEST


@pytest.mark.parametrize("failure, status, word, tlvs, line", FAILURES, ids=[str(row[1]) for row in FAILURES])
def test_dialout_failure(vpdnd, dial, failure, status, word, tlvs, line):
    """Each failure has its exit status and one line, with result, error and cause."""
    pppd = dial()
    vpdnd.fail(failure, *tlvs)
    assert pppd.wait() == status
    pppd.wait_log("the call to 6121 failed: " + line)
    assert len(pppd.times("failed")) == 1


def test_dialout_manual_statuses():
    """The manual's table has these statuses and words."""
    with open(os.path.join(TOP, "man", "pppd-vpdn-dialout.8")) as f:
        rows = dict(re.findall(r"^\.It (\d+) Ta (.*?) Ta", f.read(), re.M))
    assert rows == {str(status): word for _, status, word, _, _ in FAILURES if status >= 64} | {str(NO_VPDND): "vpdnd not reachable"}


def test_dialout_updetach_fails(vpdnd, dial):
    """With updetach, who has started pppd learns of the failure by the status."""
    pppd = dial(detach="updetach")
    vpdnd.fail(1)
    assert pppd.wait() == 64


@pytest.mark.parametrize("persist", [False, True], ids=["once", "persist"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
@pytest.mark.parametrize("asked", [False, True], ids=["no_answer_yet", "dialling"])
def test_dialout_terminated(vpdnd, dial, number, persist, asked):
    """SIGTERM and SIGINT while dialling: the connection is closed, and pppd leaves, at once, whatever it would else repeat."""
    pppd = dial(*(["persist", "holdoff", "0", "maxfail", "0"] if persist else []))
    call = vpdnd.call(answer=asked)
    pppd.send(number)
    assert gone(call) < SOON
    assert pppd.wait(SOON) == USER_REQUEST and not vpdnd.waiting(0)
    pppd.wait_log("the call to 6121 is cancelled")


def test_dialout_hangup(vpdnd, dial):
    """SIGHUP while dialling ends the attempt."""
    pppd = dial()
    call = vpdnd.call()
    pppd.send(signal.SIGHUP)
    assert gone(call) < SOON
    assert pppd.wait(SOON) == USER_REQUEST


@pytest.mark.parametrize("holdoff", [0, 1])
def test_dialout_hangup_persist(vpdnd, dial, holdoff):
    """With persist the next attempt comes after the holdoff, and is an attempt like any other."""
    pppd = dial("persist", "holdoff", str(holdoff), "maxfail", "0")
    call = vpdnd.call()
    hung_up = time.monotonic()
    pppd.send(signal.SIGHUP)
    gone(call)
    call = vpdnd.call()
    assert holdoff <= time.monotonic() - hung_up < holdoff + SOON       # pppd's own is 30
    pppd.wait_log("calling 6121", 2)
    pppd.send(signal.SIGTERM)
    gone(call)
    assert pppd.wait(SOON) == USER_REQUEST


def test_dialout_other_signals(vpdnd, dial):
    """Signals that do not concern the call leave the wait alone."""
    pppd = dial()
    call = vpdnd.call()
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGURG) * 3:
        pppd.send(number)
    call.say("DIAL_PROGRESS", ("TEXT", "still dialling"))
    pppd.wait_log("still dialling")
    call.say("DIAL_OVER", ("DIAL_FAILURE", 3), ("TEXT", "no more"))
    assert pppd.wait() == 66


@pytest.mark.parametrize("failure, status", [(1, 64), (9, 72)], ids=["busy", "configuration"])
def test_dialout_maxfail(vpdnd, dial, failure, status):
    """persist, holdoff and maxfail are pppd's own rules, for every kind of failure; the last one's status is pppd's."""
    pppd = dial("persist", "holdoff", "1", "maxfail", "3")
    for _ in range(3):
        vpdnd.fail(failure)
    assert pppd.wait() == status and not vpdnd.waiting(0)
    first, second, third = pppd.times("calling 6121")
    assert 0.9 < second - first < 1.9 and 0.9 < third - second < 1.9


def test_dialout_repeated(vpdnd, dial):
    """Fifty failed attempts leave nothing open."""
    pppd = dial("persist", "holdoff", "0", "maxfail", "0")
    for _ in range(3):
        vpdnd.fail()
    call = vpdnd.call()
    before = pppd.fds()
    call.say("DIAL_OVER", ("DIAL_FAILURE", 1), ("TEXT", "no more"))
    for _ in range(50):
        vpdnd.fail()
    call = vpdnd.call()
    assert pppd.fds() == before


def test_dialout_session_is_none(vpdnd, dial):
    """A descriptor that is no PPP channel: pppd says so, and the call is hung up; nothing stays open."""
    pppd = dial("persist", "holdoff", "0", "maxfail", "5")
    fds = []
    for _ in range(5):
        call = vpdnd.call()
        fds.append(pppd.fds())
        ours, theirs = socket.socketpair()
        call.say("DIAL_CONNECTED", ("TX_SPEED", 33600), ("FRAMING_TYPE", 2), ("TEXT", "6121 is connected"), fds=[theirs.fileno()])
        theirs.close()
        gone(call)
        assert ours.recv(1) == b""
        ours.close()
    assert pppd.wait() == FATAL_ERROR
    pppd.wait_log("vpdn: 6121 is connected")
    assert fds[-1] == fds[1]      # from the first connected call on there is one more, for /dev/null


def test_dialout_no_vpdnd(dial, tmp_path):
    """No vpdnd: a status of its own, and every attempt looks again."""
    pppd = dial("persist", "holdoff", "1", "maxfail", "2")
    pppd.wait_log("vpdnd cannot be asked: No such file or directory")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stale:
        stale.bind(str(tmp_path / "vpdnd.sock"))
    assert pppd.wait() == NO_VPDND
    pppd.wait_log("vpdnd cannot be asked: Connection refused")


def test_dialout_vpdnd_comes(vpdnd, dial):
    """vpdnd goes away while it dials and is there again later: the next attempt succeeds in asking."""
    pppd = dial("persist", "holdoff", "1", "maxfail", "0")
    vpdnd.call().close()
    pppd.wait_log("vpdnd cannot be asked: it closed the connection")
    vpdnd.fail()
    pppd.wait_log("failed: busy")


def test_dialout_vpdnd_hangs(vpdnd, dial):
    """No answer to HELLO in 10 s: given up, without having turned the processor meanwhile."""
    pppd = dial()
    call = vpdnd.call(answer=False)
    time.sleep(7)
    assert pppd.process.poll() is None and pppd.cpu() < 0.2
    assert pppd.wait() == NO_VPDND
    pppd.wait_log("vpdnd cannot be asked: it does not answer")
    gone(call)


@pytest.mark.parametrize("said", [
    b"nonsense", b"", b"VP" + bytes(14), encode("HELLO_ACK", [("VERSION", 1), ("NAME", "x")])[:-1],
    encode("HELLO_ACK", [("VERSION", 2), ("NAME", "x")], flags=1), encode("DIAL_OVER", [("TEXT", "no failure named")]),
    encode("DIAL_CONNECTED", [("TX_SPEED", 1), ("FRAMING_TYPE", 1), ("TEXT", "no descriptor")]),
    encode("ERROR", [("ERRNO", 22), ("TEXT", "no such thing")], seq=1, flags=1),
], ids=["text", "empty", "zeroes", "cut", "version", "no_failure", "no_session", "error"])
def test_dialout_wrong_answer(vpdnd, dial, said):
    """What no vpdnd says ends the attempt with a reason."""
    pppd = dial()
    call = vpdnd.call(answer=False)
    call.socket.send(said)
    assert pppd.wait(SOON) == NO_VPDND
    pppd.wait_log("vpdnd cannot be asked: (its answer is damaged|it is of another version|no such thing|it closed the connection)")
    call.close()


def test_dialout_unknown_message(vpdnd, dial):
    """A message that this plugin does not know is answered with ERROR; one that is not for it is passed over."""
    pppd = dial()
    call = vpdnd.call()
    message = encode("HELLO_ACK", [], seq=9)
    call.socket.send(message[:4] + b"\x7f\x00" + message[6:])
    refused = call.expect("ERROR")
    assert (refused.seq, refused["ERRNO"]) == (9, errno.EOPNOTSUPP)
    call.say("SUBSCRIBER_LOCAL")
    call.say("DIAL_OVER", ("DIAL_FAILURE", 1), ("TEXT", "no more"))
    assert pppd.wait() == 64
    pppd.wait_log("message from vpdnd ignored: SUBSCRIBER_LOCAL")


@pytest.mark.parametrize("call, line", [
    (("vpdn-number", "6121"), "needs both options vpdn-group and vpdn-number"),
    (("vpdn-group", "out"), "needs both options vpdn-group and vpdn-number"),
    (("vpdn-group", "out", "vpdn-number", ""), "vpdn-number is empty"),
    (("vpdn-group", "out", "vpdn-number", "1", "vpdn-min-bps", "2", "vpdn-max-bps", "1"), "vpdn-min-bps is above vpdn-max-bps"),
    (("vpdn-group", "out", "vpdn-number", "1", "vpdn-bearer", "wet"), 'vpdn-bearer: "wet" is none of digital, analogue, any'),
    (("vpdn-group", "out", "vpdn-number", "1", "vpdn-framing", "x"), 'vpdn-framing: "x" is none of synchronous, asynchronous, any'),
    (("vpdn-group", "out", "vpdn-number", "1", "vpdn-dial-timeout", "0"), "vpdn-dial-timeout"),
    (("vpdn-group", "out", "vpdn-number", "1", "vpdn-dial-timeout", "601"), "vpdn-dial-timeout"),
    (("vpdn-group", "out", "vpdn-number", "1", "vpdn-min-bps", "0"), "vpdn-min-bps"),
], ids=lambda value: None if isinstance(value, tuple) else value[:24])
def test_dialout_wrong_options(vpdnd, dial, call, line):
    """Options that make no call: pppd says which, and does not start."""
    pppd = dial(call=call)
    assert pppd.wait() == OPTION_ERROR
    pppd.wait_log(re.escape(line))
    assert not vpdnd.waiting(0)


def test_dialout_only_loaded(dial):
    """The plugin alone changes nothing: pppd wants a tty, as ever."""
    pppd = dial(call=())
    assert pppd.wait() != NO_VPDND and not pppd.times("vpdn:")
