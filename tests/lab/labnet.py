# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes and links of the lab.

Used by conftest.py and the tests, in the guest. A Node is a network namespace
with a mount namespace of its own: private /run (pppd2.tdb, pid files and
sockets are per /run, not per network namespace), /etc/ppp, /etc/xl2tpd and /etc/vpdn.
A thread lives inside; what has to happen there (opening files and sockets,
starting processes) is done by that thread, without starting nsenter or ip.
"""

import concurrent.futures
import ctypes
import functools
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import capture
from observed import LogFile
from proc import Proc
from waiting import DEFAULT_TIMEOUT, await_condition

REPO = "/lab/repo"
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
UDP_ENCAP, UDP_ENCAP_L2TPINUDP, SO_TIMESTAMP = 100, 3, 29
# Empty at first: the distribution's options and scripts would otherwise decide what a
# test sees, and each script costs 0.1 s.
PRIVATE_ETC = ("ppp", "xl2tpd", "vpdn")
libc = ctypes.CDLL(None, use_errno=True)


def check_call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source, target, kind, flags=0, data=None):
    check_call(libc.mount(source.encode(), target.encode(), kind.encode() if kind else None,
                          flags, data.encode() if data else None))


def checksum(data):
    """The Internet checksum, RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


@functools.cache
def hold_static_keys():
    """Have the kernel change its code once instead of at each test's first and last tunnel and capture; returns what holds it so.

    Its static keys for encapsulating UDP sockets and for time stamps are such changes, with a breakpoint in the meantime. QEMU's
    emulation of two CPUs may go on seeing the breakpoint after it has gone: both CPUs then take it for ever (seen once in many
    hundred runs, in udp_destroy_sock(); "rcu_preempt self-detected stall" on the console).
    """
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    held.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_L2TPINUDP)
    held.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
    return held


def receive_now(datagrams):
    """The next datagram of a non-blocking socket, empty when there is none."""
    try:
        return datagrams.recv(4096)
    except BlockingIOError:
        return b""


class Node:
    """One machine of the lab."""

    def __init__(self, name, log_dir):
        self.name = name
        self.log_dir = os.path.join(log_dir, name)
        os.makedirs(self.log_dir, exist_ok=True)
        self.procs = []
        self.captures = []
        self.tid = None
        self.executor = concurrent.futures.ThreadPoolExecutor(1, f"node-{name}")
        self.call(self._enter)
        self.netns = os.stat(f"/proc/self/task/{self.tid}/ns/net").st_ino
        self.syslog = LogFile(os.path.join(self.log_dir, "syslog.log"))
        threading.Thread(target=self._receive_syslog, daemon=True).start()

    def _enter(self):
        """In the node's thread: make the namespaces."""
        self.tid = threading.get_native_id()
        check_call(libc.unshare(CLONE_NEWNET | CLONE_NEWNS))
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        mount("run", "/run", "tmpfs", data="mode=755")
        mount("sysfs", "/sys", "sysfs")
        for directory in ("lock", "xl2tpd", "pppd"):
            os.mkdir(f"/run/{directory}")
        for directory in PRIVATE_ETC:
            os.makedirs(f"/etc/{directory}", exist_ok=True)
            mount("etc", f"/etc/{directory}", "tmpfs", data="mode=755")
        for path in ("/etc/ppp/options", "/etc/ppp/chap-secrets", "/etc/ppp/pap-secrets"):
            self._write(path, "", 0o600)
        for path in ("/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/default/disable_ipv6"):
            self._write(path, "1\n", 0o644)
        self.syslog_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslog_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.syslog_socket.bind("/run/log.sock")

    def _receive_syslog(self):
        with open(self.syslog.path, "w", encoding="utf-8", buffering=1) as log:
            while True:
                data = self.syslog_socket.recv(8192)
                if not data:
                    return
                text = re.sub(r"^<\d+>(\w{3} [ \d]\d [\d:]{8} )?", "", data.decode("utf-8", "replace"))
                log.write(f"{time.monotonic():.3f} {text.rstrip()}\n")

    def call(self, function, *arguments, **options):
        """Run a function in the node's namespaces and return its result."""
        return self.executor.submit(function, *arguments, **options).result()

    # Files

    @staticmethod
    def _write(path, text, mode):
        with open(path, "w", encoding="utf-8", opener=lambda p, flags: os.open(p, flags, mode)) as file:
            file.write(text)

    def write(self, path, text, mode=0o600):
        """Write a file of the node; directories are made."""
        self.call(os.makedirs, os.path.dirname(path), 0o755, True)
        self.call(self._write, path, text, mode)

    def append(self, path, text):
        self.write(path, self.read(path) + text)

    def read(self, path):
        """A text file of the node; /proc/net is the node's own."""
        path = re.sub("^/proc/net/", "/proc/thread-self/net/", path)

        def read():
            with open(path, encoding="utf-8") as file:
                return file.read()
        return self.call(read)

    def exists(self, path):
        return self.call(os.path.exists, path)

    def await_file(self, path, timeout=DEFAULT_TIMEOUT):
        await_condition(lambda: self.exists(path), f"{path} in {self.name}", timeout)

    def connect_unix(self, path, kind=socket.SOCK_SEQPACKET):
        """A connected unix socket of the node."""
        def connect():
            connection = socket.socket(socket.AF_UNIX, kind)
            connection.connect(path)
            return connection
        return self.call(connect)

    # Processes

    def spawn(self, name, argv, env=None, notify=False):
        """Start a program in the node; its output goes to NAME.log (numbered when taken).

        With notify, wait until it says READY=1 as to a service manager.
        """
        path = os.path.join(self.log_dir, f"{name}.log")
        number = 1
        while os.path.exists(path):
            number += 1
            path = os.path.join(self.log_dir, f"{name}-{number}.log")
        environment = dict(os.environ, **(env or {}))
        for sanitizer in ("ASAN", "UBSAN"):
            environment[f"{sanitizer}_OPTIONS"] = \
                f"log_path={self.log_dir}/sanitizer:log_exe_name=1:print_stacktrace=1"
        if not notify:
            proc = self.call(Proc, f"{self.name} {name}", argv, path, environment)
            self.procs.append(proc)
            return proc
        notify_path = f"/run/notify-{name}-{number}.sock"
        with self.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            self.call(ready.bind, notify_path)
            ready.setblocking(False)
            proc = self.spawn(name, argv, dict(env or {}, NOTIFY_SOCKET=notify_path))
            await_condition(lambda: b"READY=1" in receive_now(ready) or not proc.running(),
                            lambda: f"READY=1 from {proc.name}:\n{proc.tail()}")
        assert proc.running(), f"{proc.name} ended at its start:\n{proc.tail()}\n{self.syslog.tail()}"
        return proc

    def run(self, argv, check=True, timeout=DEFAULT_TIMEOUT, text=None):
        """Run a program to its end; returns its output (with standard error)."""
        process = self.call(subprocess.Popen, argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
        try:
            output, _ = process.communicate(text, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        if check and process.returncode:
            raise AssertionError(f"{self.name}: {argv} ended with {process.returncode}:\n{output}")
        return output

    def ip(self, *commands):
        """Run commands of ip(8), all in one process."""
        return self.run(["ip", "-batch", "-"], text="".join(c + "\n" for c in commands))

    def processes(self):
        """{pid: command line} of everything that runs in the node."""
        found = {}
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.stat(f"/proc/{entry}/ns/net").st_ino == self.netns:
                    with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                        found[int(entry)] = file.read().replace("\0", " ").strip()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass
        return found

    def pids(self, word):
        """Process ids whose command line contains word."""
        return [pid for pid, command in self.processes().items() if word in command]

    # Interfaces and kernel state

    def interfaces(self, pattern=""):
        """Names of the interfaces that match a regular expression."""
        names = self.call(os.listdir, "/sys/class/net")
        return sorted(name for name in names if re.search(pattern, name))

    def await_interfaces(self, pattern, count=1, timeout=DEFAULT_TIMEOUT):
        """Wait until exactly count interfaces match; returns their names."""
        await_condition(lambda: len(self.interfaces(pattern)) == count,
                        lambda: f"{count} interfaces /{pattern}/ in {self.name}, there are "
                        f"{self.interfaces(pattern)}", timeout)
        return self.interfaces(pattern)

    def await_packet_socket(self, count=1, timeout=DEFAULT_TIMEOUT):
        """Wait until something in the node listens on raw Ethernet (a PPPoE server is ready)."""
        await_condition(lambda: len(self.read("/proc/net/packet").splitlines()) > count,
                        f"{count} packet sockets in {self.name}", timeout)

    def await_udp_port(self, port, timeout=DEFAULT_TIMEOUT):
        """Wait until a UDP port is bound in the node."""
        await_condition(lambda: re.search(rf":{port:04X} ", self.read("/proc/net/udp")),
                        f"UDP port {port} in {self.name}", timeout)

    # Traffic

    def socket(self, *arguments):
        """A socket of the node; usable from any thread afterwards."""
        return self.call(socket.socket, *arguments)

    def ping(self, address, wait=DEFAULT_TIMEOUT, size=56, source=None):
        """Send echo requests until one is answered, at most wait seconds."""
        with self.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            if source:
                raw.bind((source, 0))
            raw.settimeout(0.2)
            identifier, payload = os.getpid() & 0xffff, os.urandom(size)
            sequence = 0

            def answered():
                nonlocal sequence
                sequence += 1
                header = struct.pack("!BBHHH", 8, 0, 0, identifier, sequence)
                request = struct.pack("!BBHHH", 8, 0, checksum(header + payload),
                                      identifier, sequence) + payload
                try:
                    raw.sendto(request, (address, 0))
                    while True:
                        reply = raw.recv(65536)
                        body = reply[(reply[0] & 15) * 4:]
                        if body[0] == 0 and body[4:8] == request[4:8] and body[8:] == payload:
                            return True
                except OSError:
                    return False

            await_condition(answered, f"ping from {self.name} to {address}", wait)

    def unreachable(self, address):
        """True when one ping is not answered within a second."""
        try:
            self.ping(address, wait=0.8)
        except AssertionError:
            return True
        return False

    def capture(self, interface, name=None, expression=""):
        """Start a packet capture; it is running when this returns."""
        started = capture.Capture(self, interface, name or f"{self.name}-{interface}", expression)
        self.captures.append(started)
        return started

    # End

    def stop(self):
        """End everything in the node; returns the problems found."""
        for proc in reversed(self.procs):
            if proc.running() and not proc.stopped:
                proc.stopped = True
                proc.send(signal.SIGTERM)
        problems = []
        for proc in self.procs:
            try:
                proc.process.wait(10)
            except subprocess.TimeoutExpired:
                problems.append(f"{proc.name} did not end on SIGTERM:\n{proc.tail()}")
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for proc in self.procs:
            proc.process.wait()
        return problems

    def close(self):
        """Leave the namespaces; the kernel frees what is in them."""
        self.syslog_socket.shutdown(socket.SHUT_RDWR)
        self.executor.shutdown()


class Topology:
    """client --(PPPoE access)-- lac --(IP core)-- lns and lns2

    client eth0 | eth1 lac eth0 172.16.0.1 | 172.16.0.2 eth0 lns
                           eth2 172.16.0.1 | 172.16.0.3 eth0 lns2
    The LAC has one address towards both, as on a core network.
    """

    CLIENT_MAC, LAC_MAC = "02:00:00:00:01:01", "02:00:00:00:01:02"
    LAC, LNS, LNS2 = "172.16.0.1", "172.16.0.2", "172.16.0.3"
    LINKS = (("client", "eth0", "lac", "eth1"), ("lac", "eth0", "lns", "eth0"),
             ("lac", "eth2", "lns2", "eth0"))

    def __init__(self, log_dir):
        hold_static_keys()
        self.log_dir = log_dir
        self.secrets = set()        # that no log may contain
        self.nodes = {name: Node(name, log_dir) for name in ("client", "lac", "lns", "lns2")}
        self.client, self.lac, self.lns, self.lns2 = self.nodes.values()
        tid = {name: node.tid for name, node in self.nodes.items()}
        batch = "".join(f"link add {ia} netns {tid[a]} type veth peer name {ib} netns {tid[b]}\n"
                        for a, ia, b, ib in self.LINKS)
        subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
        self.client.ip("link set lo up", f"link set eth0 address {self.CLIENT_MAC} up")
        self.lac.ip("link set lo up", f"link set eth1 address {self.LAC_MAC} up",
                    "link set eth0 up", f"address add {self.LAC} peer {self.LNS} dev eth0",
                    "link set eth2 up", f"address add {self.LAC} peer {self.LNS2} dev eth2")
        for node, address in ((self.lns, self.LNS), (self.lns2, self.LNS2)):
            node.ip("link set lo up", "link set eth0 up",
                    f"address add {address} peer {self.LAC} dev eth0")

    def stop(self):
        """End all processes; returns what was wrong: with any of them, or in the logs."""
        problems = [proc.problem() for node in self.nodes.values() for proc in node.procs]
        for node in self.nodes.values():
            for running in node.captures:
                running.stop()
        for node in self.nodes.values():
            problems += node.stop()
        problems += [proc.problem() for node in self.nodes.values() for proc in node.procs]
        for node in self.nodes.values():
            node.close()
            problems += [f"{node.name}: {name}:\n{LogFile(os.path.join(node.log_dir, name)).text()}"
                         for name in os.listdir(node.log_dir) if name.startswith("sanitizer.")]
        problems += [f"{name} contains the secret {secret!r}" for name, text in self.logs().items()
                     for secret in self.secrets if secret in text]
        return list(dict.fromkeys(problem for problem in problems if problem))

    def keep(self, directory):
        """Copy logs and captures, with a readable form of each capture."""
        for node in self.nodes.values():
            for kept in node.captures:
                kept.write_text()
        shutil.copytree(self.log_dir, directory, dirs_exist_ok=True)

    def logs(self):
        """All text the nodes have logged, by file."""
        return {os.path.join(node.name, name): LogFile(os.path.join(node.log_dir, name)).text()
                for node in self.nodes.values() for name in sorted(os.listdir(node.log_dir))
                if name.endswith(".log")}


def transfer(source, destination, address, size, port=5001):
    """Send size bytes of noise over TCP between two nodes and check what arrives."""
    listener = destination.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(1)
    listener.settimeout(DEFAULT_TIMEOUT)
    received = []

    def receive():
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(DEFAULT_TIMEOUT)
            seen = hashlib.sha256()
            while chunk := connection.recv(65536):
                seen.update(chunk)
            received.append(seen.hexdigest())

    receiver = threading.Thread(target=receive)
    receiver.start()
    data = os.urandom(size)
    with source.socket(socket.AF_INET, socket.SOCK_STREAM) as sender:
        sender.settimeout(DEFAULT_TIMEOUT)
        sender.connect((address, port))
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)
        receiver.join()
    listener.close()
    assert received == [hashlib.sha256(data).hexdigest()], \
        f"{size} bytes from {source.name} to {destination.name} did not arrive whole"


def sample(path, replacements):
    """A sample of configs/ with names and addresses replaced.

    Each key of replacements must occur in it, so that a sample that was changed
    cannot leave a test running with something else than it says.
    """
    with open(os.path.join(REPO, "configs", path), encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements.items():
        if old not in text:
            raise AssertionError(f"configs/{path} does not contain {old!r}")
        text = text.replace(old, new)
    return text
