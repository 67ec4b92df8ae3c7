# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a built pppoe-server with the test's own module (pppoe_hook_module.c): sessions without a process for each.

Used by the test_pppoe_*.py that take the fixtures module and fifo (conftest.py).
"""
import os
import subprocess

import pytest

from pppoe_native import Server

SERVICES = sum((("-S", name) for name in ("take", "pass", "reject", "other", "never")), ())


def build(path, *flags):
    tree = os.environ.get("PPPOE_TREE")
    if not tree:
        pytest.skip("PPPOE_TREE does not name a built rp-pppoe source tree")
    here = os.path.dirname(os.path.abspath(__file__))
    # a package build takes the patches back out of its tree afterwards; the header was put aside before
    include = [os.path.join(tree, "src"), os.path.join(here, "..", "..", "build", "include", "rp-pppoe")]
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", path, *(f"-I{path}" for path in include), *flags,
                    os.path.join(here, "pppoe_hook_module.c")], check=True)
    return path


def hooked(module, fifo, *options, **how):
    return Server("-E", f"{module},{fifo}", *SERVICES, *options, **how)


def end(fifo, number):
    """Lets the module end a session: with PADT, or without it when the number is negative."""
    with open(fifo, "w", encoding="ascii") as file:
        file.write(f"{number}\n")


def ask(server, service, *tags):
    return server.request(server.cookie(*tags), *tags, service=service)
