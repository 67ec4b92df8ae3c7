# SPDX-License-Identifier: GPL-2.0-or-later
"""Patch "find a client's sessions without a walk over all of them", and what the later patches look up in the same way.

A model says of each packet what must come back: which session number (the free ones are used first in, first out), the limit of
-x, an error; so a session that is lost, counted twice or found after its end shows at once.
"""
import collections
import random

import pytest

from pppoe_hooked import end, hooked
from pppoe_native import (AC_COOKIE, AC_SYSTEM_ERROR, BROADCAST, HOST_UNIQ, PADI, PADR, PADS, PADT, RELAY_ID, SERVICE_NAME, Server, tag,
                          wait_for)

WITNESS = bytes.fromhex("02000000ffff")		# has no session: its PADO shows that all frames before were dealt with


def address(number):
    return bytes.fromhex("0200000a") + number.to_bytes(2, "big")


class Model:
    """A server with a module, and what it must do. services: what the test's module does with them (pppoe_hook_module.c)."""

    def __init__(self, server, fifo, slots, limit):
        self.server, self.fifo, self.slots, self.limit = server, fifo, slots, limit
        self.free = collections.deque(range(1, slots + 1))
        self.busy = {}		# number: (address, tag, service)
        self.known = {}		# (address, tag, service): number, while a PADR is a repetition
        self.refused = self.closed = 0
        self.cookies = {}

    def at_limit(self, mac):
        return sum(owner == mac for owner, _, _ in self.busy.values()) >= self.limit

    def settle(self):
        self.server.cookie(mac=WITNESS)

    def is_refused(self):
        self.settle()
        self.refused += 1
        assert len(self.server.logged("attempted to create more")) == self.refused

    def discover(self, mac, uniq):
        """PADI, after which the client's next PADR is a new one."""
        self.known = {key: number for key, number in self.known.items() if key[:2] != (mac, uniq)}
        if self.at_limit(mac):
            self.server.send(PADI, tag(SERVICE_NAME), uniq, mac=mac, dst=BROADCAST)
            self.is_refused()
        else:
            self.cookies[mac] = self.server.cookie(uniq, mac=mac)

    def expected(self, service):
        """The number the module gets from the free list for it, or None."""
        if not self.free:
            return None
        number, tries = self.free.popleft(), len(self.free)
        while service == b"never" or (service == b"other" and number <= 3):
            if not tries:
                self.free.append(number)
                return None
            other = self.free.popleft()
            self.free.append(number)
            number, tries = other, tries - 1
        if service == b"reject":
            self.free.append(number)
            return None
        return number

    def request(self, mac, uniq, service):
        key = (mac, uniq, service)
        if key in self.known:
            assert self.server.request(self.cookies[mac], uniq, mac=mac, service=service).session == self.known[key]
            return
        if self.at_limit(mac):
            self.server.send(PADR, tag(SERVICE_NAME, service), tag(AC_COOKIE, self.cookies[mac]), uniq, mac=mac)
            self.is_refused()
            return
        number = self.expected(service)
        pads = self.server.request(self.cookies[mac], uniq, mac=mac, service=service)
        assert pads is not None, self.server.state()
        if number is None:
            assert pads.session == 0 and pads.tags[0][0] == AC_SYSTEM_ERROR
        else:
            assert pads.session == number
            self.busy[number], self.known[key] = key, number

    def close(self, number, how):
        """how: "PADT" from the client, or the module ends it, "told" with PADT and "silent" without."""
        key = self.busy.pop(number)
        if how == "PADT":
            self.server.send(PADT, session=number, mac=key[0])
            self.settle()
        elif how == "told":
            end(self.fifo, number)
            assert self.server.receive(PADT, mac=key[0]).session == number
        else:
            end(self.fifo, -number)
        self.closed += 1
        wait_for(lambda: len(self.server.logged("closed for client")) == self.closed, "the session is closed")
        if self.known.get(key) == number:
            del self.known[key]
        self.free.append(number)


def test_hundreds_of_sessions_come_and_go_in_any_order(module, fifo):
    chance = random.Random(2516)
    macs = [address(n) for n in range(30)]
    uniqs = [tag(HOST_UNIQ, bytes([n])) for n in range(6)]
    with hooked(module, fifo, "-x", "5", "-N", "120") as server:
        model = Model(server, fifo, slots=120, limit=5)
        for mac in macs:
            model.discover(mac, uniqs[0])
        for step in range(1200):
            action = chance.random()
            if action < 0.55:
                service = chance.choices((b"take", b"other", b"reject", b"never"), (60, 30, 9, 1))[0]
                model.request(chance.choice(macs), chance.choice(uniqs), service)
            elif action < 0.65:
                model.discover(chance.choice(macs), chance.choice(uniqs))
            elif action < 0.75 and model.known:
                model.request(*chance.choice(sorted(model.known)))
            elif model.busy and (step > 500 or chance.random() < 0.3):
                model.close(chance.choice(sorted(model.busy)), chance.choices(("PADT", "told", "silent"), (6, 3, 1))[0])
        assert model.refused > 50 and model.closed > 100 and len(server.logged("No client slots")) > 10, "not much was tried"
        for number in sorted(model.busy):
            model.close(number, "PADT")
        for mac in macs[:24]:
            for uniq in uniqs:		# the sixth is refused
                model.request(mac, uniq, b"take")
        assert sorted(model.busy) == list(range(1, 121))


@pytest.mark.parametrize("client", [
    pytest.param(lambda n: (address(n), tag(HOST_UNIQ, b"same")), id="an address each"),
    pytest.param(lambda n: (address(1), tag(RELAY_ID, n.to_bytes(2, "big"))), id="behind one relay"),
    pytest.param(lambda n: (address(n // 20), tag(HOST_UNIQ, bytes([n % 20]))), id="twenty behind an address"),
])
def test_each_of_many_clients_has_its_session(client, module, fifo):
    clients = [client(n) for n in range(400)]
    with hooked(module, fifo, "-N", "1000") as server:
        model = Model(server, fifo, slots=1000, limit=1000)
        for mac, uniq in clients:
            model.discover(mac, uniq)
            model.request(mac, uniq, b"take")
        assert sorted(model.busy) == list(range(1, 401))
        for mac, uniq in clients:
            model.request(mac, uniq, b"take")
        for mac, uniq in clients[::4]:		# has begun anew: a second session, the others keep theirs
            model.discover(mac, uniq)
        for mac, uniq in clients:
            model.request(mac, uniq, b"take")
        assert len(model.busy) == 500
        assert len(server.logged("PADR repeated")) == 400 + 300
        for number in random.Random(1).sample(sorted(model.busy), 250):
            model.close(number, "PADT")
        for mac, uniq in clients:
            model.request(mac, uniq, b"take")
        server.process.terminate()
        assert server.process.wait(10) == 0
        wait_for(lambda: server.logged("exit"), "the module is told")
        assert len(server.logged("closed for client")) == 250 + len(model.busy)


def test_limit_counts_the_sessions_with_a_pppd_that_live():
    chance = random.Random(1661)
    macs = [address(n) for n in range(4)]
    with Server("-x", "3", "-N", "64") as server:
        cookies = {mac: server.cookie(mac=mac) for mac in macs}
        live = {mac: [] for mac in macs}
        closed = refused = 0
        for number in range(80):
            mac = chance.choice(macs)
            if live[mac] and chance.random() < 0.35:
                server.send(PADT, session=live[mac].pop(chance.randrange(len(live[mac]))), mac=mac)
                closed += 1
                wait_for(lambda number=closed: len(server.logged("closed for client")) == number, "pppd has ended")
                continue
            server.send(PADR, tag(SERVICE_NAME), tag(AC_COOKIE, cookies[mac]), tag(HOST_UNIQ, bytes([number])), mac=mac)
            if len(live[mac]) < 3:
                live[mac].append(server.receive(PADS, mac=mac).session)
            else:
                refused += 1
                wait_for(lambda number=refused: len(server.logged("attempted to create more than 3")) == number, "the fourth is refused")
        assert closed > 20 and refused > 5, f"not much was tried: {closed} closed, {refused} refused"
