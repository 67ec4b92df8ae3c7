# SPDX-License-Identifier: GPL-2.0-or-later
"""Data packets in user-space mode (RFC 2661, section 3.1): from UDP to the pty of a pppd, in HDLC frames (RFC 1662)."""
import struct
import time

import pytest

from xl2tpd_wire import ICCN, Peer, avp, message, u32, wait

pytestmark = pytest.mark.builds("ordinary", "sanitized")

FLAG, ESCAPE = b"\x7e", 0x7d
BUFFER = 4096                   # MAX_RECV_SIZE of xl2tpd
# A pppd that makes its tty raw, and reads when it is told to.
PPPD = """#!/bin/sh
stty raw -echo <"$1"
: >%(dir)s/raw
while [ ! -e %(dir)s/read ]; do sleep 0.05; done
exec cat "$1" >%(dir)s/got
"""


def fcs(data):
    """RFC 1662, appendix C.2"""
    value = 0xFFFF
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value


def frames(line):
    """The good frames of what came over the line, without their FCS."""
    for raw in line.split(FLAG):
        octets, escaped = bytearray(), 0
        for octet in raw:
            if octet == ESCAPE:
                escaped = 0x20
                continue
            octets.append(octet ^ escaped)
            escaped = 0
        if len(octets) > 2 and fcs(octets) == 0xF0B8:
            yield bytes(octets[:-2])


class Line:
    """A call with the pppd of above."""

    def __init__(self, start, directory):
        script = directory / "pppd"
        script.write_text(PPPD % {"dir": directory})
        script.chmod(0o755)
        self.dir = directory
        self.daemon = start(options="force userspace = yes\n", fake_pppd=True, env={"FAKE_PPPD": str(script)})
        self.peer = Peer(self.daemon).open()
        self.sid = self.peer.call(1)
        self.peer.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), self.sid)
        self.peer.expect(None)
        wait((directory / "raw").exists, "the tty to be raw")

    def data(self, payload, offset=None):
        """A data packet without length and sequence numbers; offset: with the O bit and that Offset Size."""
        header = struct.pack("!HHH", 2 if offset is None else 0x0202, self.peer.their_tid, self.sid)
        self.peer.raw(header + (b"" if offset is None else struct.pack("!H", offset)) + payload)

    def read(self):
        (self.dir / "read").touch()

    def got(self):
        try:
            return list(frames((self.dir / "got").read_bytes()))
        except FileNotFoundError:
            return []


@pytest.fixture
def line(start, tmp_path):
    return Line(start, tmp_path)


def test_payload_is_framed(line):
    """All octets, with those that are escaped, and behind an offset."""
    line.read()
    sent = [b"\xff\x03\xc0\x21" + bytes(range(256)), b"\x00\x21" + b"\x7e\x7d" * 100]
    for payload in sent:
        line.data(payload)
    line.data(b"pad" + sent[0], offset=3)
    wait(lambda: line.got() == sent + sent[:1], "the frames on the line")


@pytest.mark.parametrize("size", [BUFFER - 12, BUFFER - 11, BUFFER - 10, BUFFER, BUFFER + 100])
def test_payload_as_large_as_the_buffer(line, size):
    """The FCS goes behind it; what does not fit is lost, and nothing else."""
    line.read()
    line.data(b"\x80" * (size - 6))
    line.data(b"the next one")
    wait(lambda: line.got()[-1:] == [b"the next one"], "the frame after it")
    assert len(line.got()) <= 2 and line.peer.hello()


@pytest.mark.parametrize("offset", [5, 4000, 65535])
def test_payload_with_an_offset_beyond_its_end(line, offset):
    line.read()
    line.data(b"four", offset=offset)
    line.data(b"the next one")
    wait(lambda: line.got() == [b"the next one"], "the frame after it")
    assert line.peer.hello()


def test_payload_that_pppd_does_not_read(line):
    """It is dropped and counted; nobody waits for that pppd, and no CPU is used for it. When it reads again it gets whole frames."""
    sent = [struct.pack("!HI", 0x21, n) + b"\x80" * 1000 for n in range(400)]
    for payload in sent:
        line.data(payload)
    assert line.peer.hello()
    other = Peer(line.daemon, tid=77).open()
    assert other.hello()
    used = line.daemon.cpu()
    time.sleep(0.5)
    assert line.daemon.cpu() - used < 0.1
    line.daemon.await_log("does not read what it gets: 1 packets dropped")
    status = line.daemon.command("y default")
    dropped = int(status.split("rx_dropped=")[1].split()[0])
    assert 0 < dropped < len(sent) and line.daemon.logged("does not read") <= len(sent).bit_length()
    line.read()
    wait(lambda: len(line.got()) >= len(sent) - dropped, "what had room")
    kept = set(line.got())
    assert line.got() == [payload for payload in sent if payload in kept]  # room may come in between, when the tty moves its octets
    line.data(b"the next one")
    wait(lambda: line.got()[-1:] == [b"the next one"], "the frame after it")
    other.close()
