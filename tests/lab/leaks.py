# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is left behind: what a node holds, before and after.

Used by tests: before = leaks.count(node, daemons); ...; leaks.await_same(before).
Counts processes, the daemons' file descriptors, ppp interfaces, kernel L2TP
tunnels and sessions and PPPoE sessions.
"""

import dataclasses
import re

from waiting import DEFAULT_TIMEOUT, await_equal


@dataclasses.dataclass
class Count:
    """What a node holds at one moment."""
    node: object
    daemons: tuple
    held: dict


def l2tp_counts(node):
    """(tunnels, sessions) that pppol2tp knows in the node.

    Session 0 is only the socket by which a tunnel is managed.
    """
    text = node.read("/proc/net/pppol2tp")
    return len(re.findall("^TUNNEL '", text, re.M)), \
        len(re.findall(r"^  SESSION 'sess \d+/[1-9]", text, re.M))


def pppoe_count(node):
    """PPPoE sessions in the node's kernel."""
    return len(node.read("/proc/net/pppoe").splitlines()) - 1


def held(node, daemons):
    """Everything countable as a dictionary."""
    tunnels, sessions = l2tp_counts(node)
    return {
        "processes": len(node.processes()),
        "ppp interfaces": len(node.interfaces("^ppp")),
        "l2tp tunnels": tunnels, "l2tp sessions": sessions,
        "pppoe sessions": pppoe_count(node),
        "descriptors": {daemon.name: daemon.descriptors() for daemon in daemons},
    }


def count(node, daemons=()):
    return Count(node, tuple(daemons), held(node, daemons))


def await_same(*counts, timeout=DEFAULT_TIMEOUT):
    """Wait until the nodes hold again what they held."""
    for before in counts:
        await_equal(lambda before=before: held(before.node, before.daemons), before.held,
                    f"{before.node.name} holds", timeout)
