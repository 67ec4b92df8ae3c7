# SPDX-License-Identifier: GPL-2.0-or-later
"""The schemas and the OpenAPI file that are shipped say what vpdnd does."""
import copy
import json
import os

import yaml

from https import AAA, ANSWER, QUESTION, Raw, forward
from test_http import fixture_ca, fixture_certificate, fixture_serve, fixture_start  # noqa: F401 pylint: disable=unused-import


def answers():
    """(name, answer): right ones and wrong ones, each differing in one thing from a right one."""
    for result in ("local", "reject", "nothing", "forward", "Local", "", None, 3):
        yield f"result {result}", {"result": result}
    yield "no result", {}
    for other in ([], 3, "local", None):
        yield f"no object {other}", other
    values = {
        "version": [1, 2, "1"], "text": ["", "x" * 127, "x" * 128, "a\nb", 1, "ä"], "ttl": [0, 2592000, 2592001, -1, 1.5, "60", None],
        "valid_for": [["user"], ["user", "domain", "dnis", "line"], [], ["user", "user"], ["clid"], "user", None, [1]],
        "name": ["a", "", "n" * 64, "n" * 65, 1], "limit": [0, 1000000, 1000001, -1], "tunnel_limit": [0, 65535, 65536],
        "tunnel_sessions": [0, 65535, 65536, "1"], "tunnel_own": [True, False, 1], "strip_domain": [True, False, 0, "true"],
        "hidden": [True, False, None], "hello": [1, 86400, 0, 86401], "idle_timeout": [0, 86400, 86401], "connect_timeout": [1, 25, 0, 26],
        "x_own": [None, {"a": [1]}], "other": [1], "tunnels": [[], {}, None, [1]],
    }
    for name, several in values.items():
        for value in several:
            yield f"{name} {value}", {**forward("192.0.2.2"), name: value}
    values = {
        "type": ["L2TP", "l2tp", "PPTP", 3], "medium": ["IPv4", "ipv4", "IPv6", 1], "server_endpoint": ["192.0.2.9", "lns.example", "2001:db8::1", 5, ""],
        "client_endpoint": ["192.0.2.1", "x", None], "port": [1, 65535, 0, 65536, "1701", None], "client_auth_id": ["", "L:A@C._-1", "a b", "x" * 64, "x" * 65, 1],
        "server_auth_id": ["", "L N S", "x" * 65, 1, "\t"], "assignment_id": ["7", 7], "password": ["s", "x" * 255, "x" * 256, "", "a\nb", None, 1],
        "authentication": [True, False, "false", 0], "preference": [0, 16777215, 16777216, -1], "weight": [1, 65535, 0, 65536],
        "limit": [0, 65535, 65536], "tunnel_limit": [0, 65535, 65536, "1"], "x_own": [1], "other": [None],
    }
    for name, several in values.items():
        for value in several:
            answer = copy.deepcopy(forward("192.0.2.2"))
            answer["tunnels"][0][name] = value
            yield f"tunnel {name} {value}", answer
    for name in ("server_endpoint", "password"):
        answer = forward("192.0.2.2")
        del answer["tunnels"][0][name]
        yield f"tunnel without {name}", answer
    yield "64 tunnels", forward(*64 * ["192.0.2.2"])
    yield "65 tunnels", forward(*65 * ["192.0.2.2"])
    yield "tunnels of reject", {**forward("192.0.2.2"), "result": "reject"}


def test_schema_answers(serve, start):
    """What the schema allows is understood, and what it does not allow is not."""
    rows = list(answers())
    server = serve(lambda question: Raw.answer(json.dumps(rows[int(question["service"])][1]).encode()))
    daemon = start(server)
    differ = []
    for i, (name, answer) in enumerate(rows):
        daemon.ctl("clear", "aaa-cache")
        steps = str(daemon.ctl("explain", "alice@example.com", "--service", str(i))["steps"])
        understood = "unavailable" not in steps
        if understood != ANSWER.is_valid(answer):
            differ.append((name, steps))
    assert not differ
    assert len(rows) > 100 and 40 < sum(ANSWER.is_valid(answer) for _, answer in rows) < len(rows) - 40


def contents():
    with open(os.path.join(AAA, "openapi.yaml"), encoding="utf-8") as f:
        return yaml.safe_load(f)


def test_openapi_refers_to_the_schemas():
    """The one operation, its question and its answer, by references to files that are there."""
    post = contents()["paths"]["/"]["post"]
    assert contents()["openapi"].startswith("3.1.")
    assert list(post["responses"]) == ["200"]
    for part, validator in ((post["requestBody"], QUESTION), (post["responses"]["200"], ANSWER)):
        reference = part["content"]["application/json"]["schema"]["$ref"]
        with open(os.path.join(AAA, reference), encoding="utf-8") as f:
            assert json.load(f) == validator.schema


def test_openapi_examples_are_valid():
    post = contents()["paths"]["/"]["post"]
    count = 0
    for part, validator in ((post["requestBody"], QUESTION), (post["responses"]["200"], ANSWER)):
        for example in part["content"]["application/json"]["examples"].values():
            validator.validate(example["value"])
            count += 1
    assert count >= 6


def test_openapi_security():
    """Each way to say who asks is defined, and none is defined for nothing."""
    named = {name for way in contents()["security"] for name in way}
    assert named == set(contents()["components"]["securitySchemes"])


def test_sample_table_is_valid():
    with open(os.path.join(AAA, "table.json"), encoding="utf-8") as f:
        table = json.load(f)
    for kind, rows in table.items():
        for answer in [rows] if kind == "default" else rows.values():
            ANSWER.validate(answer)
