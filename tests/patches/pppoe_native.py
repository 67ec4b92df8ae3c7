# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a built pppoe-server on one end of a veth pair and talks PPPoE discovery (RFC 2516) to it from the other end.

Used by test_pppoe_*.py. The environment variable PPPOE_TREE names the built rp-pppoe source tree. Server and client live in a
network namespace of their own; the server has a private /dev in which /dev/log is a socket of ours, so that a test sees what
it logs. pppd is a stand-in which writes down its arguments and waits: discovery is what is tested, no PPP in the kernel is needed.
"""
import ctypes
import itertools
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import pytest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from waiting import await_condition as wait_for  # noqa: E402

PADI, PADO, PADR, PADS, PADT = 0x09, 0x07, 0x19, 0x65, 0xA7
SERVICE_NAME, AC_NAME, HOST_UNIQ, AC_COOKIE, VENDOR, RELAY_ID, MAX_PAYLOAD = 0x101, 0x102, 0x103, 0x104, 0x105, 0x110, 0x120
SERVICE_NAME_ERROR, AC_SYSTEM_ERROR, GENERIC_ERROR = 0x201, 0x202, 0x203
ETH_DISCOVERY = 0x8863
BROADCAST = b"\xff" * 6
CLIENT_MAC = bytes.fromhex("020000000c01")
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_number = itertools.count(1)


def tag(kind, value=b""):
    return struct.pack(">HH", kind, len(value)) + value


class Frame:
    """A received discovery frame: code, session, tags as a list of (type, value)."""

    def __init__(self, data):
        self.dst, self.src = data[:6], data[6:12]
        self.code, self.session, length = struct.unpack(">BHH", data[15:20])
        self.tags, payload = [], data[20:20 + length]
        while len(payload) >= 4:
            kind, size = struct.unpack(">HH", payload[:4])
            self.tags.append((kind, payload[4:4 + size]))
            payload = payload[4 + size:]

    def get(self, kind):
        return next((value for k, value in self.tags if k == kind), None)


class Server:
    """One pppoe-server. Use as a context manager: with Server("-C", "ac1") as server: ...

    environment is set for the server only (LD_PRELOAD is not for the commands that start it)."""

    def __init__(self, *options, mtu=1500, environment=None):
        tree = os.environ.get("PPPOE_TREE")
        if not tree:
            pytest.skip("PPPOE_TREE does not name a built rp-pppoe source tree")
        if os.geteuid() != 0:
            pytest.skip("network namespaces need root")
        self.binary = os.path.join(os.path.abspath(tree), "src", "pppoe-server")
        assert os.access(self.binary, os.X_OK), f"{self.binary} is not built"
        self.options, self.mtu, self.environment = options, mtu, environment or {}
        self.netns = f"pppoe-test-{os.getpid()}-{next(_number)}"
        self.process = self.log_socket = self.socket = None
        self.log_lines = []

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="pppoe-test-")
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *failure):
        self._stop()
        if not any(failure) and any(word in self.last_words for word in ("Sanitizer", "runtime error")):
            pytest.fail(self.last_words)

    def _start(self):
        self._run("ip", "netns", "add", self.netns)
        self._run("ip", "-n", self.netns, "link", "add", "srv", "mtu", str(self.mtu), "type", "veth", "peer", "name", "cli", "mtu", str(self.mtu))
        for name in ("srv", "cli"):
            self._run("ip", "-n", self.netns, "link", "set", name, "up")
        self.socket = self._packet_socket("cli")
        self.log_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log_socket.bind(os.path.join(self.dir, "log"))
        # syslog(3) blocks when nobody reads
        self.log_done, self.log_lock = threading.Event(), threading.Lock()
        self.log_reader = threading.Thread(target=self._read_log, daemon=True)
        self.log_reader.start()
        self.pppd_calls = os.path.join(self.dir, "pppd-calls")
        pppd = os.path.join(self.dir, "pppd")
        with open(pppd, "w", encoding="ascii") as script:
            script.write(f'#!/bin/sh\necho "$@" >>{self.pppd_calls}\nexec sleep 600\n')
        os.chmod(pppd, 0o755)
        # "ip netns exec" gives the command a mount namespace of its own
        setup = (f"mkdir {self.dir}/dev && mount -t tmpfs none {self.dir}/dev && ln -s {self.dir}/log {self.dir}/dev/log && "
                 f"for n in null zero random urandom; do : >{self.dir}/dev/$n; mount --bind /dev/$n {self.dir}/dev/$n; done && "
                 f"mount --rbind {self.dir}/dev /dev && exec env \"$@\"")
        self.stderr_path = os.path.join(self.dir, "stderr")
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.netns, "sh", "-ec", setup, "sh",
                 *(f"{name}={value}" for name, value in self.environment.items()), self.binary, "-F", "-I", "srv", "-q", pppd, *self.options],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        wait_for(lambda: self.process.poll() is not None or self._listening(), "pppoe-server listens")
        if "-E" in self.options:
            wait_for(lambda: self.process.poll() is not None or self.logged("Module "), "pppoe-server has loaded its module")
        assert self.alive(), f"pppoe-server did not start: {self.stderr()}"
        self.mac = self._mac_of("srv")

    def _stop(self):
        if self.process and self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.log_socket:
            self.log_done.set()
            self.log_reader.join()
            self.log_socket.close()
        if self.socket:
            self.socket.close()
        pids = subprocess.run(["ip", "netns", "pids", self.netns], capture_output=True, text=True, check=False).stdout.split()
        for pid in pids:
            os.kill(int(pid), signal.SIGKILL)
        subprocess.run(["ip", "netns", "del", self.netns], check=False, stderr=subprocess.DEVNULL)
        self.last_words = self.stderr() if self.process else ""
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def _run(*command):
        subprocess.run(command, check=True, timeout=20)

    def _packet_socket(self, interface):
        """An AF_PACKET socket in the server's network namespace; the caller stays in its own."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.netns}", os.O_RDONLY)
        try:
            if _libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_DISCOVERY))
                sock.bind((interface, ETH_DISCOVERY))
            finally:
                _libc.setns(home, CLONE_NEWNET)
        finally:
            os.close(home)
            os.close(there)
        return sock

    def _mac_of(self, interface):
        out = subprocess.run(["ip", "-n", self.netns, "-br", "link", "show", interface], capture_output=True, text=True, check=True)
        return bytes.fromhex(out.stdout.split()[2].replace(":", ""))

    def _listening(self):
        # one line for our own socket, one for the server's
        try:
            with open(f"/proc/{self.process.pid}/net/packet", encoding="ascii") as table:
                return sum(" 8863 " in line for line in table) >= 2
        except OSError:	# it has just ended
            return False

    # what the client does

    def send(self, code, *tags, session=0, mac=CLIENT_MAC, dst=None, raw=None):
        payload = b"".join(tags) if raw is None else raw
        header = (dst or self.mac) + mac + struct.pack(">HBBHH", ETH_DISCOVERY, 0x11, code, session, len(payload))
        self.socket.send(header + payload)

    def receive(self, code, timeout=5, mac=CLIENT_MAC):
        """The next frame of this code to this client, or None."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            data, address = self.socket.recvfrom(2048)
            if address[2] == socket.PACKET_OUTGOING or data[:6] != mac or data[15] != code:
                continue
            return Frame(data)

    def cookie(self, *tags, mac=CLIENT_MAC):
        """PADI and PADO; returns the cookie."""
        self.send(PADI, tag(SERVICE_NAME), *tags, mac=mac, dst=BROADCAST)
        pado = self.receive(PADO, mac=mac)
        assert pado is not None, f"no PADO; {self.state()}"
        return pado.get(AC_COOKIE)

    def request(self, cookie, *tags, mac=CLIENT_MAC, service=b""):
        """PADR; returns the PADS or None."""
        self.send(PADR, tag(SERVICE_NAME, service), tag(AC_COOKIE, cookie), *tags, mac=mac)
        return self.receive(PADS, mac=mac)

    def dial(self, *tags, mac=CLIENT_MAC):
        """The whole discovery; returns the PADS."""
        pads = self.request(self.cookie(*tags, mac=mac), *tags, mac=mac)
        assert pads is not None, f"no PADS; {self.state()}"
        return pads

    # what is seen of the server

    def alive(self):
        return self.process.poll() is None

    def state(self):
        return f"server {'lives' if self.alive() else f'ended with {self.process.returncode}'}, log ends: {self.log()[-10:]}, stderr ends: {self.stderr()[-500:]}"

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _read_log(self):
        while not self.log_done.is_set():
            select.select([self.log_socket], [], [], 0.1)
            self.log()

    def log(self):
        """All lines logged so far, without priority and date."""
        with self.log_lock:
            while True:
                try:
                    data = self.log_socket.recv(65536, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return list(self.log_lines)
                self.log_lines.append(data.decode("utf-8", "replace").split("]: ", 1)[-1].rstrip("\n\0"))

    def logged(self, text):
        return [line for line in self.log() if text in line]

    def pppd_starts(self):
        """The argument lines of all stand-in pppds so far."""
        try:
            with open(self.pppd_calls, encoding="utf-8", errors="replace") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
