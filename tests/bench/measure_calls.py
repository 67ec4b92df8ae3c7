# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls: how long one takes and where, how many a second, what each costs.

Called by guest.py. CPU is that of the servers' processes with all they start, until they are at rest
after the last call is up; the clients' is not in it.

The figures of one call, for KIND forwarded (the tunnel stands), new_tunnel and local:
one.KIND.STAGE           since PADI, as the client sees it: pado, pads, frame (LCP's first), lcp, credentials, success, ipcp
one.KIND.vpdnd.STAGE     by vpdnd's clock: decision, placing (until the LNS has taken the call), handover (until
                         pppd has given the subscriber's channel), bridge; tunnel: SCCRQ until a new one stands
one.KIND.step.MESSAGE    on the wires, since the message before; the first since the client's Response
one.answer.KIND.WHAT     of a held call, since vpdnd sent its answer: see stages.answers()
"""

import time

import account
import net as nets
import roles
import stages
import tracefs
from decode import Control, Ppp

AT_ONCE = (1, 10, 50, 100)
ROUNDS = 3
LOCAL = {"user": roles.LOCAL_USER, "password": roles.LOCAL_PASSWORD}
NEW_TUNNEL_IDLE = 1
RCU_EXPEDITED = "/sys/kernel/rcu_expedited"


def add_stages(bench, name, report):
    for stage, times in report["stages"].items():
        if times["n"]:
            bench.add(f"{name}.{stage}", times["median"], "ms")


def warm_up(load):
    """A call or two that nobody measures: pages and caches."""
    with load:
        load.up()
        load.down()


def metrics(net):
    return stages.of_metrics(net.lac.vpdnctl("metrics"))


def add_vpdnd_stages(bench, name, before, after):
    for stage, spent in stages.between(before, after).items():
        bench.add(f"{name}.vpdnd.{stage}", spent, "ms")


def standing_and_local(bench, net, prefix):
    """Five calls forwarded by the tunnel that stands, and five logins here."""
    for kind, options in (("forwarded", {"first": 2}), ("local", {"first": 20, **LOCAL})):
        account.settle(net.groups.values())
        before = metrics(net)
        with net.pppoe(calls=5, eager=True, **options) as load:
            add_stages(bench, f"{prefix}.{kind}", load.up())
            load.down()
        add_vpdnd_stages(bench, f"{prefix}.{kind}", before, metrics(net))


def expedited(bench, net):
    """The same when the kernel hurries with RCU, as an administrator may tell it: what is left is the processes' own time."""
    with open(RCU_EXPEDITED, "w", encoding="ascii") as switch:
        switch.write("1\n")
    try:
        with net.pppoe(eager=True) as first:
            first.up()
            for _ in range(ROUNDS):
                standing_and_local(bench, net, "one.rcu_expedited")
            first.down()
    finally:
        with open(RCU_EXPEDITED, "w", encoding="ascii") as switch:
            switch.write("0\n")


def one(bench):
    """One call at a time: forwarded with the tunnel standing, with a new one, and a local login; on a quiet machine."""
    with nets.Net(bench, "one") as net:
        net.start_lns()
        net.start_lac(idle=NEW_TUNNEL_IDLE)
        for options in (LOCAL, {}):
            warm_up(net.pppoe(calls=2, eager=True, **options))
        for _ in range(ROUNDS):
            nets.wait_idle(net, NEW_TUNNEL_IDLE + 1)
            before = metrics(net)
            with net.pppoe(eager=True) as first:
                add_stages(bench, "one.new_tunnel", first.up())
                add_vpdnd_stages(bench, "one.new_tunnel", before, metrics(net))
                standing_and_local(bench, net, "one")
                first.down()
        expedited(bench, net)
        wire_steps(bench, net)
        held_answers(bench, net)


CALL_STEPS = ("ICRQ", "ICRP", "ICCN", "success")
STEPS = {"new_tunnel": ("response", "SCCRQ", "SCCRP", "SCCCN", *CALL_STEPS), "forwarded": ("response", *CALL_STEPS)}


def wire_steps(bench, net):
    """Where a forwarded call's time goes between the nodes, by both wires; the captures slow it down a little."""
    access = net.lab.client.capture("eth0", "access", "pppoed or pppoes")
    core = net.lab.lns.capture("eth0", "core", "udp port 1701")
    begun = []
    for number in range(ROUNDS):
        nets.wait_idle(net, NEW_TUNNEL_IDLE + 1)
        begun.append(("new_tunnel", time.time()))
        with net.pppoe(first=30, eager=True) as standing:
            standing.up()
            begun.append(("forwarded", time.time()))
            warm_up(net.pppoe(first=31 + number, eager=True))
            standing.down()
    time.sleep(0.5)
    seen = [("response" if packet.code == "Response" else "success", packet.time)
            for packet in access.packets(Ppp, protocol="CHAP") if packet.code in ("Response", "Success")]
    seen += [(packet.message, packet.time) for packet in core.packets(Control)]
    ends = [at for _, at in begun[1:]] + [time.time()]
    for (kind, begin), end in zip(begun, ends):
        times = {}
        for name, at in seen:
            if begin < at < end:
                times.setdefault(name, at)
        for name, spent in stages.steps(times, STEPS[kind]).items():
            bench.add(f"one.{kind}.step.{name}", spent, "ms")
    for capture in (access, core):
        capture.stop()


def held_answers(bench, net):
    """How soon a held call does what vpdnd has answered."""
    for _ in range(ROUNDS):
        for kind, options in (("forwarded", {"first": 60}), ("local", {"first": 70, **LOCAL})):
            account.settle(net.groups.values())
            with tracefs.Trace(net.lac.vpdnd.pid, net.lac.template.pid) as trace:
                warm_up(net.pppoe(calls=5, eager=True, **options))
            found = stages.answers(trace.text, net.lac.vpdnd.pid)
            if len(found) != 5:
                raise AssertionError(f"{len(found)} of 5 answers of vpdnd are in the trace of {kind} calls:\n{trace.text}")
            for answer in found:
                for what, spent in answer.items():
                    bench.add(f"one.answer.{kind}.{what}", spent, "ms")


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
    bench.add(f"{name}.up", report["up"] / calls * 100, "of 100")
    bench.reports.setdefault(name, []).append(whole)
    if not report["up"]:
        bench.problems.append(f"{name}: no call came up: {report['failures']}")
        return
    if report["up"] == calls:		# else nobody can say what a call costs
        for group in groups:
            bench.add(f"{name}.cpu.{group}", (up[group] - begin[group]) / calls * 1000, "ms")
        bench.add(f"{name}.cpu", sum(up[group] - begin[group] for group in groups) / calls * 1000, "ms")
        bench.add(f"{name}.cpu_down", sum(end[group] - up[group] for group in groups) / calls * 1000, "ms")
    bench.add(f"{name}.rate", report["rate"], "calls/s")
    for which in ("median", "p95", "max"):
        bench.add(f"{name}.{which}", report["stages"]["ipcp"][which], "ms")
    bench.add(f"{name}.retransmissions", sum(report["retransmissions"].values()) - report["retransmissions"].get("ping", 0), "")
    bench.add(f"{name}.lcp_repeated", report["retransmissions"]["lcp"] + report["peer_retransmissions"]["lcp"], "")
    if whole["teardown"]["confirmed"]:
        bench.add(f"{name}.down_rate", whole["teardown"]["rate"], "calls/s")


def bursts(bench, kinds):
    """All kinds at each number at once, in turns: what is compared had the same machine.

    kinds: [(name, make, groups, calls of a burst of 10: Debian's take seconds for each)]
    """
    for at_once in AT_ONCE:
        for _ in range(ROUNDS):
            for name, make, groups, ten in kinds:
                round_of_calls(bench, f"{name}.{at_once}", make, groups, at_once, {1: 3, 10: ten}.get(at_once, at_once))
        bench.save()


def lac(bench):
    """The LAC: forwarded, local, eager and patient clients, and Debian's pppoe-server."""
    with nets.Net(bench, "lac") as net:
        net.start_lns()
        net.start_lac(idle=600)
        groups = net.of("lac")
        warm_up(net.pppoe(calls=2, eager=True))
        bursts(bench, [
            ("lac.forwarded", lambda **o: net.pppoe(eager=True, **o), groups, 30),
            ("lac.local", lambda **o: net.pppoe(eager=True, **LOCAL, **o), groups, 30)])
        for name, eager in (("eager", True), ("patient", False)):
            for _ in range(ROUNDS):
                round_of_calls(bench, f"lac.{name}.50", lambda eager=eager, **o: net.pppoe(eager=eager, **o), groups, 50, 50)
    with nets.Net(bench, "lac-stock") as net:
        net.start_stock_pppoe()
        warm_up(net.pppoe(eager=True, **LOCAL))
        bursts(bench, [("lac.stock", lambda **o: net.pppoe(eager=True, **LOCAL, **o), net.of("stock"), 10)])


def lns(bench):
    """The LNS: ours with and without proxied credentials, and Debian's xl2tpd."""
    with nets.Net(bench, "lns") as net:
        net.start_lns()
        net.start_stock_lns()
        ours, theirs, groups = net.lab.LNS, net.lab.LNS2, net.of("lns")
        warm_up(net.l2tp(ours, calls=2, eager=True))
        warm_up(net.l2tp(theirs, secret=None, calls=1, eager=True))
        bursts(bench, [
            ("lns.ours", lambda **o: net.l2tp(ours, eager=True, **o), groups, 30),
            ("lns.proxied", lambda **o: net.l2tp(ours, eager=True, proxy=True, **o), groups, 30),
            ("lns.stock", lambda **o: net.l2tp(theirs, secret=None, eager=True, **o), net.of("stock"), 10)])
