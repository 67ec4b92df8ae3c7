# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of tests/control in the guest: on the installed xl2tpd, with the kernel's own L2TP in place of the stand-in for it.

Each function there is a test of the same name here. Those for which the kernel makes a difference run with all others; the rest, which
"make check-control" runs natively and fast, when named: "make check-lab TEST=control_wrap".
"""
import ast
import glob
import os
import subprocess
import sys

import pytest

CONTROL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "control")
WITH_THE_OTHERS = ("icmp_refused", "source_address", "spoofed", "graceful_stop")


def names():
    for path in sorted(glob.glob(os.path.join(CONTROL, "test_*.py"))):
        with open(path, encoding="utf-8") as source:
            for node in ast.parse(source.read()).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield node.name


def control_test(name):
    @pytest.mark.seconds(1200)
    def run():
        environment = dict(os.environ, CONTROL_BUILD="any", CONTROL_REAL_KERNEL="1", XL2TPD_TREE="/usr/sbin",
                           XL2TPD_MODULE="/usr/lib/vpdn/xl2tpd-vpdn.so", CONTROL_BIN=os.path.join(CONTROL, "../../build/control"),
                           ASAN_OPTIONS="detect_leaks=0:quarantine_size_mb=1",
                           UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=short", "-rf", "-s",
                               "--exactly", name, CONTROL],
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(done.stdout)
        assert done.returncode == 0, done.stdout[-4000:]
    run.__doc__ = "%s of tests/control." % name
    return run if name.removeprefix("test_") in WITH_THE_OTHERS else pytest.mark.by_name(run)


globals().update((name, control_test(name)) for name in names())
