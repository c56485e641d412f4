"""Fuzzes a host: fills it, lets schemathesis loose on it, and tells the statuses that each operation returned.

Called by `cargo xtask fuzz` as: run.py URL PLUGIN DIRECTORY, with the operator's key in HOOKMILL_FUZZ_OPERATOR_KEY.
"""

import json
import os
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import world

HERE = Path(__file__).parent


class Receiver(BaseHTTPRequestHandler):
    """Takes everything: it plays the client and the subscriber."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_PUT = do_PATCH = do_POST

    def log_message(self, *_):
        pass


def receiver():
    """Starts a receiver that lives as long as this program."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def schemathesis(url, directory, name, environment, arguments):
    """One run; returns whether it passed and what was seen."""
    print(f"\nAs {name}:", flush=True)
    seen = directory / f"{name}.json"
    seen.write_text("{}")
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json", *arguments]
    environment = {**os.environ, **environment, "HOOKMILL_FUZZ_SEEN": str(seen), "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}
    passed = subprocess.run(command, env=environment, cwd=directory).returncode == 0
    return passed, json.loads(seen.read_text())


def provisioning(url):
    """The operations that take the permission to provision."""
    described = world.Client(url, "").call("GET", "/openapi.json")["paths"]
    operations = [operation for item in described.values() for operation in item.values()]
    return [one["operationId"] for one in operations if one.get("x-permission") == "provision"]


def main():
    url, plugin, directory = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    operator_key = os.environ["HOOKMILL_FUZZ_OPERATOR_KEY"]
    receiver_url = receiver()
    keys = world.build(url, operator_key, receiver_url, plugin, directory)
    environment = {
        "HOOKMILL_FUZZ_URL": url,
        "HOOKMILL_FUZZ_PLUGIN": plugin,
        "HOOKMILL_FUZZ_RECEIVER": receiver_url,
        "HOOKMILL_FUZZ_SOURCE_KEY": keys["source"],
        "HOOKMILL_FUZZ_ORGANIZATION": keys["organization"],
    }
    # What only an operator may do; all else is fuzzed as an admin and as a source.
    operators = provisioning(url)
    excluded = [f"--exclude-operation-id={name}" for name in operators]
    included = [f"--include-operation-id={name}" for name in operators]
    # A viewer is rejected much, which is what is looked at.
    rejected = ["--mode=positive", "--phases=examples,fuzzing", "--max-examples=3", "--warnings=off"]
    runs = [
        schemathesis(url, directory, who, {**environment, "HOOKMILL_FUZZ_API_KEY": key}, arguments)
        for who, key, arguments in [("viewer", keys["viewer"], rejected), ("operator", operator_key, included), ("admin", keys["admin"], excluded)]
    ]
    counts = defaultdict(Counter)
    for _, seen in runs:
        for label, statuses in seen.items():
            counts[label].update(statuses)
    sys.exit(0 if summary(url, counts) and all(passed for passed, _ in runs) else 1)


def summary(url, counts):
    """Prints the statuses that each operation returned; whether each that is described did what it is for at least once."""
    described = world.Client(url, "").call("GET", "/openapi.json")["paths"]
    labels = [f"{method.upper()} {path}" for path, item in described.items() for method in item]
    # The fuzz reads the description before it counts.
    counts["GET /openapi.json"]["200"] += 1
    print(f"\n{sum(sum(statuses.values()) for statuses in counts.values())} calls of {len(labels)} operations:")
    idle = []
    for label in labels:
        statuses = counts[label]
        print(f"  {label:<62}", *(f"{status}:{statuses[status]}" for status in sorted(statuses)))
        if not any(status.startswith("2") for status in statuses):
            idle.append(label)
    for label in idle:
        print(f"{label} never did what it is for: the fuzz does not reach it")
    return not idle


main()
