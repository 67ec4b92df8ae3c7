# SPDX-License-Identifier: GPL-2.0-or-later
"""
An xl2tpd under test on a loopback address, and an L2TP peer made of a UDP socket that says exactly what a test wants.

Used by test_xl2tpd_*.py here and by tests/control. The environment variable XL2TPD_TREE names the directory with the built
xl2tpd. The daemon runs in its user-space mode where the machine has no PPP in the kernel, which is enough for the control plane.
Wire format: RFC 2661, section 3.
"""
import hashlib
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

import pytest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from observed import Observed  # noqa: E402
from waiting import await_condition as wait  # noqa: E402

SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO = 1, 2, 3, 4, 6
OCRQ, OCRP, OCCN, ICRQ, ICRP, ICCN, CDN, WEN, SLI = 7, 8, 9, 10, 11, 12, 14, 15, 16
CONTROL = 0xC802            # T, L and S bits, version 2
TIMEOUT = 10.0              # seconds; every wait ends as soon as its condition holds


def xl2tpd_binary():
    tree = os.environ.get("XL2TPD_TREE")
    if not tree:
        pytest.skip("XL2TPD_TREE does not name the directory with the built xl2tpd")
    return os.path.join(tree, "xl2tpd")


def avp(attr, value=b"", mandatory=True, vendor=0, hidden=False):
    flags = (0x8000 if mandatory else 0) | (0x4000 if hidden else 0)
    return struct.pack("!HHH", flags | 6 + len(value), vendor, attr) + value


def u16(value):
    return struct.pack("!H", value)


def u32(value):
    return struct.pack("!I", value)


def message(msgtype, *avps, mandatory=True):
    return avp(0, u16(msgtype), mandatory) + b"".join(avps)


def control(tid, sid, ns, nr, payload=b"", bits=CONTROL, length=None):
    total = 12 + len(payload) if length is None else length
    return struct.pack("!HHHHHH", bits, total, tid, sid, ns & 0xFFFF, nr & 0xFFFF) + payload


def sccrq_avps(tid, name=b"peer"):
    return (avp(2, u16(0x100)), avp(3, u32(3)), avp(7, name), avp(9, u16(tid)))


def free_port(address):
    """A UDP port that nobody has, and that nobody is given who asks for any: another daemon may start at the same time, in another run."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        first, last = map(int, f.read().split())
    ports = [*range(2048, first), *range(last + 1, 65536)] or range(2048, 65536)
    while True:
        port = random.choice(ports)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, port))
                return port
            except OSError:
                pass


class Daemon(Observed):
    """xl2tpd in the foreground with its log in a file. preload: libraries it is started with; env: variables for them."""

    def __init__(self, directory, options="", sections="[lns default]\nip range = 10.99.0.2-10.99.15.254\nlocal ip = 10.99.0.1\n",
                 address="127.0.0.1", listen=None, port=None, preload=(), env=None):
        self.dir = str(directory)
        self.commands = 0
        self.address = address
        self.port = port = port or free_port(address)
        self.pipe = os.path.join(self.dir, "control")
        conf = os.path.join(self.dir, "xl2tpd.conf")
        with open(conf, "w") as f:
            f.write("[global]\nlisten-addr = %s\nport = %d\n%s\n%s" % (listen or address, port, options, sections))
        secrets = os.path.join(self.dir, "secrets")
        if not os.path.exists(secrets):
            open(secrets, "w").close()
        variables = dict(os.environ, **(env or {}))
        if preload:
            variables["LD_PRELOAD"] = ":".join(preload)
            variables["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        path = os.path.join(self.dir, "log")
        with open(path, "ab") as log:
            super().__init__(subprocess.Popen(
                [xl2tpd_binary(), "-D", "-c", conf, "-s", secrets, "-p", os.path.join(self.dir, "pid"), "-C", self.pipe],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=variables), path)
        self.await_log("Listening on IP address")

    def command(self, text):
        """One command on the control pipe, and its answer."""
        # a name of its own: the daemon removes the pipe some time after the answer, and must not meet the next one there
        self.commands += 1
        result = os.path.join(self.dir, "result%d" % self.commands)
        os.mkfifo(result)
        reader = os.open(result, os.O_RDONLY | os.O_NONBLOCK)
        try:
            with open(self.pipe, "w") as f:
                f.write("@%s %s\n" % (result, text))
            answer = b""
            wait(lambda: select.select([reader], [], [], 0)[0], "an answer to '%s'" % text)
            os.set_blocking(reader, True)
            while True:
                part = os.read(reader, 65536)
                if not part:
                    return answer.decode()
                answer += part
        finally:
            os.close(reader)

    def tunnels(self):
        """{our tunnel id: number of calls}, as the daemon says on its control pipe."""
        found = {}
        for line in self.command("x").splitlines():
            words = line.split()
            if "ourtid" in words:
                found[int(words[words.index("ourtid") + 1])] = int(words[words.index("has") + 1])
        return found

    def stop(self):
        self.terminate(ask_again_after=0.2)       # the test's peers do not acknowledge any more: asked again it ends at once
        self.assert_no_report()


class Message:
    def __init__(self, data):
        self.data = data
        self.bits, self.length, self.tid, self.sid, self.ns, self.nr = struct.unpack("!HHHHHH", data[:12])
        self.avps = []
        rest = data[12:]
        while rest:
            length, vendor, attr = struct.unpack("!HHH", rest[:6])
            self.avps.append((vendor, attr, rest[6:length & 0x3FF], bool(length & 0x8000)))
            rest = rest[length & 0x3FF:]

    @property
    def type(self):
        return struct.unpack("!H", self.avps[0][2])[0] if self.avps else None

    def value(self, attr, vendor=0):
        return next((a[2] for a in self.avps if a[:2] == (vendor, attr)), None)

    def number(self, attr):
        return int.from_bytes(self.value(attr), "big")


class Peer:
    """The other end of a tunnel. It keeps the sequence numbers and acknowledges at once, unless told not to."""

    def __init__(self, daemon, tid=4711, address="127.0.0.1", port=0, to=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.to = daemon and (to or daemon.address, daemon.port)
        self.tid = tid
        self.their_tid = 0
        self.ns = self.nr = 0
        self.acknowledge = True
        self.seen = []

    def close(self):
        self.socket.close()

    def raw(self, data):
        self.socket.sendto(data, self.to)

    def send(self, payload=b"", sid=0):
        self.raw(control(self.their_tid, sid, self.ns, self.nr, payload))
        if payload:
            self.ns += 1

    def zlb(self, sid=0):
        self.send(sid=sid)

    def receive(self, timeout=TIMEOUT):
        """The next packet that is new, or None."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            data, self.source = self.socket.recvfrom(4096)
            self.to = self.to or self.source
            got = Message(data)
            if got.avps:
                if got.ns != self.nr & 0xFFFF:
                    continue
                self.nr += 1
                if got.type in (SCCRQ, SCCRP) and len(got.value(9)) == 2:      # not hidden
                    self.their_tid = got.number(9)
                if self.acknowledge:
                    self.zlb()
            return got

    def everything(self, seconds):
        """What comes in that time, in order or not; nothing is acknowledged."""
        end = time.monotonic() + seconds
        while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
            yield Message(self.socket.recv(4096))

    def expect(self, msgtype, timeout=TIMEOUT):
        """The next message of this type (None: a ZLB)."""
        end = time.monotonic() + timeout
        while True:
            got = self.receive(max(0, end - time.monotonic()))
            assert got is not None, "no message of type %s" % msgtype
            if got.type == msgtype:
                return got

    def open(self, name=b"peer"):
        self.send(message(SCCRQ, *sccrq_avps(self.tid, name)))
        self.expect(SCCRP)
        self.send(message(SCCCN))
        self.expect(None)
        return self

    def hello(self):
        """Is the tunnel alive at the other end?"""
        self.send(message(HELLO))
        want = self.ns & 0xFFFF
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            got = self.receive(1)
            if got and got.nr == want:
                return True
        return False

    def call(self, sid, *more):
        """An ICRQ, and the daemon's session id from its ICRP."""
        self.send(message(ICRQ, avp(14, u16(sid)), avp(15, u32(sid)), *more))
        return self.expect(ICRP).number(14)


def answer(challenge, msgtype, secret):
    """The Challenge Response that goes with a message of this type."""
    return hashlib.md5(bytes([msgtype]) + secret + challenge).digest()


class Called(Peer):
    """A peer that waits for an SCCRQ. Its tunnel secret is the one of xl2tpd_ipc.py."""

    def __init__(self, secret=b"s3cret", name=b"LNS"):
        super().__init__(None, tid=3000)
        self.secret = secret
        self.name = name
        self.where = self.socket.getsockname()

    def accept_tunnel(self, secret=None, framings=3, bearers=None):
        """framings, bearers: Framing and Bearer Capabilities; None: not said."""
        sccrq = self.expect(SCCRQ)
        more = [] if bearers is None else [avp(4, u32(bearers))]
        if sccrq.value(11):
            more += [avp(13, answer(sccrq.value(11), SCCRP, secret or self.secret)), avp(11, b"challenge of the peer")]
        self.send(message(SCCRP, avp(2, u16(0x100)), avp(3, u32(framings)), avp(7, self.name), avp(9, u16(self.tid)), *more))
        return sccrq


class Calling(Peer):
    """A peer that opens the tunnel."""

    def open_as(self, name=b"LAC", secret=b"s3cret", response=None):
        """The tunnel with authentication both ways; the SCCRP."""
        more = [avp(11, b"challenge of the peer")] if secret else []
        self.send(message(SCCRQ, *sccrq_avps(self.tid, name), *more))
        sccrp = self.expect(SCCRP)
        more = []
        if secret:
            assert sccrp.value(13) == answer(b"challenge of the peer", SCCRP, secret)
            more = [avp(13, response or answer(sccrp.value(11), SCCCN, secret))]
        self.send(message(SCCCN, *more))
        return sccrp
