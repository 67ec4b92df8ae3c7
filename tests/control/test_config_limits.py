# SPDX-License-Identifier: GPL-2.0-or-later
"""What is too long in the configuration file, the secrets file, on the command line and on the control pipe is refused and named."""
import hashlib
import os
import subprocess

import pytest

from xl2tpd_wire import OCCN, OCRP, OCRQ, SCCCN, SCCRP, SCCRQ, Peer, avp, message, sccrq_avps, u16, u32, xl2tpd_binary

pytestmark = pytest.mark.builds("ordinary", "sanitized")

LNS = "[lns default]\nip range = 10.99.0.2-10.99.0.9\nlocal ip = 10.99.0.1\n"


def refused(tmp_path, text, *args):
    """What xl2tpd says to a configuration that it does not start with."""
    conf = tmp_path / "conf"
    conf.write_text(text)
    got = subprocess.run([xl2tpd_binary(), "-D", "-c", str(conf), "-p", str(tmp_path / "pid"), "-C", str(tmp_path / "pipe"), *args],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=10, text=True, errors="replace")
    assert got.returncode == 1, got
    assert "AddressSanitizer" not in got.stdout and "runtime error" not in got.stdout, got.stdout
    return got.stdout


@pytest.mark.parametrize("text, line, limit", [
    ("[global]\nauth file = %s\n", 2, 99),
    ("[lns x]\nhostname = %s\n", 2, 99),
    ("[lns x]\nname = %s\n", 2, 99),
    ("[lns x]\n\npppoptfile = %s\n", 3, 99),
    ("[lac x]\nhostname = %s\n", 2, 99),
    ("[lac x]\nlns = %s\n", 2, 99),
    ("[lac x]\nname = %s\n", 2, 99),
    ("; comment\n[lac x]\npppoptfile = %s\n", 3, 99),
    ("[lns %s]\n", 1, 99),
    ("[lac %s]\n", 1, 99),
    ("[global]\nport = 1701\n%s = 5\n", 3, None),
], ids=lambda v: v.strip().replace("\n", " ") if isinstance(v, str) else "")
@pytest.mark.parametrize("length", [100, 128, 900, 5000])
def test_config_limits_of_the_file(tmp_path, text, line, limit, length):
    said = refused(tmp_path, text % ("x" * length))
    assert "%s, line %d: " % (tmp_path / "conf", line) in said, said
    if length < 1000:
        assert limit is None or "at most %d characters" % limit in said, said
    else:
        assert "at most 1022 characters" in said, said


def test_config_limits_are_reached(start):
    """One character less is good."""
    name = "n" * 99
    daemon = start(sections="[lns %s]\nhostname = %s\nip range = 10.99.0.2-10.99.0.9\nlocal ip = 10.99.0.1\n[lac %s]\nlns = %s\n"
                   "; %s\n" % (name, name, name, name, "c" * 3000))
    assert name in daemon.command("x")


@pytest.mark.parametrize("first, last, start_address, end", [
    ("10.0.0.1", "5", "10.0.0.1", "10.0.0.5"), ("10.0.0.1", "1.5", "10.0.0.1", "10.0.1.5"),
    ("10.0.0.1", "10.0.0.7", "10.0.0.1", "10.0.0.7")])
def test_config_limits_of_a_range(start, first, last, start_address, end):
    """Its end may be the last fields only."""
    daemon = start(sections="[lns default]\nip range = %s-%s\nlocal ip = 10.99.0.1\nlac = 127.0.0.1 - 1\n" % (first, last))
    assert daemon.running()


@pytest.mark.parametrize("value", ["%s-5" % ("h" * 300), "10.0.0.1-%s" % ("9" * 300), "%s-%s" % ("1." * 60, "2." * 60)])
def test_config_limits_of_a_long_range(tmp_path, value):
    said = refused(tmp_path, "[lns x]\nip range = %s\n" % value)
    assert "line 2: " in said, said


def test_config_limits_of_the_command_line(tmp_path):
    for option in ("-s", "-C", "-p", "-q"):
        assert "at most 99 characters" in refused(tmp_path, LNS, option, "1" * 100)


@pytest.mark.parametrize("secrets, line", [
    (b"us\n* * right\n", "line 1: not our name"), (b"us", "line 1: not our name"), (b"us them\n* * right\n", "line 1: not our name"),
    (b"\n" + b"x" * 99 + b"\n* * right\n", "line 2: not our name"), (b"x" * 255 + b"\n* * right\n", "line 1: longer than 254"),
    (b"a b " + b"c" * 5000 + b"\n* * right\n", "line 1: longer than 254"), (b"* * " + b"s" * 200 + b"\n", "line 1: a secret has at most 119"),
    (b"\0\0\0\n#\n;\n   \t \n", "no secret found")])
def test_config_limits_of_the_secrets(tmp_path, start, secrets, line):
    path = tmp_path / "given"
    path.write_bytes(secrets)
    daemon = start(options="auth file = %s" % path, sections=LNS + "challenge = yes\n")
    peer = Peer(daemon)
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid)))
    if b"right" in secrets:
        sccrp = peer.expect(SCCRP)
        peer.send(message(SCCCN, avp(13, hashlib.md5(bytes([SCCCN]) + b"right" + sccrp.value(11)).digest())))
        assert peer.hello()
    daemon.await_log(line)
    peer.close()


def pipe(daemon, text):
    """A command nobody waits for the answer of."""
    with open(daemon.pipe, "wb") as f:
        f.write(text)


def test_config_limits_of_the_pipe(start):
    """Commands without their arguments, with too long ones, with nothing between two semicolons, longer than there is room for."""
    daemon = start(sections=LNS + "[lac there]\nlns = 127.0.0.1:9\n")
    for command in "xztcohdarysw":
        for rest in ("", " ", "  ", " " + "n" * 99, " " + "n" * 100, " " + "n" * 128, " " + "n" * 900, " there", " there ",
                     " there " + "p" * 99, " there " + "p" * 100, " there a " + "p" * 100, " 1 " + "9" * 127, " 1 " + "9" * 128,
                     " new", " new ", " %s%s%n "):
            if command == "t" and rest.strip():
                continue            # a name look-up
            daemon.command(command + rest)
            assert daemon.running(), (command, rest, daemon.text())
    for n, options in enumerate((";", ";;", " ; ;", "lns=127.0.0.1; ;", "; lns = 127.0.0.1 ;;", "=", "lns", "lns=" + "x" * 100, "x=1",
                                 "pppoptfile=" + "y" * 100)):
        for command in "az":
            daemon.command("%s opt%s%d %s" % (command, command, n, options))
    assert "at most 99 characters" in daemon.text()
    assert "a number of 1 to 127 characters expected" in daemon.command("o there " + "9" * 128)
    assert daemon.command("a there lns=127.0.0.1:9") == "00 OK\n"
    assert "a password of 1 to 99 characters expected" in daemon.command("c there me " + "9" * 100)
    assert "a name of 1 to 99 characters expected" in daemon.command("a " + "9" * 100)
    for junk in (b"x" * 1023, b"x" * 1024, b"x" * 5000, b"", b"\0\0\0", b"@", b"@x", b"@/ x", b"@/nowhere/file x", b"?"):
        pipe(daemon, junk + b"\n")
        assert "OK" in daemon.command("x")
    assert "a command has at most 1024 characters" in daemon.text()
    # an answer that nobody reads stops nothing
    fifo = os.path.join(daemon.dir, "unread")
    os.mkfifo(fifo)
    pipe(daemon, b"@" + fifo.encode() + b" x\n")
    peer = Peer(daemon).open()
    assert peer.hello()
    peer.close()


def test_config_limits_of_a_dialled_number(start, tmp_path):
    """The name of pppd's options file is made of it; percent signs are no format."""
    peer = Peer(None)
    daemon = start(options="force userspace = yes", fake_pppd=True,
                   sections="[lac out]\nlns = 127.0.0.1:%d\nname = %%s%%s%%s%%n\n" % peer.socket.getsockname()[1])
    number = "5" * 127
    daemon.command("o out " + number)
    peer.expect(SCCRQ)
    peer.send(message(SCCRP, *sccrq_avps(peer.tid)))
    peer.expect(SCCCN)
    request = peer.expect(OCRQ)
    assert request.value(21).decode() == number
    sid = request.number(14)
    peer.send(message(OCRP, avp(14, u16(8))), sid)
    peer.send(message(OCCN, avp(24, u32(64000)), avp(19, u32(1))), sid)
    daemon.await_log("Phoneid")
    assert "\"/var/l2tp/%s.options\"" % number in daemon.text()
    assert "\"%s%s%s%n\"" in daemon.text()
    peer.close()


def test_config_limits_of_waiting_for_the_pipe(start):
    """A writer who keeps the pipe open and half a line in it stops nobody; commands that come together are all done."""
    daemon = start()
    with open(daemon.pipe, "wb", buffering=0) as f:
        peer = Peer(daemon).open()
        assert peer.hello()
        f.write(b"d 1\nd 2\n?\nd 3\n")
        daemon.await_log("No such tunnel 3")
        assert daemon.logged("No such tunnel 1") == daemon.logged("No such tunnel 2") == daemon.logged("Unknown command ?") == 1
        assert peer.hello()
        peer.close()
    assert daemon.tunnels()
