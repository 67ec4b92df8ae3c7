# SPDX-License-Identifier: GPL-2.0-or-later
"""Stand-ins for vpdnd and for the modules in pppoe-server and xl2tpd.

Used by test_plugins.py and test_dialout_plugin.py to test the pppd plugins alone: what a peer of theirs would
never say, or at a moment that cannot be met from outside. Messages have the
numbers of lib/ipc_proto.h, read from that file; kernel sessions are made here, without
PPPoE discovery and without L2TP control.
"""

import os
import re
import select
import socket
import struct
import threading
import time

import labnet
from test_lab_selfcheck import (AF_PPPOX, PPPIOCATTCHAN, PPPIOCBRIDGECHAN, PPPIOCGCHAN, PX_PROTO_OL2TP,
                                connect_raw, int_ioctl)
from waiting import await_condition

PX_PROTO_OE = 0
PPPOE, L2TP = 1, 3              # enum vpdn_access_kind
MAGIC, VERSION, REPLY = 0x5650, 1, 1

with open(os.path.join(labnet.REPO, "lib/ipc_proto.h"), encoding="utf-8") as header:
    PROTO = header.read()
MESSAGES = {name: int(number) for name, number in
            re.findall(r"X\((\w+),\s*(\d+),\s*(?:any|client|server)\b", PROTO)}
TLVS = {name: int(number) for name, number in
        re.findall(r"X\((\w+),\s*(\d+),\s*(?:u8|u16|u32|u64|text|bytes|secret|list|ip4)\b", PROTO)}
MESSAGE_NAMES = {number: name for name, number in MESSAGES.items()}
TLV_NAMES = {number: name for name, number in TLVS.items()}


def u8(value):
    return struct.pack("!B", value)


def u16(value):
    return struct.pack("!H", value)


def u32(value):
    return struct.pack("!I", value)


def pack(name, tlvs=(), seq=0, flags=0):
    """A message; tlvs is [(name, bytes or str)]."""
    body = b""
    for tlv, value in tlvs:
        value = value.encode() if isinstance(value, str) else value
        body += struct.pack("!HH", TLVS[tlv], len(value)) + value
    return struct.pack("!HBBHHII", MAGIC, VERSION, flags, MESSAGES[name], 0, 16 + len(body), seq) + body


class Message:
    """A received message: name, seq, tlvs {name: value}, fds."""

    def __init__(self, data, fds=()):
        magic, version, _, kind, _, length, self.seq = struct.unpack("!HBBHHII", data[:16])
        assert (magic, version, length) == (MAGIC, VERSION, len(data))
        self.name, self.fds, self.tlvs = MESSAGE_NAMES[kind], list(fds), {}
        data = data[16:]
        while data:
            tlv, size = struct.unpack("!HH", data[:4])
            self.tlvs[TLV_NAMES[tlv & 0x7fff]] = data[4:4 + size]
            data = data[4 + size:]

    def text(self, name="TEXT"):
        return self.tlvs.get(name, b"").decode()

    def number(self, name):
        """A number, None when absent."""
        value = self.tlvs.get(name)
        return None if value is None else int.from_bytes(value, "big")

    def __repr__(self):
        return f"{self.name} {self.tlvs}"


class Connection:
    """A requester's side of a call, or vpdnd's side of a plugin; remembers what came."""

    def __init__(self, connected):
        self.socket, self.messages, self.eof = connected, [], None
        connected.setblocking(True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 32768, 4)
            except OSError:
                data = b""
            if not data:
                self.eof = time.monotonic()
                return
            self.messages.append(Message(data, fds))

    def send(self, name, tlvs=(), fds=(), **options):
        socket.send_fds(self.socket, [pack(name, tlvs, **options)], list(fds))

    def names(self):
        return [message.name for message in self.messages]

    def await_message(self, name):
        """Wait for a message; returns the first of that name."""
        return await_condition(lambda: next((m for m in self.messages if m.name == name), None),
                               lambda: f"{name}; came {self.messages}")

    def await_end(self):
        """Wait until the other side has closed."""
        await_condition(lambda: self.eof, lambda: f"the end; came {self.messages}")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Vpdnd:
    """vpdnd's socket; every plugin that connects becomes a Connection."""

    def __init__(self, node, path="/run/vpdn/vpdnd.sock"):
        self.plugins = []
        node.call(os.makedirs, os.path.dirname(path), 0o750, True)
        self.listener = node.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        node.call(self.listener.bind, path)
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            self.plugins.append(Connection(self.listener.accept()[0]))

    def await_question(self, name="SUBSCRIBER_ASK"):
        """(connection, question) of the next plugin."""
        plugin = await_condition(lambda: self.plugins and self.plugins.pop(0), "a plugin to connect")
        hello = plugin.await_message("HELLO")
        plugin.send("HELLO_ACK", [("VERSION", u8(VERSION)), ("NAME", "vpdnd")], seq=hello.seq, flags=REPLY)
        return plugin, plugin.await_message(name)


def pppoe_session(node, interface, peer_mac, number):
    """The kernel's end of a PPPoE session."""
    session = node.socket(AF_PPPOX, socket.SOCK_STREAM, PX_PROTO_OE)
    address = struct.pack("=HI", AF_PPPOX, PX_PROTO_OE) + struct.pack(
        "!H6s16s", number, bytes.fromhex(peer_mac.replace(":", "")), interface.encode())
    node.call(connect_raw, session, address)
    return session


class Tunnel:
    """The kernel's end of an L2TP tunnel."""

    def __init__(self, node, local, remote, tunnel, peer_tunnel, port=1701):
        self.node, self.remote, self.ids, self.port = node, remote, (tunnel, peer_tunnel), port
        self.udp = node.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((local, port))
        self.udp.connect((remote, port))
        self.control = self.session(0, 0)

    def session(self, number, peer_number):
        """A session's socket; number 0 is the tunnel itself."""
        made = self.node.socket(AF_PPPOX, socket.SOCK_DGRAM, PX_PROTO_OL2TP)
        address = struct.pack("=HI", AF_PPPOX, PX_PROTO_OL2TP) + struct.pack(
            "=iiH2s4s8sHHHH", 0, self.udp.fileno(), socket.AF_INET, struct.pack("!H", self.port),
            socket.inet_aton(self.remote), bytes(8), self.ids[0], number, self.ids[1], peer_number)
        self.node.call(connect_raw, made, address)
        return made


class Bridge:
    """Two channels joined in the kernel, what was queued passed on. Made in the node's thread."""

    def __init__(self, *sessions):
        self.channels, numbers = [], []
        for session in sessions:
            self.channels.append(os.open("/dev/ppp", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK))
            numbers.append(int_ioctl(session, PPPIOCGCHAN))
            int_ioctl(self.channels[-1], PPPIOCATTCHAN, numbers[-1])
        self.drain()
        int_ioctl(self.channels[0], PPPIOCBRIDGECHAN, numbers[1])
        self.drain()

    def drain(self):
        for source, sink in (self.channels, self.channels[::-1]):
            while select.select([source], [], [], 0)[0]:
                os.write(sink, os.read(source, 2048))

    def close(self):
        for channel in self.channels:
            os.close(channel)


def start_call(node, template, access, session, tlvs):
    """Do what a module does with a new session; returns the call's Connection."""
    call = Connection(node.connect_unix(f"/run/vpdn/ppp/{template}.sock"))
    call.send("CALL_START", [("ACCESS", u8(access)), *tlvs], [session.fileno()], seq=7)
    session.close()
    return call
