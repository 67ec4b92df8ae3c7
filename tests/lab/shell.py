# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's interactive shell (tests/lab/run --shell): the demo topology is up.

Runs in the guest on the serial console. Leaving the shell ends the machine.
"""

import os
import subprocess

import labnet
import roles

HELP = """
Nodes: client --PPPoE-- lac --L2TP-- lns, lns2. Enter one, or run a command in it:
    on lac                      a shell on the LAC
    on lac vpdnctl show         what is up there
    on client ping 203.0.113.1  alice's session, over the LAC to the LNS
Logs are in /lab/log/shell/NODE. exit ends the machine.
"""
ENTER = """#!/bin/sh
# Run a command (or a shell) in a node of the lab.
node=$1; shift
[ $# -gt 0 ] || set -- env PS1="$node# " bash --norc
exec nsenter --net=/proc/{pid}/task/$(cat /lab/node-$node)/ns/net \\
	--mount=/proc/{pid}/task/$(cat /lab/node-$node)/ns/mnt "$@"
"""


def main():
    lab = labnet.Topology("/lab/log/shell")
    for name, node in lab.nodes.items():
        with open(f"/lab/node-{name}", "w", encoding="ascii") as file:
            file.write(f"{node.tid}\n")
    with open("/usr/local/bin/on", "w", encoding="ascii") as script:
        script.write(ENTER.format(pid=os.getpid()))
    os.chmod("/usr/local/bin/on", 0o755)
    try:
        roles.start_lns(lab)
        roles.start_lac(lab)
        roles.dial(lab)
        lab.client.ping(roles.POOL_LOCAL)
    except (AssertionError, OSError) as error:
        print(f"The demo topology is not all up: {error}")
    print(HELP, flush=True)
    subprocess.call(["bash", "--norc"], env=dict(os.environ, PS1="lab# "))


main()
