# SPDX-License-Identifier: GPL-2.0-or-later
"""Several LNSs of one group: shares by weight, limits, the dead ones left out, and one LNS for all links of a bundle."""

import collections
import socket
import time

import pytest

import roles
from choice import group
from decode import Control
from labnet import Topology
from waiting import await_condition

A, B, C = Topology.LNS, "172.16.0.12", "172.16.0.13"
DOMAIN = 'domain = { "example.com" }'


def state(net, address):
    """What `vpdnctl show group` says of a peer of the only group."""
    shown, = net.lac.show("group")["groups"]
    return next(peer["state"] for peer in shown["peers"] if peer["ip"] == address)


@pytest.mark.seconds(240)
def test_balance_weights(choice):
    """300 calls that are all up at once, shared as 3 : 2 : 1; each share within 10 % of its weight's."""
    net = choice(group("a", DOMAIN, (A, "weight = 3"), (B, "weight = 2"), (C, "weight = 1")), (A, B, C), pppoe="-N 400")
    subscribers = [net.access.add(roles.USER, roles.PASSWORD, restart=10.0) for _ in range(300)]
    for begin in range(0, 300, 20):
        for subscriber in subscribers[begin:begin + 20]:
            subscriber.dial()
        net.access.run(lambda begin=begin: sum(len(lns.found("ICCN")) for lns in net.lns.values()) >= begin + 20,
                       f"{begin + 20} calls taken", 60)
    shares = {address: len(lns.found("ICCN")) for address, lns in net.lns.items()}
    assert sum(shares.values()) == 300
    for address, wanted in ((A, 150), (B, 100), (C, 50)):
        assert abs(shares[address] - wanted) <= wanted / 10, shares
    assert [(peer["ip"], peer["sessions"]) for peer in net.lac.show("group")["groups"][0]["peers"]] == list(shares.items())
    net.assert_nothing_left()


def test_limits(choice):
    """An LNS at its limit is passed over, a group at its limit refuses; whoever hangs up makes room."""
    peers = (A, "priority = 1  limit = 1"), (B, "priority = 2  limit = 2")
    net = choice(group("a", DOMAIN, *peers), (A, B))
    first = net.dial(roles.USER)
    assert first.lns == A
    assert state(net, A) == "full"
    assert [net.dial(roles.USER).lns for _ in range(3)] == [B, B, None]
    net.lac.await_log("refused: all peers of vpdn-group a are draining or at their session limit")
    net.hang_up(first)
    await_condition(lambda: state(net, A) == "ready", "A has room again")
    assert net.dial(roles.USER).lns == A
    net.assert_nothing_left()
    net.reload(group("a", DOMAIN, *peers, settings="limit = 2"))
    last = [net.dial(roles.USER) for _ in range(3)]
    assert [taken.lns for taken in last] == [A, B, None]
    net.lac.await_log(r"refused: session limit of vpdn-group a \(2\) reached")
    assert last[2].foretold["reason"] == "the session limit of the vpdn-group is reached"
    net.assert_nothing_left()


def test_dead_cache(choice, lab):
    """An LNS that did not answer is left out for dead-time, or until it is cleared by hand; then it is asked again."""
    net = choice("dead-time = 600\n" + group("a", DOMAIN, (A, "priority = 1"), (B, "priority = 2"), settings="connect-timeout = 2"),
                 (B,))
    mute = lab.lns.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute.bind((A, 1701))
    core = lab.lns.capture("eth0", "core", f"udp port 1701 and host {A}")

    def dial():
        """The LNS that takes a call, and whether A was asked before; explain does not know yet that A is dead."""
        before = len(core.packets(Control, message="SCCRQ"))
        alice = net.access.add(roles.USER, roles.PASSWORD)
        known = {address: len(lns.found("ICCN")) for address, lns in net.lns.items()}
        alice.dial()
        net.access.run(lambda: any(len(lns.found("ICCN")) > known[address] for address, lns in net.lns.items()), "a call")
        return len(core.packets(Control, message="SCCRQ")) > before

    assert dial(), "A is asked first"
    assert state(net, A) == "dead"
    assert net.dial(roles.USER).lns == B
    assert not dial(), "A is left out"
    net.lac.vpdnctl("clear", "dead", A)
    assert state(net, A) == "ready"
    assert dial(), "A is asked again"
    assert state(net, A) == "dead"
    mute.close()
    net.add_lns(A)
    net.lac.vpdnctl("clear", "dead")
    assert net.dial(roles.USER).lns == A
    assert state(net, A) == "ready"
    net.assert_nothing_left()


def test_dead_cache_probe(choice, lab):
    """When dead-time is over one call tries whether the LNS answers again; the others do not wait for it."""
    net = choice("dead-time = 1\n" + group("a", DOMAIN, (A, "priority = 1"), (B, "priority = 2"), settings="connect-timeout = 2"), (B,))
    mute = lab.lns.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute.bind((A, 1701))
    core = lab.lns.capture("eth0", "core", f"udp port 1701 and host {A}")

    def dial(count):
        """How many calls of so many asked A; how long the first of them took to be with B, and the last, in seconds."""
        tried = {m.value(9) for m in core.packets(Control, message="SCCRQ")}
        taken = len(net.lns[B].found("ICCN"))
        begin, times = time.monotonic(), []
        for _ in range(count):
            net.access.add(roles.USER, roles.PASSWORD).dial()
        for number in range(count):
            net.access.run(lambda number=number: len(net.lns[B].found("ICCN")) > taken + number, "a call with B")
            times.append(time.monotonic() - begin)
        return len({m.value(9) for m in core.packets(Control, message="SCCRQ")} - tried), times[0], times[-1]

    asked, first, _ = dial(1)
    assert asked == 1 and first > 2
    await_condition(lambda: state(net, A) == "to be probed", "dead-time over")
    asked, first, last = dial(4)
    assert asked == 1 and first < 2 < last
    mute.close()
    net.add_lns(A)
    await_condition(lambda: state(net, A) == "to be probed", "dead-time over again")
    assert net.dial(roles.USER).lns == A
    assert state(net, A) == "ready"
    net.assert_nothing_left()


def endpoint(number):
    """LCP options of a subscriber that asks for multilink: MRRU and an endpoint discriminator of its own."""
    return [(17, b"\x05\xf4"), (19, b"\x01bundle-%d" % number)]


def test_bundle_same_lns(choice):
    """All links of a bundle go to one LNS, whatever the order of the dials; bundles are shared by weight."""
    net = choice(group("a", DOMAIN, A, B, C), (A, B, C), options="multilink\n")
    links = [(number, net.access.add(f"user{number}@example.com", roles.PASSWORD)) for _ in range(3) for number in range(8)]
    for number, link in links:
        link.lcp_wants += endpoint(number)
        link.dial()
    net.access.run(lambda: sum(len(lns.found("ICCN")) for lns in net.lns.values()) == len(links), "all links taken", 60)
    homes = collections.defaultdict(collections.Counter)
    for address, lns in net.lns.items():
        for iccn in lns.found("ICCN"):
            homes[iccn.value(30)][address] += 1
    assert len(homes) == 8
    assert all(list(home.values()) == [3] for home in homes.values()), homes
    assert len({address for home in homes.values() for address in home}) > 1, homes
    net.assert_nothing_left()
