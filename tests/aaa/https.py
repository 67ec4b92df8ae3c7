# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTPS servers for vpdnd, built on the sample in configs/aaa, and the certification authorities that vouch for them."""
import http.server
import importlib.machinery
import importlib.util
import json
import os
import socket
import ssl
import subprocess
import threading
import time

import jsonschema

AAA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs", "aaa")


def schema(name):
    """One of the schemas that are shipped."""
    with open(os.path.join(AAA, f"{name}.schema.json"), encoding="utf-8") as f:
        contents = json.load(f)
    jsonschema.Draft202012Validator.check_schema(contents)
    return jsonschema.Draft202012Validator(contents, format_checker=jsonschema.draft202012_format_checker)


def sample():
    """The sample server's program as a module."""
    loader = importlib.machinery.SourceFileLoader("aaa_server", os.path.join(AAA, "aaa-server"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("aaa_server", loader))
    loader.exec_module(module)
    return module


QUESTION, ANSWER = schema("question"), schema("answer")
SAMPLE = sample()


class Authority:
    """A certification authority, and the certificates it has made."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.certificate, self.key = f"{directory}/{name}.pem", f"{directory}/{name}.key"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-addext", "keyUsage=keyCertSign", "-keyout", self.key, "-out", self.certificate)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def issue(self, name, alternative):
        """The paths of certificate and key; alternative: "DNS:localhost,IP:127.0.0.1"."""
        base = f"{self.directory}/{self.name}-{name}"
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{base}.key",
                     "-out", f"{base}.csr")
        with open(f"{base}.ext", "w", encoding="ascii") as f:
            f.write(f"subjectAltName={alternative}\n")
        self.openssl("x509", "-req", "-in", f"{base}.csr", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                     "-extfile", f"{base}.ext", "-out", f"{base}.pem")
        return f"{base}.pem", f"{base}.key"


def forward(*servers, **more):
    """An answer: to these LNSs, in this order."""
    return {"result": "forward", "tunnels": [{"server_endpoint": server, "preference": i, "client_auth_id": "LAC", "password": "tunnel-secret"}
                                             for i, server in enumerate(servers)], **more}


class Raw:
    """What is sent instead of a proper answer, octet by octet; waits for so long before."""

    def __init__(self, octets=b"", wait=0.0, close=False):
        self.octets, self.wait, self.close = octets, wait, close or not octets

    @classmethod
    def answer(cls, body, status="200 OK", more=b"", wait=0.0, close=False):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return cls(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status.encode(), len(body), more, body), wait, close)


class Handler(SAMPLE.Handler):
    """The sample's handler, which does as the test's server says."""

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.connected += 1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        question = json.loads(body)
        # vpdnd must never ask anything that the schema does not have.
        errors = [error.message for error in QUESTION.iter_errors(question)]
        with self.server.lock:
            self.server.wrong += errors
            self.server.questions.append(question)
            self.server.headers.append(dict(self.headers))
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        try:
            self.act(question)
        except OSError:
            self.close_connection = True
        finally:
            with self.server.lock:
                self.server.at_once -= 1

    def act(self, question):
        """Sends what the test wants."""
        answer = self.server.behave(question)
        if isinstance(answer, Raw):
            if answer.wait:
                self.server.stopping.wait(answer.wait)
            self.wfile.write(answer.octets)
            self.close_connection = self.close_connection or answer.close
            return
        ANSWER.validate(answer)
        if self.authorization and self.headers.get("Authorization") != self.authorization:
            self.reply(401, {})
            return
        self.reply(200, answer)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """An HTTPS server that answers what behave(question) returns: an answer, or Raw."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, answer=None, certificate=None, client_ca=None, authorization=None, port=0):
        self.behave = answer if callable(answer) else lambda question: answer
        self.questions, self.headers, self.wrong = [], [], []
        self.connected = self.at_once = self.most_at_once = 0
        self.lock, self.stopping = threading.Lock(), threading.Event()
        super().__init__(("127.0.0.1", port), type("TestHandler", (Handler,), {"authorization": authorization}))
        self.port, self.scheme = self.server_address[1], "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            if client_ca:
                context.load_verify_locations(client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def url(self, host="localhost"):
        return f"{self.scheme}://{host}:{self.port}/vpdn"

    def handle_error(self, request, client_address):
        pass

    def stop(self):
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self.thread.join()


def unused_port():
    """A port nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Deaf:
    """Accepts connections in the kernel, and never says a word."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(1024)
        self.port = self.socket.getsockname()[1]

    def url(self):
        return f"https://localhost:{self.port}/"

    def stop(self):
        self.socket.close()


__all__ = ["AAA", "ANSWER", "QUESTION", "Authority", "Deaf", "Raw", "SAMPLE", "Server", "forward", "schema", "time", "unused_port"]
