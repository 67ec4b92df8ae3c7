# SPDX-License-Identifier: GPL-2.0-or-later
"""Many sessions: memory for each, and whether the next call costs more when there are many.

Called by guest.py. Forwarded sessions, LAC and LNS of the samples in one machine.
"""

import account
import net as nets

FEW, MANY = 100, 1000
BATCH, BATCHES = 50, 5


class Sessions:
    """Calls that stay, added by one vpdn-load after the other."""

    def __init__(self, net):
        self.net = net
        self.loads = []
        self.count = 0

    def add(self, calls, at_once=20):
        load = self.net.pppoe(calls=calls, at_once=at_once, eager=True, first=self.count + 1)
        self.loads.append(load)
        report = load.up()
        if report["up"] != calls:
            raise AssertionError(f"{report['up']} of {calls} calls are up, {self.count} stood: {report['failures']}")
        self.count += calls

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for load in self.loads:
            load.__exit__()


def user_memory(groups):
    """{process: {"private", "pss"}} in kB."""
    return {name: account.memory(group.pids()) for name, group in groups.items()}


def measured_batches(bench, name, sessions, groups):
    for _ in range(BATCHES):
        with nets.costs(groups) as spent:
            sessions.add(BATCH)
        bench.add(f"{name}.cpu", sum(spent.values()) / BATCH * 1000, "ms")
        for group, seconds in spent.items():
            bench.add(f"{name}.cpu.{group}", seconds / BATCH * 1000, "ms")


def per_session(after, before, sessions):
    return (after - before) / sessions


def add_memory(bench, label, net, count, before):
    """What `count` sessions hold, for each, against `before` = (user memory at LAC, at LNS, kernel)."""
    lac, lns, kernel = user_memory(net.of("lac")), user_memory(net.of("lns")), account.kernel()
    for where, now, then in (("lac", lac, before[0]), ("lns", lns, before[1])):
        for name in now:
            for kind in ("private", "pss"):
                if (where, name) != ("lns", "template"):
                    bench.add(f"memory.{label}.{where}.{name}.{kind}", per_session(now[name][kind], then[name][kind], count), "kB")
    children = [pid for pid in net.groups["lns-template"].pids() if pid != net.lns.template.pid]
    each = account.memory(children)
    bench.add("memory.lns.pppd.private", each["private"] / len(children), "kB")
    for kind in ("private", "pss"):
        bench.add(f"memory.{label}.lns.pppd.{kind}", each[kind] / len(children), "kB")
    for kind in ("slab", "percpu", "stacks", "tables"):
        bench.add(f"memory.{label}.kernel.{kind}", per_session(kernel[kind], before[2][kind], count), "kB")
    bench.add(f"memory.{label}.machine", per_session(before[2]["available"], kernel["available"], count), "kB")
    return lac, lns, kernel


def many(bench):
    """Memory at 100 and 1,000 sessions; CPU per call when 100 and when 1,000 stand.

    Without LCP echoes: they cost the kernel something for each session and second, also while no calls are made, and whichever
    process runs then pays.
    """
    with nets.Net(bench, "many") as net:
        net.start_lns(options="lcp-echo-interval 0\n")
        net.start_lac(idle=600)
        groups = net.of("lac")
        with Sessions(net) as sessions:
            add_sessions(bench, net, groups, sessions)


def add_sessions(bench, net, groups, sessions):
    sessions.add(10)		# what is allocated once
    account.settle(net.groups.values())
    processes = len(net.lab.lac.processes())
    before = user_memory(net.of("lac")), user_memory(net.of("lns")), account.kernel()
    sessions.add(FEW)
    account.settle(net.groups.values())
    few = add_memory(bench, "100", net, FEW, before)
    measured_batches(bench, "many.100", sessions, groups)
    while sessions.count < MANY:
        sessions.add(min(100, MANY - sessions.count))
        bench.save()
    account.settle(net.groups.values())
    bench.add("memory.lac.processes", len(net.lab.lac.processes()) - processes, "processes")
    now = add_memory(bench, "1000", net, sessions.count - 10, before)
    private = [sum(row["private"] for row in at[0].values()) for at in (few, now)]
    bench.add("memory.lac.user", per_session(private[1], private[0], sessions.count - 10 - FEW), "kB")
    measured_batches(bench, "many.1000", sessions, groups)
