"""Documentation/metrics.md, the sources and /metrics of running services, compared: names, types, labels; and the alerts that use them."""

import json
import re
import stat
import subprocess

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from support import documentation
from support.followers import following
from support.processes import PROJECT, Program, environment_without_aws, free_port, wait_for
from support.service import Service, command, serving
from support.tables import create_table

PAGE = "Documentation/metrics.md"
NAME = r"(?:tablecast|process)_[a-z]+(?:_[a-z]+)*"
TOKEN = "metrics-token-of-a-test"


def documented():
    """Each metric on the page: type, labels, and the alerts that use it."""
    found = {}
    for name, kind, labels, alerts in re.findall(rf"^\| `({NAME})` \| (\w+) \| ([^|]*)\|[^|]+\| ([^|]*)\|$", (PROJECT / PAGE).read_text(), re.MULTILINE):
        # Behind a colon stand the values of a label.
        labels = re.findall(r"`(\w+)`(?: \(all\))?(?=[,: ]|$)", re.sub(r": .+?(?=, `\w+`:|$)", ":", labels.strip()))
        assert name not in found, f"{PAGE} has {name} twice"
        found[name] = (kind, set(labels), set(re.findall(r"`(\w+)`", alerts)))
    return found


def families(text):
    """Types and labels of what a service exports, by the names that queries use."""
    found = {}
    for family in text_string_to_metric_families(text):
        # The parser takes the end off counters.
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
    return found


@pytest.fixture(scope="module")
def exported(ministack, logs, tmp_path_factory):
    """What three services export: one with every option that adds metrics, one whose calls fail, and one that follows another."""
    folder = tmp_path_factory.mktemp("metrics")
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps({"tokens": [{"name": "test", "token": TOKEN, "scopes": ["metrics", "read", "stream"]}]}))
    everything = ["--state-dir", str(folder / "state"), "--verify-rcu", "50", "--access-log", "--auth-token-file", str(tokens), "--max-connections", "1"]
    with serving(logs, ministack, create_table(ministack.client()), *everything) as service:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        wait_for(lambda: refuses_beside_a_stream(service, bearer), 30, "the only connection to be held")
        first = wait_for(lambda: complete(service, bearer), 30, "the metrics of the saved state and of refused connections")
    with serving(logs, ministack, create_table(ministack.client())) as leader, following(logs, leader.url) as follower:
        third = follower.get("/metrics").text
    keys = folder / "keys"
    keys.write_text('#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "2999-01-01T00:00:00Z"}\'\n')
    keys.chmod(keys.stat().st_mode | stat.S_IXUSR)
    (folder / "config").write_text(f"[default]\ncredential_process = {keys}\nregion = us-east-1\n")
    port = free_port()
    environment = environment_without_aws(AWS_CONFIG_FILE=str(folder / "config"), AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    program = Program(command("orders", port), logs / f"metrics-{port}.log", environment)
    try:
        program.wait_until_accepting(port)
        failing = Service(program, port)
        second = wait_for(lambda: failing_metrics(failing), 60, "the metrics of calls that fail")
    finally:
        program.stop()
    return [first, second, third]


def refuses_beside_a_stream(service, bearer):
    """Holds the only connection, and makes one that is refused and a health check that is not. False if the place was still taken."""
    with service.http.stream("GET", "/v1/events", headers=bearer) as held:
        if held.status_code != 200:
            return False
        # The stream ends with its iterator.
        pieces = held.iter_bytes()
        next(pieces)
        # A response may be lost with its connection.
        subprocess.run(["curl", "--silent", "--output", "/dev/null", f"{service.url}/v1/items"], timeout=30)
        return subprocess.run(["curl", "--silent", "--fail", f"{service.url}/livez"], timeout=30).returncode == 0


def complete(service, bearer):
    response = service.get("/metrics", headers=bearer)
    wanted = ["tablecast_state_age_seconds", "tablecast_replica_lag_seconds"]
    wanted += ["tablecast_http_connections_refused_total", "tablecast_http_probes_beyond_limit_total"]
    return response.status_code == 200 and all(name in response.text for name in wanted) and response.text


def failing_metrics(service):
    text = service.get("/metrics").text
    return all(name in text for name in ("tablecast_aws_retries_total", "tablecast_credentials_expiry")) and text


def test_every_metric_is_documented_and_every_documented_metric_exists():
    sources = "".join((PROJECT / name).read_text() for name in documentation.tracked("Sources/*.swift"))
    made = set(re.findall(rf"\"({NAME})\"", sources))
    missing = [f"add to the table that fits in {PAGE}: | `{name}` | counter or gauge | `labels` | meaning | |" for name in sorted(made - set(documented()))]
    assert missing == []
    assert set(documented()) - made == set(), f"{PAGE} has metrics that the program does not have"


def test_guides_and_rules_name_metrics_that_exist():
    texts = {page.name: page.prose for page in documentation.guides()}
    texts |= {name: (PROJECT / name).read_text() for name in documentation.tracked("deploy/*")}
    known = set(documented())
    known |= {f"{name}_bucket" for name, (kind, _, _) in documented().items() if kind == "histogram"}
    wrong = {name: set(re.findall(r"\btablecast_[a-z]+(?:_[a-z]+)+\b", text)) - known for name, text in texts.items()}
    assert {name: names for name, names in wrong.items() if names} == {}


def test_types_and_labels_are_those_of_running_services(exported):
    seen = {}
    for text in exported:
        for name, (kind, labels) in families(text).items():
            before = seen.get(name, (kind, set()))
            assert before[0] == kind, name
            seen[name] = (kind, before[1] | labels)
    page = documented()
    differences = [
        f"{PAGE}: {name} is a {kind} with the labels {sorted(labels)}, and the page says {page[name][0]} with {sorted(page[name][1])}"
        for name, (kind, labels) in sorted(seen.items())
        if name in page and (kind, labels) != page[name][:2]
    ]
    assert differences == []
    assert set(seen) - set(page) == set()
    # The rest is compared by name alone. Most are seen: a service that is new to this test needs an option above.
    assert len(set(page) - set(seen)) <= 5, sorted(set(page) - set(seen))


def test_promtool_finds_nothing_to_complain_of(exported):
    for text in exported:
        result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        assert (result.returncode, result.stdout + result.stderr) == (0, "")
    result = subprocess.run(["promtool", "check", "metrics"], input="# TYPE a counter\na 1\n", capture_output=True, text=True, timeout=60)
    assert result.returncode != 0


def test_the_page_names_the_alerts_that_use_a_metric():
    rules = [rule for group in yaml.safe_load((PROJECT / "deploy/prometheus/rules.yaml").read_text())["groups"] for rule in group["rules"]]
    used = {}
    for rule in rules:
        for name in re.findall(rf"\b({NAME})\b", rule["expr"]):
            used.setdefault(name, set()).add(rule["alert"])
    differences = {name: (alerts, used.get(name, set())) for name, (_, _, alerts) in documented().items() if alerts != used.get(name, set())}
    assert differences == {}, f"what {PAGE} says, and what the rules say"
