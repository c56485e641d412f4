"""What a fuzzed host knows: an organization at work, with objects of every kind, made through its API."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

# The mapping of the campaign whose leads stay in quarantine: a lead without this field fails.
NEEDY = 'version: 1\nmap:\n  fields:\n    external_id: { from: "$.id", on_missing: fail }\n'
# Campaigns that the fuzz may archive, and whose webhooks it may delete.
SPARE = [f"SPARE-{number}" for number in range(20)]


class Client:
    """Somebody with a key, in an organization."""

    def __init__(self, url, key, organization=None):
        self.url, self.key, self.organization = url, key, organization

    def call(self, method, path, body=None, query=""):
        """The response as JSON; an error ends the program."""
        of_organization = [f"organization={self.organization}"] if self.organization else []
        query = "&".join([query] * bool(query) + of_organization)
        query = f"?{query}" if query else ""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path + query, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else None

    def upload(self, name, path):
        """A version of a plugin."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/wasm"}
        request = urllib.request.Request(f"{self.url}/v1/plugins/{name}", Path(path).read_bytes(), headers, method="PUT")
        with urllib.request.urlopen(request, timeout=60) as response:
            if response.status == 202:
                self.wait_for(response.headers["location"])

    def wait_for(self, job):
        """Waits for a call that went on as a job."""
        state = "running"
        while state == "running":
            time.sleep(0.5)
            found = self.call("GET", job)
            state = found["state"]
        if state != "done":
            raise SystemExit(f"{job}: {found['response']}")

    def job(self, path):
        """The id of a job that reads this."""
        headers = {"Authorization": f"Bearer {self.key}", "Prefer": "respond-async"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=30) as response:
            return json.loads(response.read())["id"]

    def ids(self, path, query=""):
        """The ids of the first page of a list."""
        return [row["id"] for row in self.call("GET", path, query=query)["items"]]


def build(url, operator_key, receiver_url, plugin, lists):
    """Fills the host, writes the ids of what is there into `lists`, and returns the keys to fuzz with."""
    lists = Path(lists)
    operator = Client(url, operator_key)
    operator.organization = operator.call("POST", "/v1/organizations", {"name": "Fuzzed"})["id"]
    user = operator.call("POST", "/v1/users", {"name": "admin", "role": "admin"})["id"]
    admin = Client(url, operator.call("POST", "/v1/api-keys", {"user_id": user, "name": "fuzz"})["key"])
    source = Client(url, operator.call("POST", "/v1/source-keys", {"name": "website"})["key"])
    write(lists / "api-keys.txt", [admin.call("POST", "/v1/api-keys", {"user_id": user, "name": "spare"})["id"] for _ in range(60)])
    write(lists / "source-keys.txt", [operator.call("POST", "/v1/source-keys", {"name": "spare"})["id"] for _ in range(60)])
    viewer = operator.call("POST", "/v1/users", {"name": "viewer", "role": "viewer"})["id"]
    viewer = admin.call("POST", "/v1/api-keys", {"user_id": viewer, "name": "fuzz"})["key"]
    admin.upload("solar", plugin)
    for name in ["colours", "sizes"]:
        admin.call("PUT", f"/v1/value-sets/{name}", {"red": "#f00", "green": {"hex": "#0f0"}})
    clients = [admin.call("POST", "/v1/clients", {"name": f"Client {number}"})["id"] for number in range(4)]
    spare_clients = [admin.call("POST", "/v1/clients", {"name": "spare"})["id"] for _ in range(40)]
    campaigns(admin, receiver_url)
    admin.call("PATCH", "/v1/campaigns/SOLAR", {"client_id": clients[0]})
    leads(source)
    wait_until_idle(admin)
    write(lists / "clients.txt", clients)
    write(lists / "spare-clients.txt", spare_clients)
    write(lists / "campaigns.txt", ["SOLAR", "ROOFING"])
    write(lists / "spare-campaigns.txt", SPARE)
    write(lists / "users.txt", [user])
    write(lists / "organizations.txt", [operator.organization])
    write(lists / "requests.txt", admin.ids("/v1/requests"))
    write(lists / "submissions.txt", admin.ids("/v1/campaigns/SOLAR/submissions") + admin.ids("/v1/campaigns/NEEDY/submissions"))
    write(lists / "kept-submissions.txt", admin.ids("/v1/campaigns/KEPT/submissions"))
    reviews = admin.call("GET", "/v1/reviews?campaign=REVIEWED&limit=100")["items"]
    write(lists / "reviews.txt", [review["submission_id"] for review in reviews])
    kept = rejected(source, admin)
    write(lists / "rejected.txt", kept[::2])
    write(lists / "spare-rejected.txt", kept[1::2])
    write(lists / "leads.txt", admin.ids("/v1/leads"))
    write(lists / "deliveries.txt", admin.ids("/v1/deliveries"))
    webhooks(admin, receiver_url, lists)
    write(lists / "bulk-jobs.txt", [bulk_job(admin, campaign) for campaign in ["SOLAR", "ROOFING"]])
    write(lists / "erasures.txt", [admin.call("POST", "/v1/erasures", {"email": "nobody@example.com"})["id"]])
    write(lists / "jobs.txt", [admin.job(f"/v1/campaigns/{campaign}/fields") for campaign in ["SOLAR", "ROOFING"]])
    return {"admin": admin.key, "viewer": viewer, "source": source.key, "organization": operator.organization}


def campaigns(admin, receiver_url):
    """Two campaigns at work and one that stays so, one whose leads can't be mapped, one whose leads wait for a person, and some to be archived."""
    for campaign in ["SOLAR", "ROOFING", "KEPT", "NEEDY"]:
        admin.call("POST", "/v1/campaigns", {"id": campaign, "name": campaign, "state": "active"})
        admin.call("PUT", f"/v1/campaigns/{campaign}/endpoint", {"url": f"{receiver_url}/client"})
    for campaign in ["ROOFING", "REVIEWED"]:
        if campaign == "REVIEWED":
            admin.call("POST", "/v1/campaigns", {"id": campaign, "name": campaign, "state": "active", "delivery": "store_only"})
        admin.call("PUT", f"/v1/campaigns/{campaign}/first-submission-action", {"kind": "review"})
    for campaign in SPARE:
        admin.call("POST", "/v1/campaigns", {"id": campaign, "name": "spare"})
    admin.call("PUT", "/v1/campaigns/NEEDY/document", {"document": NEEDY, "activate": True})
    events = ["lead.delivered", "lead.failed", "lead.processed", "lead.quarantined"]
    admin.call("PUT", "/v1/webhook-settings", {"enabled": True, "url": f"{receiver_url}/subscriber", "events": events})


def webhooks(admin, receiver_url, lists):
    """Subscriptions, scoped webhooks and inbound webhooks: some to be worked with, and some to be deleted."""
    draft = {"name": "CRM", "url": f"{receiver_url}/subscriber", "events": ["lead.delivered"]}
    subscriptions = [admin.call("POST", "/v1/subscriptions", draft, f"campaign={campaign}")["id"] for campaign in ["SOLAR"] * 2 + SPARE]
    write(lists / "subscriptions.txt", subscriptions[:2])
    write(lists / "spare-subscriptions.txt", subscriptions[2:])
    for campaign in ["SOLAR", *SPARE]:
        scope = {"association_type": "campaign", "email_campaign_id": campaign, "event_type": "EMAIL_REPLY", "name": campaign}
        admin.call("POST", "/api/v1/webhook/create", {"webhook_url": f"{receiver_url}/scoped", **scope})
    scoped = admin.ids("/v1/scoped-webhooks", "limit=100")
    write(lists / "scoped-webhooks.txt", scoped[:1])
    write(lists / "spare-scoped-webhooks.txt", scoped[1:])
    inbound = [admin.call("POST", f"/v1/campaigns/{campaign}/inbound-webhooks", {"allow_get": True}) for campaign in ["KEPT"] * 2 + SPARE]
    write(lists / "inbound-webhooks.txt", [one["id"] for one in inbound[:1]])
    write(lists / "spare-inbound-webhooks.txt", [one["id"] for one in inbound[2:]])
    # The fuzz works with the settings of the first, which may come to say no to a post.
    write(lists / "tokens.txt", [inbound[1]["url"].rsplit("/", 1)[1]])


def bulk_job(admin, campaign):
    """A bulk job that concerns nothing."""
    return admin.call("POST", "/v1/bulk-jobs", {"operation": "withdraw", "filter": {"campaign_id": campaign, "cause": "none"}})["id"]


def rejected(source, admin):
    """Posts to a campaign that is made after them: each can be posted again."""
    for number in range(40):
        request = urllib.request.Request(
            f"{source.url}/v1/campaigns/LATER/leads",
            json.dumps({"email": f"later{number}@example.com"}).encode(),
            {"Authorization": f"Bearer {source.key}", "Content-Type": "application/json"},
            method="POST",
        )
        try:
            urllib.request.urlopen(request, timeout=30).close()
            raise SystemExit("a campaign that is not there took a lead")
        except urllib.error.HTTPError as error:
            error.close()
    admin.call("POST", "/v1/campaigns", {"id": "LATER", "name": "later", "state": "active", "delivery": "store_only"})
    return admin.ids("/v1/rejected-requests")


def leads(source):
    """A few batches, among them leads that end in quarantine."""
    for number in range(5):
        named = [{"campaign_id": campaign, "name": "Alice Smith", "email": f"a{number}@example.com"} for campaign in ["SOLAR", "ROOFING", "KEPT", "NEEDY"]]
        source.call("POST", "/v1/leads", {"idempotency_key": f"seed-{number}", "leads": named})
    people = [{"campaign_id": "REVIEWED", "email": f"r{number}@example.com"} for number in range(60)]
    source.call("POST", "/v1/leads", {"idempotency_key": "reviews", "leads": people})


def wait_until_idle(admin):
    """Waits until no lead is under way."""
    for _ in range(200):
        counts = [admin.call("GET", f"/v1/campaigns/{campaign}")["submissions"] for campaign in ["SOLAR", "ROOFING", "KEPT", "NEEDY", "REVIEWED"]]
        moving = sum(count.get(state, 0) for count in counts for state in ["received", "processing", "delivering"])
        waiting = admin.call("GET", "/v1/deliveries")["items"]
        if moving == 0 and all(delivery["state"] != "waiting" for delivery in waiting):
            return
        time.sleep(0.1)
    raise SystemExit("the leads of the fuzzed host were not processed in 20 s")


def write(path, lines):
    """A list of values, one a line, quoted as schemathesis reads them."""
    if not lines:
        raise SystemExit(f"{path}: there is nothing to fuzz with")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
