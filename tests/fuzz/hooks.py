"""What schemathesis can't know: which addresses stay on this machine, what a plugin is, and what is to be counted."""

import atexit
import itertools
import json
import os
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

import schemathesis
from hypothesis import strategies

PLUGIN = Path(os.environ["HOOKMILL_FUZZ_PLUGIN"]).read_bytes()
RECEIVER = os.environ["HOOKMILL_FUZZ_RECEIVER"]
SEEN = defaultdict(Counter)
NUMBERS = itertools.count()
# An organization has two bulk jobs at work; the last of so many still waits when it is canceled.
WAITING_JOBS = 8
# What has the host send something somewhere.
SENDING = {
    "setClientEndpoint",
    "setFirstSubmissionAction",
    "setWebhookSettings",
    "setCampaignWebhookSettings",
    "createSubscription",
    "setSubscription",
    "createScopedWebhook",
}


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
    if name == "getInbound" and not case.query and next(NUMBERS) % 4:
        # The fields of a lead are whatever the sender calls them: a description has no names for them.
        case.query["email"] = f"fuzz{next(NUMBERS)}@example.com"
    if name in ("createSubscription", "listSubscriptions", "listScopedWebhooks") and next(NUMBERS) % 4:
        # One of the three says whom it is for.
        for other in ("client", "user"):
            case.query.pop(other, None)
    if name == "cancelBulkJob" and next(NUMBERS) % 2:
        case.path_parameters["bulk_job"] = waiting_job() or case.path_parameters["bulk_job"]
    if name in SENDING and isinstance(case.body, dict):
        for member in ("url", "webhook_url"):
            url = case.body.get(member)
            if isinstance(url, str) and ":" in url:
                case.body[member] = RECEIVER + "/fuzzed"
        # A description can't say which texts are certificates.
        if isinstance(case.body.get("ca_certificates"), str):
            del case.body["ca_certificates"]


def waiting_job():
    """The id of a bulk job that has not begun; none where who fuzzes may create none."""
    body = json.dumps({"operation": "withdraw", "filter": {"campaign_id": "SOLAR", "cause": "none"}}).encode()
    headers = {"Authorization": f"Bearer {os.environ['HOOKMILL_FUZZ_API_KEY']}", "Content-Type": "application/json"}
    job = None
    for _ in range(WAITING_JOBS):
        request = urllib.request.Request(os.environ["HOOKMILL_FUZZ_URL"] + "/v1/bulk-jobs", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                job = json.loads(response.read())["id"]
        except urllib.error.HTTPError:
            return job
    return job


@schemathesis.hook
def after_call(context, case, response):
    """Counts the statuses that each operation returned."""
    if case.method.upper() == case.operation.method.upper():
        SEEN[case.operation.label][response.status_code] += 1


@atexit.register
def tell():
    """Leaves the counts for the program that started this."""
    Path(os.environ["HOOKMILL_FUZZ_SEEN"]).write_text(json.dumps(SEEN))
