# SPDX-License-Identifier: GPL-2.0-or-later
"""
The other sides of xl2tpd's vpdn module, as small as a test can have them: vpdnd and a pppd template, on sockets in a directory of
their own. Messages and TLVs are those of lib/ipc_proto.h, read from there. Used by test_xl2tpd_module_*.py.

The kernel's L2TP is played by fake_pppol2tp.c, because the control plane does not need it and the test machine may have none.
"""
import array
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import tempfile

import pytest

from xl2tpd_wire import TIMEOUT, Daemon, wait

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ROLE_L2TP = 2
DIALIN, DIALOUT = 1, 2      # ACCEPTS


def _read_proto():
    with open(os.path.join(TOP, "lib", "ipc_proto.h")) as f:
        text = f.read()
    messages, tlvs = text.split("#define VPDN_IPC_COUNTERS", 1)[0].split("#define VPDN_IPC_TLVS", 1)
    names = {name: int(number) for name, number in re.findall(r"X\((\w+),\s*(\d+),", messages)}
    kinds = {name: (int(number), kind) for name, number, kind in re.findall(r"X\((\w+),\s*(\d+),\s*(\w+),", tlvs)}
    return names, kinds


MESSAGES, TLVS = _read_proto()
MESSAGE_NAMES = {number: name for name, number in MESSAGES.items()}
TLV_NAMES = {number: (name, kind) for name, (number, kind) in TLVS.items()}
SIZES = {"u8": "!B", "u16": "!H", "u32": "!I", "u64": "!Q"}


def encode(name, tlvs, seq=0, flags=0):
    """tlvs: (name, value) pairs; numbers for numbers, text or bytes for the rest, "a.b.c.d" for addresses."""
    body = b""
    for tlv, value in tlvs:
        number, kind = TLVS[tlv]
        if kind in SIZES:
            value = struct.pack(SIZES[kind], value)
        elif kind == "ip4":
            value = socket.inet_aton(value)
        elif isinstance(value, str):
            value = value.encode()
        body += struct.pack("!HH", number, len(value)) + value
    return struct.pack("!HBBHHII", 0x5650, 1, flags, MESSAGES[name], 0, 16 + len(body), seq) + body


class Said:
    """A received message."""

    def __init__(self, data, fds):
        magic, version, self.flags, number, _, length, self.seq = struct.unpack("!HBBHHII", data[:16])
        assert (magic, version, length) == (0x5650, 1, len(data))
        self.name = MESSAGE_NAMES[number]
        self.fds = fds
        self.tlvs = []
        rest = data[16:]
        while rest:
            number, length = struct.unpack("!HH", rest[:4])
            name, kind = TLV_NAMES[number]
            value = rest[4:4 + length]
            if kind in SIZES:
                value = struct.unpack(SIZES[kind], value)[0]
            elif kind == "ip4":
                value = socket.inet_ntoa(value)
            elif kind == "text":
                value = value.decode()
            self.tlvs.append((name, value))
            rest = rest[4 + length:]

    def __getitem__(self, name):
        return next(value for tlv, value in self.tlvs if tlv == name)

    def get(self, name, default=None):
        return next((value for tlv, value in self.tlvs if tlv == name), default)

    def all(self, name):
        return [value for tlv, value in self.tlvs if tlv == name]

    def __repr__(self):
        return "%s %r" % (self.name, self.tlvs)


class Connection:
    def __init__(self, sock):
        self.socket = sock
        self.kept = []

    def say(self, name, *tlvs, seq=0, flags=0, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([encode(name, tlvs, seq, flags)], ancillary)

    def read(self, timeout=TIMEOUT):
        """The next message; None: closed. Fails when nothing comes."""
        if self.kept:
            return self.kept.pop(0)
        assert select.select([self.socket], [], [], timeout)[0], "nothing came"
        try:
            data, ancillary, _, _ = self.socket.recvmsg(65536, 1024)
        except ConnectionResetError:
            return None
        if not data:
            return None
        fds = []
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds += list(array.array("i", value[:len(value) - len(value) % 4]))
        return Said(data, fds)

    def expect(self, name, timeout=TIMEOUT, **tlvs):
        """The next message of that name in which these TLVs have these values; others are dropped."""
        while True:
            got = self.read(timeout)
            assert got is not None, "closed while waiting for " + name
            if got.name == name and all(got.get(tlv) == value for tlv, value in tlvs.items()):
                return got

    def quiet(self, seconds, name):
        """Nothing of that name comes for so long; what else comes is kept."""
        kept = []
        while self.kept or select.select([self.socket], [], [], seconds)[0]:
            got = self.read()
            kept.append(got)
            assert got.name != name, got
        self.kept = kept

    def close(self):
        self.socket.close()


class Listener:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.path = path
        self.socket.bind(path)
        self.socket.listen(64)

    def accept(self):
        assert select.select([self.socket], [], [], TIMEOUT)[0], "nobody connects to " + self.path
        return Connection(self.socket.accept()[0])

    def close(self):
        self.socket.close()
        os.unlink(self.path)


def build_fake_kernel(directory):
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_pppol2tp.c")
    library = os.path.join(directory, "fake_pppol2tp.so")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler for the kernel's stand-in")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source, "-ldl"], check=True)
    return library


class Node:
    """xl2tpd with the module, a vpdnd that has said HELLO_ACK and what groups there are, and templates where they are asked for."""

    def __init__(self, address="127.0.0.1", groups=(), port=None, options="", vpdnd=True):
        module = os.environ.get("XL2TPD_MODULE")
        if not module or not os.path.exists(module):
            pytest.skip("XL2TPD_MODULE does not name the module")
        self.dir = tempfile.mkdtemp(prefix="vpdn-test-")
        self.groups = groups
        self.templates = []
        self.listener = Listener(self.dir + "/vpdnd.sock") if vpdnd else None
        self.daemon = Daemon(self.dir, address=address, port=port, sections="", preload=[build_fake_kernel(self.dir)],
                             options="access control = yes\nhook module = %s\nhook args = socket=%s/vpdnd.sock,templates=%s\n%s"
                             % (module, self.dir, self.dir, options))
        self.vpdnd = self.accept() if vpdnd else None

    def accept(self):
        """vpdnd's part of the start of a connection, up to SYNC_DONE; what was reported stays to be read."""
        c = self.listener.accept()
        hello = c.read()
        assert (hello.name, hello["ROLE"]) == ("HELLO", ROLE_L2TP)
        c.say("HELLO_ACK", ("VERSION", 1), ("NAME", "test"), flags=1, seq=hello.seq)
        self.configure(c)
        reported = []
        while True:
            got = c.read()
            if got.name == "L2TP_SYNC_DONE":
                break
            reported.append(got)
        c.kept = reported
        return c

    def configure(self, connection=None):
        c = connection or self.vpdnd
        before = self.daemon.logged("accept block")
        c.say("L2TP_CONFIG_BEGIN")
        for group in self.groups:
            c.say("L2TP_GROUP", *group)
        c.say("L2TP_CONFIG_END")
        self.daemon.await_log("accept block", before + 1)

    def template(self, name="corp"):
        t = Listener("%s/%s.sock" % (self.dir, name))
        self.templates.append(t)
        return t

    def place(self, ref, peer, *more, what="L2TP_CALL_PLACE", secret="s3cret", group="corp", timeout_ms=8000, idle_s=1, hello_s=60,
              local_name="LAC"):
        auth = [("TUNNEL_AUTH", 1), ("SECRET", secret)] if secret else [("TUNNEL_AUTH", 0)]
        self.vpdnd.say(what, ("CALL_REF", ref), ("GROUP", group), ("PEER_IP", peer[0]), ("PEER_PORT", peer[1]),
                       ("LOCAL_NAME", local_name), *auth, ("IDLE_S", idle_s), ("HELLO_S", hello_s), ("TIMEOUT_MS", timeout_ms), *more)

    def stop(self):
        self.daemon.stop()
        text = self.daemon.text()
        for line in text.splitlines():
            assert "s3cret" not in line and "Scheduling for <=0" not in line, text
        for t in self.templates:
            t.close()
        if self.listener:
            self.listener.close()
        shutil.rmtree(self.dir)


def group(name="wholesale", terminate_from=("LAC",), secret="s3cret", template="corp", idle_s=1, local_name="LNS", pool=None,
          sources=(), limit=None, accepts=DIALIN, hidden=False):
    tlvs = [("GROUP", name), ("ACCEPTS", accepts), ("LOCAL_NAME", local_name), ("TUNNEL_AUTH", 1 if secret else 0), ("IDLE_S", idle_s),
            ("HELLO_S", 60)]
    if hidden:
        tlvs.append(("HIDDEN", 1))
    if accepts == DIALIN:
        tlvs.append(("PPP_TEMPLATE", template))
    if secret:
        tlvs.append(("SECRET", secret))
    tlvs += [("TERMINATE_FROM", n) for n in terminate_from]
    tlvs += [("SOURCE", socket.inet_aton(a) + bytes([n])) for a, n in sources]
    if limit:
        tlvs.append(("MAX_SESSIONS", limit))
    if pool:
        tlvs += [("POOL_LOCAL", pool[0]), ("POOL_FIRST", pool[1]), ("POOL_LAST", pool[2])]
    return tlvs


__all__ = ["DIALIN", "DIALOUT", "Connection", "Listener", "Node", "Said", "encode", "group", "wait"]
