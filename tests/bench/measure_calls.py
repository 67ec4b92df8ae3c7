# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls: how long one takes and where, how many a second, what each costs.

Called by guest.py. CPU is that of the servers' processes with all they start, until they are at rest
after the last call is up; the clients' is not in it.
"""

import time

import account
import net as nets
import roles
from decode import Control, Ppp

AT_ONCE = (1, 10, 50, 100)
ROUNDS = 3
# A call of the stock servers costs a second and more under emulation: what is compared with is measured, and no more.
STOCK_ROUNDS = {1: 3, 10: 3, 100: 1}
LOCAL = {"user": roles.LOCAL_USER, "password": roles.LOCAL_PASSWORD}
NEW_TUNNEL_IDLE = 1


def add_stages(bench, name, report):
    for stage, times in report["stages"].items():
        if times["n"]:
            bench.add(f"{name}.{stage}", times["median"], "ms")


def one(bench):
    """One call at a time: forwarded with the tunnel standing, with a new one, and a local login; on a quiet machine."""
    with nets.Net(bench, "one") as net:
        net.start_lns()
        net.start_lac(idle=NEW_TUNNEL_IDLE)
        for options in (LOCAL, {}):		# pages and caches
            with net.pppoe(calls=2, eager=True, **options) as load:
                load.up()
                load.down()
        for _ in range(ROUNDS):
            nets.wait_idle(net, NEW_TUNNEL_IDLE + 1)
            with net.pppoe(eager=True) as first:
                add_stages(bench, "one.new_tunnel", first.up())
                for kind, options in (("forwarded", {"first": 2}), ("local", {"first": 20, **LOCAL})):
                    account.settle(net.groups.values())
                    with net.pppoe(calls=5, eager=True, **options) as load:
                        add_stages(bench, f"one.{kind}", load.up())
                        load.down()
                first.down()
        control_stages(bench, net)


def control_stages(bench, net):
    """Where a forwarded call's time goes between the nodes, by both wires; the captures slow it down a little."""
    access = net.lab.client.capture("eth0", "access", "pppoed or pppoes")
    core = net.lab.lns.capture("eth0", "core", "udp port 1701")
    with net.pppoe(first=30, eager=True) as standing:
        standing.up()
        with net.pppoe(first=31, eager=True) as load:
            load.up()
            load.down()
        standing.down()
    time.sleep(0.5)
    icrq, = [p for p in core.packets(Control, message="ICRQ")][1:]
    steps = [("decision_and_ICRQ", icrq.time)]
    for message in ("ICRP", "ICCN"):
        steps.append((message, core.packets(Control, message=message)[1].time))
    success = [p for p in access.packets(Ppp, protocol="CHAP", code="Success")]
    steps.append(("success", success[1].time))
    last = access.packets(Ppp, protocol="CHAP", code="Response")[1].time
    for name, when in steps:
        bench.add(f"one.step.{name}", (when - last) * 1000, "ms")
        last = when


def round_of_calls(bench, name, make, groups, at_once, calls):
    """One burst: rate, CPU by process, retransmissions, tear-down."""
    def cpu():
        account.settle(groups.values())
        return {group: g.cpu() for group, g in groups.items()}

    begin = cpu()
    with make(calls=calls, at_once=at_once) as load:
        report = load.up()
        up = cpu()
        whole = load.down()
    end = cpu()
    if not report["up"]:
        raise AssertionError(f"{name}: no call came up: {report['failures']}")
    for group in groups:
        bench.add(f"{name}.cpu.{group}", (up[group] - begin[group]) / report["up"] * 1000, "ms")
    bench.add(f"{name}.cpu", sum(up[group] - begin[group] for group in groups) / report["up"] * 1000, "ms")
    bench.add(f"{name}.cpu_down", sum(end[group] - up[group] for group in groups) / report["up"] * 1000, "ms")
    bench.add(f"{name}.rate", report["rate"], "calls/s")
    bench.add(f"{name}.up", report["up"] / calls * 100, "of 100")
    for which in ("median", "p95", "max"):
        bench.add(f"{name}.{which}", report["stages"]["ipcp"][which], "ms")
    bench.add(f"{name}.retransmissions", sum(report["retransmissions"].values()) - report["retransmissions"].get("ping", 0), "")
    bench.add(f"{name}.lcp_repeated", report["retransmissions"]["lcp"] + report["peer_retransmissions"]["lcp"], "")
    if whole["teardown"]["confirmed"]:
        bench.add(f"{name}.down_rate", whole["teardown"]["rate"], "calls/s")
    bench.reports.setdefault(name, []).append(whole)
    return report


def bursts(bench, name, make, groups, stock=False):
    for at_once in AT_ONCE:
        for _ in range(STOCK_ROUNDS.get(at_once, 0) if stock else ROUNDS):
            calls = {1: 3, 10: 10 if stock else 30}.get(at_once, at_once)
            round_of_calls(bench, f"{name}.{at_once}", make, groups, at_once, calls)
            bench.save()


def lac(bench):
    """The LAC: forwarded, local, eager clients, and Debian's pppoe-server."""
    with nets.Net(bench, "lac") as net:
        net.start_lns()
        net.start_lac(idle=600)
        groups = net.of("lac")
        with net.pppoe(calls=2, eager=True) as warm:
            warm.up()
            warm.down()
        bursts(bench, "lac.forwarded", lambda **o: net.pppoe(eager=True, **o), groups)
        bursts(bench, "lac.local", lambda **o: net.pppoe(eager=True, **LOCAL, **o), groups)
        for name, eager in (("eager", True), ("patient", False)):
            for _ in range(ROUNDS):
                round_of_calls(bench, f"lac.{name}.50", lambda eager=eager, **o: net.pppoe(eager=eager, **o), groups, 50, 50)
    with nets.Net(bench, "lac-stock") as net:
        net.start_stock_pppoe()
        bursts(bench, "lac.stock", lambda **o: net.pppoe(eager=True, **LOCAL, **o), net.of("stock"), stock=True)


def lns(bench):
    """The LNS: ours with and without proxied credentials, and Debian's xl2tpd."""
    with nets.Net(bench, "lns") as net:
        net.start_lns()
        groups, address = net.of("lns"), net.lab.LNS
        with net.l2tp(address, calls=2, eager=True) as warm:
            warm.up()
            warm.down()
        bursts(bench, "lns.ours", lambda **o: net.l2tp(address, eager=True, **o), groups)
        bursts(bench, "lns.proxied", lambda **o: net.l2tp(address, eager=True, proxy=True, **o), groups)
        net.start_stock_lns()
        bursts(bench, "lns.stock", lambda **o: net.l2tp(net.lab.LNS2, secret=None, eager=True, **o), net.of("stock"), stock=True)
