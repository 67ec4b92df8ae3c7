#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench in the guest: runs the measurements, leaves their figures in results/bench.json.

    guest.py [NAME...]      hop, one, lac, lns, many; without names all of them

Run by tests/lab/run --bench. A measurement that fails is told and does not keep the others from running.
Exit status: 0 everything was measured, 1 not.
"""

import json
import os
import resource
import sys
import time
import traceback

sys.path.insert(0, "/lab/repo/tests/lab")

import account  # noqa: E402
import measure_calls  # noqa: E402
import measure_hop  # noqa: E402
import measure_memory  # noqa: E402

RESULT = "/lab/results/bench.json"
MEASUREMENTS = {
    "hop": measure_hop.hop,
    "one": measure_calls.one,
    "lac": measure_calls.lac,
    "lns": measure_calls.lns,
    "many": measure_memory.many,
}


class Bench:
    """What was measured, and how."""

    def __init__(self):
        self.figures = {}
        self.reports = {}
        self.commands = []
        self.problems = []
        self.failed = {}
        self.seconds = {}

    def add(self, name, value, unit):
        """A value of a figure."""
        self.figures.setdefault(name, {"unit": unit, "values": []})["values"].append(value)

    def command(self, argv):
        """A command that measures, once."""
        text = " ".join(argv)
        if text not in self.commands:
            self.commands.append(text)

    def say(self, text):
        print(f"bench: {text}", flush=True)

    def run(self, name):
        begun = time.monotonic()
        try:
            MEASUREMENTS[name](self)
        except Exception as error:		# pylint: disable=broad-except
            self.failed[name] = str(error)
            traceback.print_exc()
        self.seconds[name] = round(time.monotonic() - begun, 1)
        self.say(f"{name}: {self.seconds[name]} s{', FAILED: ' + self.failed[name].splitlines()[0] if name in self.failed else ''}")

    def save(self):
        keys = ("figures", "reports", "commands", "problems", "failed", "seconds")
        with open(RESULT + ".new", "w", encoding="utf-8") as file:
            json.dump(dict({"kernel": os.uname().release, "cpus": os.cpu_count()},
                           **{key: getattr(self, key) for key in keys}), file, indent=1)
        os.rename(RESULT + ".new", RESULT)


def main():
    bench = Bench()
    account.mount()
    # As the units have it.
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 65536))
    os.makedirs("/lab/results", exist_ok=True)
    for name in sys.argv[1:] or MEASUREMENTS:
        bench.run(name)
        bench.save()
    for problem in bench.problems:
        bench.say(f"problem: {problem}")
    return 1 if bench.failed else 0


sys.stdout.reconfigure(line_buffering=True)
sys.stderr = sys.stdout
sys.exit(main())
