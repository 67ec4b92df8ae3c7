# SPDX-License-Identifier: GPL-2.0-or-later
"""Host side of the lab: where things are kept, how a step is reported.

Used by tests/lab/setup and tests/lab/run; owns everything below build/lab.
Nothing here runs in the guest.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time

REPO = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
LAB = os.path.join(REPO, "tests/lab")
BUILD = os.path.join(REPO, "build/lab")
# Variants in which only tests run that are marked so (see conftest.py), or named.
MARKED = ("stock", "ppp252")


class LabError(Exception):
    """The lab itself failed; says nothing about the code under test."""


@contextlib.contextmanager
def step(what):
    """Print what a step does and, when it is done, how long it took."""
    print(f"lab: {what} ... ", end="", flush=True)
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - begun:.1f} s", flush=True)


def capture(argv, **options):
    """Standard output of a command; LabError with its standard error otherwise."""
    result = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    if result.returncode:
        raise LabError(f"{argv[0]} failed ({result.returncode}): {result.stderr.strip()}")
    return result.stdout


def run_logged(argv, log_path, **options):
    """Run a command with its output in a file; LabError shows the file's end."""
    with open(log_path, "ab") as log:
        status = subprocess.call(argv, stdin=options.pop("stdin", subprocess.DEVNULL),
                                 stdout=log, stderr=log, **options)
    if status:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            tail = "".join(log.readlines()[-15:])
        raise LabError(f"{argv[0]} failed ({status}), see {log_path}:\n{tail}")


def package_list(name):
    """Words of a package list file, one package a line, '#' begins a comment."""
    with open(os.path.join(LAB, name), encoding="utf-8") as text:
        return [line.split("#")[0].strip() for line in text if line.split("#")[0].strip()]


def read_text(path):
    """Contents of a file, or None when there is none."""
    try:
        with open(path, encoding="utf-8") as text:
            return text.read()
    except FileNotFoundError:
        return None


def write_text(path, text):
    """Write a file so that it is either old or complete."""
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.rename(path + ".new", path)


def variant(options):
    """Which packages are under test, see root.prepare(); the Makefile says SAN=1."""
    for name in MARKED:
        if getattr(options, name):
            return name
    return "san" if options.san or os.environ.get("SAN") == "1" else ""


def results(name):
    """Where a variant's runs leave what they found."""
    return os.path.join(BUILD, "-".join(filter(None, ("results", name))))


def add_variant_options(parser):
    parser.add_argument("--san", action="store_true", help="the packages with sanitizers (or SAN=1)")
    parser.add_argument("--stock", action="store_true", help="the distribution's own packages")
    parser.add_argument("--ppp252", action="store_true", help="the packages on Debian 13's ppp, from tools/ppp-plugins")


def main(function):
    """Run a command-line entry as root; a LabError becomes one sentence and status 3."""
    if os.geteuid():
        os.execvp("sudo", ["sudo", f"SAN={os.environ.get('SAN', '')}", *sys.argv])
    # As an exception, so that a machine is not left running without its lock.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        os.makedirs(BUILD, exist_ok=True)
        sys.exit(function())
    except LabError as error:
        print(f"lab: LAB FAILURE (not a test failure): {error}", file=sys.stderr, flush=True)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)
