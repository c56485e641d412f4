"""What schemathesis can't know: which addresses stay on this machine, what a plugin is, and what is to be counted."""

import atexit
import itertools
import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import schemathesis
from hypothesis import strategies

PLUGIN = Path(os.environ["HOOKMILL_FUZZ_PLUGIN"]).read_bytes()
RECEIVER = os.environ["HOOKMILL_FUZZ_RECEIVER"]
SEEN = defaultdict(Counter)
NUMBERS = itertools.count()


schemathesis.openapi.media_type("application/wasm", strategies.just(PLUGIN))
schemathesis.openapi.media_type("application/xml", strategies.sampled_from([b"<lead/>", b"<lead><zip>02139</zip><tag/><tag>a</tag></lead>"]))
schemathesis.openapi.media_type("text/csv", strategies.sampled_from([b"key\nred\n", b"key,value\nred,#f00\n", b"zip,city,state\n00501,Holtsville,NY\n"]))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nothing that is made up leaves this machine; batches are not all duplicates."""
    name = case.operation.definition.raw.get("operationId")
    if name == "pushLeads" and isinstance(case.body, dict) and isinstance(case.body.get("idempotency_key"), str):
        # Simple values come again and again, and a key counts once: every other one is made new.
        number = next(NUMBERS)
        if number % 2 and len(case.body["idempotency_key"]) < 200:
            case.body["idempotency_key"] += f"-{number}"
    if name in ("setClientEndpoint", "setFirstSubmissionAction", "setWebhookSettings") and isinstance(case.body, dict):
        url = case.body.get("url")
        if isinstance(url, str) and ":" in url:
            case.body["url"] = RECEIVER + "/fuzzed"
        # A description can't say which texts are certificates.
        if isinstance(case.body.get("ca_certificates"), str):
            del case.body["ca_certificates"]


@schemathesis.hook
def after_call(context, case, response):
    """Counts the statuses that each operation returned."""
    if case.method.upper() == case.operation.method.upper():
        SEEN[case.operation.label][response.status_code] += 1


@atexit.register
def tell():
    """Leaves the counts for the program that started this."""
    Path(os.environ["HOOKMILL_FUZZ_SEEN"]).write_text(json.dumps(SEEN))
