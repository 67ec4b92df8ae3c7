# SPDX-License-Identifier: GPL-2.0-or-later
"""Packet captures: tcpdump, ready before the test goes on, and what it saw.

Made by labnet.Node.capture(). The packets are decoded by decode.py.
"""

import os
import signal

import decode
from waiting import DEFAULT_TIMEOUT, await_condition

# Enough for every control message; bulk data need not be kept whole.
SNAP_LENGTH = 1024


class Capture:
    """A running tcpdump on one interface of a node."""

    def __init__(self, node, interface, name, expression):
        self.path = os.path.join(node.log_dir, f"{name}.pcap")
        argv = ["tcpdump", "-i", interface, "--immediate-mode", "-U", "-n", "-p", "-Z", "root",
                "-s", str(SNAP_LENGTH), "-w", self.path]
        self.proc = node.spawn(f"tcpdump-{name}", argv + ([expression] if expression else []))
        self.proc.await_line("listening on")

    def stop(self):
        """End it, with everything written."""
        if self.proc.running():
            self.proc.stop(signal.SIGINT)

    def packets(self, kind=None, **fields):
        """Decoded packets so far, of one class of decode.py and with these field values."""
        return [packet for packet in decode.read_pcap(self.path)
                if (kind is None or isinstance(packet, kind)) and
                all(getattr(packet, name) == value for name, value in fields.items())]

    def await_packet(self, kind, timeout=DEFAULT_TIMEOUT, **fields):
        """Wait for a packet; returns the first."""
        return await_condition(
            lambda: self.packets(kind, **fields),
            lambda: f"{kind.__name__} {fields} on {self.path}; seen:\n{self.text()}", timeout)[0]

    def text(self):
        """One line a packet."""
        packets = self.packets()
        start = packets[0].time if packets else 0
        return "\n".join(f"{packet.time - start:9.4f} {packet}" for packet in packets)

    def write_text(self):
        """Leave the readable form beside the pcap file."""
        with open(self.path.replace(".pcap", ".txt"), "w", encoding="utf-8") as out:
            out.write(self.text() + "\n")
