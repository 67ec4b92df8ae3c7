# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's trace of system calls: tracefs' "syscalls" events, which stop nobody as strace(1) would.

Used by measure_calls.py in the guest; stages.py reads what it has noted.
"""

import os

import labnet

TRACEFS = "/sys/kernel/tracing"
CALLS = ("sendmsg", "recvmsg", "write")


def _set(name, text):
    with open(f"{TRACEFS}/{name}", "w", encoding="ascii") as file:
        file.write(text)


def _enable(value):
    for call in CALLS:
        for kind in ("enter", "exit"):
            _set(f"events/syscalls/sys_{kind}_{call}/enable", value)


class Trace:
    """What these processes and those they start call, in `text` when it is over; a context manager."""

    def __init__(self, *pids):
        self.pids = pids
        self.text = ""

    def __enter__(self):
        if not os.path.exists(f"{TRACEFS}/trace"):
            labnet.mount("tracefs", TRACEFS, "tracefs")
        for name, text in (("trace", ""), ("trace_clock", "mono"), ("buffer_size_kb", "8192"), ("options/event-fork", "1"),
                           ("set_event_pid", " ".join(map(str, self.pids)))):
            _set(name, text)
        _enable("1")
        return self

    def __exit__(self, *_):
        _enable("0")
        with open(f"{TRACEFS}/trace", encoding="utf-8", errors="replace") as file:
            self.text = file.read()
        _set("set_event_pid", "")
        _set("trace", "")
