# SPDX-License-Identifier: GPL-2.0-or-later
"""Patch "let hash tables grow": a lookup compares a few items, however many there are, and none is lost or found twice."""
import os
import subprocess

import pytest


def test_items_come_and_go(tmp_path):
    tree = os.environ.get("PPPOE_TREE")
    if not tree:
        pytest.skip("PPPOE_TREE does not name a built rp-pppoe source tree")
    libevent = os.path.join(tree, "src", "libevent")
    program = str(tmp_path / "pppoe_hash")
    subprocess.run(["cc", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
                    "-Wl,--wrap=calloc", f"-I{libevent}", "-o", program, os.path.join(libevent, "hash.c"),
                    os.path.join(os.path.dirname(os.path.abspath(__file__)), "pppoe_hash.c")], check=True)
    ran = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout
