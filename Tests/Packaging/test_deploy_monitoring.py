"""deploy/prometheus and deploy/grafana: promtool reads every expression, and metrics and labels are those of Documentation/metrics.md,
which Tests/EndToEnd/test_metrics.py compares with running services. No Grafana shows the dashboard here; its own types read it."""

import itertools
import json
import re
import subprocess

import grafana_foundation_sdk.cog.encoder
import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from support import documentation
from support.deploying import DEPLOY
from support.processes import PROJECT

PAGE = PROJECT / "Documentation/metrics.md"
# Those that Prometheus adds, and the bounds of histograms.
GENERAL_LABELS = {"job", "instance", "le", "alertname"}
METRIC = r"\b((?:tablecast|process)_[a-z]+(?:_[a-z]+)*)\b"
# What Grafana puts in for its variables.
VARIABLES = {"$__rate_interval": "5m", "$instance": ".+"}


def read(name):
    return (DEPLOY / name).read_text()


@pytest.fixture(scope="module")
def rules():
    return [rule for group in yaml.safe_load(read("prometheus/rules.yaml"))["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def panels():
    return json.loads(read("grafana/tablecast.json"))["panels"]


def queries(panels):
    """Every expression of the dashboard, with its panel's title."""
    for panel in panels:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def promtool(*command, **options):
    result = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=60, **options)
    return result.returncode, result.stdout + result.stderr


def labels_of_metrics():
    """The metrics of the page with their labels; histograms also by the names of their series."""
    found = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", PAGE.read_text(), re.MULTILINE):
        # The values behind a label's colon do no harm here.
        for series in [f"{name}_{end}" for end in ("bucket", "sum", "count")] if kind == "histogram" else [name]:
            found[series] = set(re.findall(r"`(\w+)`", labels))
    return found


def unknown_names(expression):
    """Metrics and labels in an expression that no service exports."""
    known = labels_of_metrics()
    named = set(re.findall(METRIC, re.sub(r'"[^"]*"', "", expression)))
    yield from (f"metric {name}" for name in named - set(known))
    allowed = GENERAL_LABELS.union(*(known.get(name, set()) for name in named))
    for matchers in re.findall(r"\{([^}]*)\}", expression):
        yield from (f"label {label}" for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers) if label not in allowed)
    for grouped in re.findall(r"\b(?:by|without|on|ignoring) \(([^)]*)\)", expression):
        yield from (f"label {label}" for label in re.findall(r"\w+", grouped) if label not in allowed)


# Prometheus


def test_promtool_takes_the_rules():
    status, output = promtool("check", "rules", DEPLOY / "prometheus/rules.yaml")
    assert status == 0, output


def test_every_alert_is_raised_by_what_it_is_about_and_by_nothing_else(rules):
    status, output = promtool("test", "rules", DEPLOY / "prometheus/rules.test.yaml")
    assert status == 0, output
    tested = set(re.findall(r'alertname="(\w+)"', read("prometheus/rules.test.yaml")))
    assert tested == {rule["alert"] for rule in rules}


def test_rules_name_metrics_and_labels_that_exist(rules):
    assert [f"{rule['alert']}: {name}" for rule in rules for name in unknown_names(rule["expr"])] == []


def test_every_alert_says_how_bad_it_is_and_what_to_do(rules):
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        page, anchor = rule["annotations"]["runbook"].split("#")
        assert anchor in documentation.page(page).anchors, rule["annotations"]["runbook"]


def test_the_table_of_alerts_is_that_of_the_rules(rules):
    """In operations.md: name, how bad, and the runbook."""
    part = documentation.page("Documentation/operations.md").prose.split("\n## Alerts")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (page|ticket) \| [^|]+ \| \[[^\]]+\]\(([^)]+)\) \|$", part, re.MULTILINE)
    wanted = {(rule["alert"], rule["labels"]["severity"], place(rule["annotations"]["runbook"])) for rule in rules}
    assert set(rows) == wanted, "Documentation/operations.md#alerts, and deploy/prometheus/rules.yaml"


def place(runbook):
    """A runbook as a link of operations.md."""
    return runbook.removeprefix("Documentation/").removeprefix("operations.md")


@pytest.mark.parametrize("name", ["scrape.yaml", "scrape-kubernetes.yaml"])
def test_promtool_takes_the_scrape_configurations(name, tmp_path):
    """Debian's promtool is built without Kubernetes: the search for pods is left out, and the rest is checked."""
    configuration = yaml.safe_load(read(f"prometheus/{name}"))
    for job in configuration["scrape_configs"]:
        assert job["job_name"] == "tablecast", "the alerts ask for it"
        job.pop("kubernetes_sd_configs", None)
    file = tmp_path / name
    file.write_text(yaml.safe_dump(configuration))
    status, output = promtool("check", "config", "--syntax-only", file)
    assert status == 0, output


# Grafana


def lost(ours, theirs, path=""):
    """Members of ours that Grafana's types do not know, and so drop."""
    if isinstance(ours, dict):
        for key, value in ours.items():
            if key not in theirs:
                yield f"{path}.{key}"
            else:
                yield from lost(value, theirs[key], f"{path}.{key}")
    elif isinstance(ours, list):
        for number, (one, other) in enumerate(itertools.zip_longest(ours, theirs, fillvalue={})):
            yield from lost(one, other, f"{path}[{number}]")


def through_types(dashboard):
    """A dashboard as Grafana's types write what they have read."""
    encoder = grafana_foundation_sdk.cog.encoder.JSONEncoder()
    return json.loads(encoder.encode(Dashboard.from_json(json.loads(json.dumps(dashboard)))))


def test_grafanas_types_know_every_member_of_the_dashboard():
    dashboard = json.loads(read("grafana/tablecast.json"))
    assert list(lost(dashboard, through_types(dashboard))) == []
    dashboard["panels"][1]["fieldConfig"]["defaults"]["units"] = "s"
    assert list(lost(dashboard, through_types(dashboard))) == [".panels[1].fieldConfig.defaults.units"]


def test_promtool_reads_every_expression_of_the_dashboard(panels, tmp_path):
    rules = []
    for number, (_, expression) in enumerate(queries(panels)):
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression, expression
        rules.append({"record": f"test:{number}", "expr": expression})
    assert len(rules) > 40
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    status, output = promtool("check", "rules", file)
    assert status == 0, output


def test_the_dashboard_names_metrics_and_labels_that_exist(panels):
    assert [f"{title}: {name}" for title, expression in queries(panels) for name in unknown_names(expression)] == []
    # A legend is blank where its label does not exist or was summed away.
    for panel in panels:
        for target in panel.get("targets", []):
            labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = re.search(r"\bby \(([^)]*)\)", target["expr"])
            available = set(re.findall(r"\w+", grouped[1])) if grouped else GENERAL_LABELS | known_labels(target["expr"])
            assert labels <= available, (panel["title"], target["legendFormat"])


def known_labels(expression):
    known = labels_of_metrics()
    return set().union(*(known.get(name, set()) for name in re.findall(METRIC, expression)))


def test_every_panel_can_be_read(panels):
    dashboard = json.loads(read("grafana/tablecast.json"))
    assert dashboard["uid"] == "tablecast"
    source, instance = dashboard["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert instance["name"] == "instance" and "tablecast_ready" in instance["query"]["query"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [cell for panel in panels for cell in cells_of(panel["gridPos"])]
    assert len(cells) == len(set(cells)), "panels lie over each other"
    for panel in panels:
        if panel["type"] == "row":
            continue
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(found == {"type": "prometheus", "uid": "${datasource}"} for found in sources), panel["title"]


def cells_of(place):
    columns, rows = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    assert columns.stop <= 24
    return itertools.product(columns, rows)


@pytest.mark.parametrize(
    "expression, fault",
    [
        ("tablecast_redy == 0", "metric tablecast_redy"),
        ('rate(tablecast_aws_retries_total{reason="throttled"}[5m])', "label reason"),
        ("sum by (route) (rate(tablecast_feed_events_total[5m]))", "label route"),
    ],
)
def test_a_wrong_name_is_noticed(expression, fault):
    assert list(unknown_names(expression)) == [fault]
