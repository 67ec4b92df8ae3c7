# SPDX-License-Identifier: GPL-2.0-or-later
"""RADIUS servers for vpdnd: a real FreeRADIUS, and one that answers as a test says, wrongly too."""
import hashlib
import hmac
import os
import re
import socket
import struct
import subprocess
import threading

from waiting import await_condition

SECRET = "testing-123-radius"
ACCEPT, REJECT, ACCOUNTING_RESPONSE, CHALLENGE = 2, 3, 5, 11
MAC = 80                        # Message-Authenticator

CONF = """
name = radiusd
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {dir}
confdir = {dir}
logdir = {dir}
run_dir = {dir}
pidfile = {dir}/pid
cleanup_delay = 0
log {{
    destination = files
    file = {dir}/log
}}
security {{
    max_attributes = 200
    reject_delay = 0
}}
modules {{
    files {{
        usersfile = {dir}/users
    }}
    detail questions {{
        filename = {dir}/questions
        permissions = 0600
        header = "%t"
    }}
    detail accounting_log {{
        filename = {dir}/accounting
        permissions = 0600
        header = "%t"
    }}
    pap {{
    }}
}}
client lac {{
    ipaddr = 127.0.0.0/8
    secret = {secret}
}}
server default {{
    listen {{
        type = auth
        ipaddr = {address}
        port = {auth}
    }}
    listen {{
        type = acct
        ipaddr = {address}
        port = {acct}
    }}
    authorize {{
        questions
        files
        pap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
    }}
    preacct {{
    }}
    accounting {{
        accounting_log
    }}
    post-auth {{
        {mac}
        Post-Auth-Type REJECT {{
            {mac}
        }}
    }}
}}
"""
SEND_MAC = """update reply {
            &Message-Authenticator := 0x00
        }"""


def unused_ports(address):
    """Two UDP ports that nobody listens on."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for s in sockets:
        s.bind((address, 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Radius:
    """What the tests need of any server here: where it is, in vpdn.conf's words."""

    def __init__(self, address, ports, secret=SECRET):
        self.address, (self.auth, self.acct), self.secret = address, ports, secret

    def conf(self, extra="timeout = 1 retries = 1"):
        return f'server "{self.address}" {{ secret = "{self.secret}" auth-port = {self.auth} acct-port = {self.acct} {extra} }}'


class FreeRadius(Radius):
    """A real FreeRADIUS. users: {name: [attribute lines of its reply]}; they all have the password "cisco"."""

    def __init__(self, directory, users, address="127.0.0.1", ports=None, secret=SECRET, mac=True, password="cisco"):
        super().__init__(address, ports or unused_ports(address), secret)
        self.dir = str(directory)
        os.makedirs(self.dir, exist_ok=True)
        self.write("users", "".join(f'{name} Cleartext-Password := "{password}"\n{"," .join(chr(10) + chr(9) + line for line in reply)[1:]}\n\n'
                                    for name, reply in users.items()))
        self.write("dictionary", "")
        self.write("radiusd.conf", CONF.format(dir=self.dir, secret=secret, address=address, auth=self.auth, acct=self.acct,
                                               mac=SEND_MAC if mac else ""))
        self.process = None
        self.start()

    def conf(self, extra="timeout = 10 retries = 1"):
        return super().conf(extra)

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def start(self):
        self.write("log", "")
        self.process = subprocess.Popen(["/usr/sbin/freeradius", "-f", "-d", self.dir, "-l", f"{self.dir}/log"], stdin=subprocess.DEVNULL)
        await_condition(lambda: "Ready to process requests" in self.read("log") or self.process.poll() is not None, lambda: self.read("log"))
        assert self.process.poll() is None, self.read("log")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def read(self, name):
        try:
            with open(f"{self.dir}/{name}", encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def records(self, name):
        """What FreeRADIUS has read in each request, as its detail file has it: [{attribute: value}]. A blank line ends each."""
        return [dict(re.findall(r'^\t([\w:-]+) = "?(.*?)"?$', block, re.M)) for block in self.read(name).split("\n\n")[:-1]]

    def questions(self):
        return self.records("questions")

    def accounting(self, kind=None):
        return [r for r in self.records("accounting") if kind in (None, r["Acct-Status-Type"])]

    def await_accounting(self, kind, count=1):
        await_condition(lambda: len(self.accounting(kind)) >= count, lambda: f"{count} {kind}: {self.read('accounting')}{self.read('log')}")
        return self.accounting(kind)[-1]


def attribute(kind, value):
    return bytes([kind, len(value) + 2]) + value


def tagged(kind, tag, number):
    return attribute(kind, struct.pack("!I", tag << 24 | number))


def cisco(text):
    return attribute(26, struct.pack("!I", 9) + attribute(1, text.encode()))


def attributes(packet):
    """[(type, value)] of a packet."""
    found, rest = [], packet[20:]
    while rest:
        found.append((rest[0], rest[2:rest[1]]))
        rest = rest[rest[1]:]
    return found


def answer(request, code, body=b"", secret=SECRET, mac=True, identifier=None):
    """A signed answer to a request."""
    identifier = request[1] if identifier is None else identifier
    if mac:
        body = attribute(MAC, bytes(16)) + body
    head = struct.pack("!BBH", code, identifier, 20 + len(body))
    if mac:
        body = attribute(MAC, hmac.new(secret.encode(), head + request[4:20] + body, "md5").digest()) + body[18:]
    return head + hashlib.md5(head + request[4:20] + body + secret.encode()).digest() + body


def request_mac_ok(request, secret=SECRET):
    """The Message-Authenticator of an Access-Request is there, first, and right."""
    value = request[22:38]
    zeroed = request[:22] + bytes(16) + request[38:]
    return request[20:22] == bytes([MAC, 18]) and hmac.new(secret.encode(), zeroed, "md5").digest() == value


class Scripted(Radius):
    """Answers each request with the packets that behave(request) returns; keeps the requests."""

    def __init__(self, behave, address="127.0.0.1"):
        super().__init__(address, unused_ports(address))
        self.behave, self.requests, self.over = behave, [], False
        self.sockets, self.threads = [], []
        for port in (self.auth, self.acct):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((address, port))
            s.settimeout(0.1)
            self.sockets.append(s)
            self.threads.append(threading.Thread(target=self._serve, args=(s,), daemon=True))
            self.threads[-1].start()

    def _serve(self, s):
        while not self.over:
            try:
                request, peer = s.recvfrom(4096)
            except socket.timeout:
                continue
            self.requests.append(request)
            for packet in self.behave(request):
                s.sendto(packet, peer)

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join()
        for s in self.sockets:
            s.close()
