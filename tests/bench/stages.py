# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a call's time goes: what vpdnd's metrics, the wires and the kernel's trace of system calls say of it.

Used by measure_calls.py in the guest; reads texts and packets, and touches nothing. Times are milliseconds.
"""

import dataclasses
import re

# vpdnd's histograms of a call that is forwarded, and of the tunnel that it opens for one.
METRIC = re.compile(r'^vpdn_(?:call_stage_seconds_(sum|count)\{role="lac",direction="dial-in",stage="(\w+)"\}|'
                    r'tunnel_setup_seconds_(sum|count)\{opened_by="us"\}) (\S+)$', re.M)
SYSTEM_CALL = re.compile(r"-(\d+) +\[\d+\] +\S+ +([\d.]+): sys_(\w+)(?:\(fd: (\w+)[,)].*| -> (\w+))$", re.M)
LOGS = (1, 2)		# descriptors that a daemon's log goes to


def of_metrics(text):
    """{stage: [seconds, calls]} of `vpdnctl metrics`; the stage "tunnel" is a tunnel's."""
    found = {}
    for kind, stage, tunnel_kind, value in METRIC.findall(text):
        found.setdefault(stage or "tunnel", [0, 0])[(kind or tunnel_kind) == "count"] = float(value)
    return found


def between(before, after):
    """{stage: milliseconds of a call} of what came in between, for stages that there were; both of of_metrics()."""
    spent = {}
    for stage, (seconds, calls) in after.items():
        seconds_before, calls_before = before.get(stage, (0, 0))
        if calls > calls_before:
            spent[stage] = (seconds - seconds_before) / (calls - calls_before) * 1000
    return spent


def steps(times, names):
    """{name: time since the one before} of events in their order, from {name: seconds}; the first name only begins."""
    missing = [name for name in names if name not in times]
    if missing:
        raise AssertionError(f"not seen on the wires: {', '.join(missing)}")
    return {name: (times[name] - times[last]) * 1000 for last, name in zip(names, names[1:])}


@dataclasses.dataclass
class SystemCall:
    """One that a process has made; times in seconds, result -1 for any error."""
    pid: int
    name: str
    fd: int
    begun: float
    ended: float = 0.0
    result: int = -1


def system_calls(text):
    """Those of a trace that have ended, by when they began."""
    found, running = [], {}
    for pid, time, name, fd, result in SYSTEM_CALL.findall(text):
        if fd:
            running[pid] = SystemCall(int(pid), name, int(fd, 16), float(time))
            found.append(running[pid])
        elif pid in running and running[pid].name == name:
            call = running.pop(pid)
            number = int(result, 16)
            call.ended, call.result = float(time), number if number < 1 << 63 else -1
    return [call for call in found if call.ended]


def question(calls):
    """The descriptor on which a pppd has asked vpdnd: two messages go out (HELLO, the question), then some come."""
    order = {}
    for call in calls:
        if call.name in ("sendmsg", "recvmsg") and call.result > 0:
            order.setdefault(call.fd, []).append(call.name)
    return next((fd for fd, names in order.items() if names[:2] == ["sendmsg"] * 2 and "recvmsg" in names), None)


def answers(text, vpdnd):
    """What each pppd of a trace did with vpdnd's answer: [{"read", "acted", "channel"}], all since vpdnd sent it.

    vpdnd: its process id. "acted": the first message or frame that it sent thereupon; "channel": the first on the connection to
    vpdnd, which is the subscriber's channel (a call that stays has none).
    """
    calls, found = system_calls(text), []
    sent = [call for call in calls if call.pid == vpdnd and call.name == "sendmsg" and call.result > 0]
    for pid in dict.fromkeys(call.pid for call in calls if call.pid != vpdnd):
        own = [call for call in calls if call.pid == pid]
        fd = question(own)
        read = [call for call in own if call.name == "recvmsg" and call.fd == fd and call.result > 0]
        answer = [call for call in sent if read and call.begun < read[-1].ended and call.result == read[-1].result]
        if not answer:
            continue
        begun, after = answer[-1].begun, [call for call in own if call.begun > read[-1].ended and call.name != "recvmsg"]
        times = {"read": read[-1].ended,
                 "acted": next((call.begun for call in after if call.fd not in LOGS), None),
                 "channel": next((call.begun for call in after if call.name == "sendmsg" and call.fd == fd), None)}
        found.append({name: (time - begun) * 1000 for name, time in times.items() if time})
    return found
