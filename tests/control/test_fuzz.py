# SPDX-License-Identifier: GPL-2.0-or-later
"""The fuzz target of xl2tpd and its module (tests/fuzz/xl2tpd), replayed: the corpus, each input cut everywhere, and mutations."""
import os
import subprocess

import pytest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FUZZ = os.path.join(TOP, "tests", "fuzz")


@pytest.mark.builds("sanitized")
def test_fuzz_replay():
    program = os.path.join(os.environ["CONTROL_BIN"], "fuzz_xl2tpd")
    subprocess.run([os.path.join(FUZZ, "xl2tpd", "build"), os.environ["XL2TPD_TREE"], program], check=True)
    corpus = os.path.join(FUZZ, "corpus", "xl2tpd")
    inputs = sorted(os.path.join(corpus, name) for name in os.listdir(corpus))
    got = subprocess.run([program, *inputs], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300,
                         env=dict(os.environ, VPDN_FUZZ_ITERATIONS=os.environ.get("VPDN_FUZZ_ITERATIONS", "100000"),
                                  ASAN_OPTIONS="detect_leaks=1"))
    assert got.returncode == 0, got.stdout[-20000:]
    assert got.stdout.endswith("all well\n")
