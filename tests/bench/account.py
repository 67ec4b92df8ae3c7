# SPDX-License-Identifier: GPL-2.0-or-later
"""What processes cost: CPU by control group, memory and context switches from /proc.

Used by net.py in the guest. A group is a cgroup v2 directory: all that a daemon forks is in it, scripts too,
and what has ended stays counted.
"""

import glob
import os
import re
import time

import labnet

CGROUPS = "/sys/fs/cgroup"
QUIET_S, QUIET_LIMIT_S = 0.4, 10.0


def mount():
    """Once, in the guest's first mount namespace."""
    if not os.path.exists(f"{CGROUPS}/cgroup.procs"):
        labnet.mount("cgroup2", CGROUPS, "cgroup2")


class Group:
    """One daemon with all its descendants."""

    def __init__(self, name):
        self.name = name
        self.path = f"{CGROUPS}/{name}"
        os.makedirs(self.path, exist_ok=True)

    def take(self, pid):
        with open(f"{self.path}/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(pid))

    def cpu(self):
        """Seconds, user and kernel."""
        with open(f"{self.path}/cpu.stat", encoding="ascii") as file:
            return int(re.search(r"^usage_usec (\d+)", file.read(), re.M).group(1)) / 1e6

    def pids(self):
        with open(f"{self.path}/cgroup.procs", encoding="ascii") as file:
            return [int(line) for line in file]

    def remove(self):
        try:
            os.rmdir(self.path)
        except OSError:
            pass


def smaps(pid):
    """{"private": kB, "pss": kB} of a process, zeros when it has gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            rows = {key: int(value) for key, value in re.findall(r"^(\w+):\s+(\d+) kB", file.read(), re.M)}
    except (FileNotFoundError, ProcessLookupError):
        rows = {}
    return {"private": rows.get("Private_Clean", 0) + rows.get("Private_Dirty", 0), "pss": rows.get("Pss", 0)}


def memory(pids):
    """Sums of smaps() of processes."""
    found = [smaps(pid) for pid in pids]
    return {key: sum(row[key] for row in found) for key in ("private", "pss")}


def kernel():
    """{"slab", "available", "percpu", "stacks", "tables"} of the whole machine in kB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        rows = dict(re.findall(r"^(\w+):\s+(\d+)", file.read(), re.M))
    return {"slab": int(rows["Slab"]), "available": int(rows["MemAvailable"]), "percpu": int(rows["Percpu"]),
            "stacks": int(rows["KernelStack"]), "tables": int(rows["PageTables"])}


def switches(pids):
    """Context switches, voluntary and not, of all threads of processes."""
    count = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/status"):
            with open(path, encoding="utf-8") as file:
                count += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", file.read())))
    return count


def settle(groups):
    """Wait until the groups have done what they had to do: no CPU used for a while."""
    last, since, limit = None, time.monotonic(), time.monotonic() + QUIET_LIMIT_S
    while time.monotonic() < limit:
        now = [round(group.cpu(), 3) for group in groups]
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since >= QUIET_S:
            return
        time.sleep(0.05)
