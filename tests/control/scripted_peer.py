# SPDX-License-Identifier: GPL-2.0-or-later
"""
A peer with a control channel of its own over a path that loses, duplicates and reorders, both ways and as seeded.

It retransmits what is not acknowledged, keeps what comes early, and counts what the daemon put on the wire before the path had its way
with it. Used by test_channel.py.
"""
import random
import select
import socket
import time

from xl2tpd_wire import SCCCN, SCCRP, SCCRQ, Message, control, message, sccrq_avps, u16, avp


SO_RCVBUFFORCE = 33             # socket(7); Python has no name for it


def large_buffer(sock):
    """Room for what a daemon says in one go."""
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)


class Path:
    """What it does to packets of one direction. probability: of a loss, and of a duplicate and a late packet each."""

    def __init__(self, seed, probability):
        self.random = random.Random(seed)
        self.probability = probability
        self.late = []

    def through(self, packet):
        """What arrives when this packet is sent."""
        if self.random.random() < self.probability:
            return []
        if self.random.random() < self.probability:
            self.late.append(packet)        # comes after the next that gets through
            return []
        arrived = [packet] * (2 if self.random.random() < self.probability else 1)
        arrived += self.late
        self.late = []
        return arrived


class ScriptedPeer:
    def __init__(self, daemon, loss=0.0, seed=1, timeout=1.0, window=4, rws=None, tid=4711, address="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        large_buffer(self.socket)
        self.socket.bind((address, 0))
        self.to = (daemon.address, daemon.port)
        self.outward, self.inward = Path(seed, loss), Path(seed + 1, loss)
        self.timeout, self.window, self.rws, self.tid = timeout, window, rws, tid
        self.their_tid = 0
        self.queue = []             # (Ns, session, payload) not acknowledged yet
        self.sent = self.acked = 0  # of the queue's messages, how many were sent; Ns of its first
        self.nr = 0
        self.early = {}
        self.last = time.monotonic()
        self.arrived = []           # messages in order, each once
        self.transmissions = {}     # Ns of the daemon: how often it was on the wire

    def close(self):
        self.socket.close()

    def transmit(self, packet):
        for p in self.outward.through(packet):
            self.socket.sendto(p, self.to)

    def say(self, payload, sid=0):
        self.queue.append((self.acked + len(self.queue), sid, payload))
        self.push()

    def push(self):
        while self.sent < min(len(self.queue), self.window):
            ns, sid, payload = self.queue[self.sent]
            self.transmit(control(self.their_tid, sid, ns, self.nr & 0xFFFF, payload))
            self.sent += 1

    def run(self, done, seconds):
        """Until done() or that much time has passed; says which."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                return False
            if select.select([self.socket], [], [], self.timeout / 4)[0]:
                data = self.socket.recv(4096)
                got = Message(data)
                if got.avps:
                    self.transmissions[got.ns] = self.transmissions.get(got.ns, 0) + 1
                for p in self.inward.through(data):
                    self.receive(Message(p))
            if time.monotonic() > self.last + self.timeout:
                self.last = time.monotonic()
                self.sent = 0
                self.push()
        return True

    def receive(self, got):
        acknowledged = got.nr - self.acked & 0xFFFF
        if 0 < acknowledged <= self.sent:
            del self.queue[:acknowledged]
            self.acked += acknowledged
            self.sent -= acknowledged
            self.last = time.monotonic()
        if got.avps:
            ahead = got.ns - self.nr & 0xFFFF
            if ahead < 0x8000:
                self.early[self.nr + ahead] = got
            while self.nr in self.early:
                got = self.early.pop(self.nr)
                self.nr += 1
                self.arrived.append(got)
                if got.type == SCCRP:
                    self.their_tid = got.number(9)
            self.transmit(control(self.their_tid, 0, self.acked + self.sent, self.nr & 0xFFFF))
        self.push()

    def open(self, seconds=10):
        self.say(message(SCCRQ, *sccrq_avps(self.tid), *([avp(10, u16(self.rws))] if self.rws else [])))
        assert self.run(lambda: self.their_tid, seconds), "no SCCRP"
        self.say(message(SCCCN))
        assert self.run(lambda: not self.queue, seconds), "SCCCN is not acknowledged"
        return self

    def of_type(self, msgtype):
        return [m for m in self.arrived if m.type == msgtype]

    def retransmissions(self):
        return sum(self.transmissions.values()) - len(self.transmissions)
