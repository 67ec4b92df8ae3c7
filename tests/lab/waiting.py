# SPDX-License-Identifier: GPL-2.0-or-later
"""Awaiting conditions instead of sleeping.

Used by every module and test of the lab in the guest. Under TCG everything is ten
times slower than elsewhere, so time-outs are generous: they bound a failing
test and cost a passing one nothing.
"""

import time

DEFAULT_TIMEOUT = 20.0
INTERVAL = 0.03


class Timeout(AssertionError):
    """A condition did not come true in time."""


def await_condition(condition, what, timeout=DEFAULT_TIMEOUT):
    """Call condition() until it returns something true, and return that.

    what may be a string or a function that describes the state at the time-out.
    """
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Timeout(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(INTERVAL)


def await_equal(function, expected, what, timeout=DEFAULT_TIMEOUT):
    """Wait until function() returns expected; the error shows the last value."""
    last = []

    def equal():
        last[:] = [function()]
        return last[0] == expected

    await_condition(equal, lambda: f"{what}: {last[0]!r} instead of {expected!r}", timeout)
