"""deploy/kubernetes and deploy/helm: kustomize and Helm themselves render them, Kubernetes' own schemas check the fields, and we check
the rest: what no schema says, such as a selector that selects nothing. No cluster runs them here."""

import copy
import functools
import json
import re

import helm_python
import kubernetes_validate
import pytest

from support import deploying
from support.deploying import CHART, Rendering
from support.processes import PROJECT

# The oldest release that the chart names, and the newest one that the validator knows.
VERSIONS = ["1.27", "1.37"]
# Of the stop, after drain delay and grace: the first save of a replica, and the time after which the process ends in any case.
FIRST_SAVE_SECONDS, LAST_RESORT_SECONDS, SLACK_SECONDS = 10, 3, 5
# DynamoDB Streams allows this many readers of a shard.
READERS = 2
# What the pod security standard "restricted" lets a pod mount.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
PORT = 8080


@pytest.fixture(scope="module")
def all_renderings(tmp_path_factory):
    return list(deploying.renderings(tmp_path_factory.mktemp("kustomize")))


def unknown_fields(rendering):
    for found in rendering.objects:
        yield from unknown_fields_of(json.dumps(found, sort_keys=True))


@functools.cache
def unknown_fields_of(text):
    """Cached, since most ways to deploy have most objects in common."""
    found, complaints = json.loads(text), []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(found, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            complaints.append(f"{found['kind']} in {version}: {'.'.join(map(str, error.path))}: {error.message}")
    return complaints


def test_kubernetes_knows_every_field(all_renderings):
    assert len(all_renderings) > 30
    assert [f"{found.name}: {text}" for found in all_renderings for text in unknown_fields(found)] == []


def matches(selector, labels):
    return bool(selector) and selector.items() <= labels.items()


def broken_references(rendering):
    """Names and labels that lead nowhere."""
    workload, pod, container = rendering.workload, rendering.pod, rendering.container
    labels = workload["spec"]["template"]["metadata"]["labels"]
    selectors = [("the workload", workload["spec"]["selector"]["matchLabels"])]
    selectors += [("the spread", spread["labelSelector"]["matchLabels"]) for spread in pod["topologySpreadConstraints"]]
    selectors += [(service["metadata"]["name"], service["spec"]["selector"]) for service in rendering.all("Service")]
    selectors += [("the budget", budget["spec"]["selector"]["matchLabels"]) for budget in rendering.all("PodDisruptionBudget")]
    selectors += [("the policy", policy["spec"]["podSelector"]["matchLabels"]) for policy in rendering.all("NetworkPolicy")]
    yield from (f"{name} selects no pod" for name, selector in selectors if not matches(selector, labels))

    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    mounts = [mount["name"] for mount in container.get("volumeMounts", [])]
    if sorted(volumes) != sorted(mounts):
        yield f"volumes {sorted(volumes)} are mounted as {sorted(mounts)}"
    yield from (f"{path} is on no volume" for path in missing_mounts(rendering))

    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    probes = [container[name]["httpGet"]["port"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    targets = [port["targetPort"] for service in rendering.all("Service") for port in service["spec"]["ports"]]
    yield from (f"there is no port {name}" for name in probes + targets if ports.get(name) != PORT)

    accounts = [found["metadata"]["name"] for found in rendering.all("ServiceAccount")]
    if pod["serviceAccountName"] not in accounts:
        yield f"there is no service account {pod['serviceAccountName']}"
    for scaler in rendering.all("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) != (workload["kind"], workload["metadata"]["name"]):
            yield "the autoscaler scales nothing"
        if "replicas" in workload["spec"]:
            yield "an apply sets back what the autoscaler has decided"
    if workload["kind"] == "StatefulSet":
        services = {found["metadata"]["name"]: found["spec"] for found in rendering.all("Service")}
        if services.get(workload["spec"]["serviceName"], {}).get("clusterIP") != "None":
            yield "the StatefulSet has no headless Service"


def missing_mounts(rendering):
    """Files that options name outside every volume: the root is read-only."""
    mounted = [mount["mountPath"] for mount in rendering.container.get("volumeMounts", [])]
    for name in ("TABLECAST_STATE_DIR", "TABLECAST_AUTH_TOKEN_FILE"):
        path = rendering.environment.get(name)
        if path and not any(path.startswith(f"{folder}/") for folder in mounted):
            yield f"{name}={path}"


def test_every_name_leads_somewhere(all_renderings):
    assert [f"{found.name}: {text}" for found in all_renderings for text in broken_references(found)] == []


def privileges(rendering):
    """What the pod security standard "restricted" forbids, and we do."""
    pod, container = rendering.pod, rendering.container
    user, group = re.search(r"^USER (\d+):(\d+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE).groups()
    wanted = {"runAsNonRoot": True, "runAsUser": int(user), "runAsGroup": int(group), "fsGroup": int(group), "seccompProfile": {"type": "RuntimeDefault"}}
    held = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    if not wanted.items() <= pod["securityContext"].items():
        yield f"securityContext of the pod: {pod['securityContext']}"
    if container["securityContext"] != held:
        yield f"securityContext of the container: {container['securityContext']}"
    yield from (f"{name} is on" for name in pod if name.startswith("host") and pod[name])
    yield from (f"{name} is on" for name in ("automountServiceAccountToken", "enableServiceLinks") if pod[name] is not False)
    kinds = {kind for volume in pod.get("volumes", []) for kind in volume if kind != "name"}
    yield from (f"a volume of kind {kind}" for kind in kinds - VOLUMES)
    if rendering.one("ServiceAccount").get("automountServiceAccountToken") is not False:
        yield "the service account hands out tokens"


def test_pods_have_no_more_rights_than_they_need(all_renderings):
    assert [f"{found.name}: {text}" for found in all_renderings for text in privileges(found)] == []


def trouble_in_life(rendering):
    """Starts, rollouts, load and stops."""
    spec, pod, container = rendering.workload["spec"], rendering.pod, rendering.container
    for name in ("startupProbe", "livenessProbe"):
        if container[name]["httpGet"]["path"] != "/livez":
            yield f"{name} kills a pod that loads its table"
    if not re.fullmatch(r"/readyz\?when=(live|serving)", container["readinessProbe"]["httpGet"]["path"]):
        yield "the readiness probe does not say which readiness it means"
    needed = sum(deploying.seconds(rendering.environment[name]) for name in ("TABLECAST_DRAIN_DELAY", "TABLECAST_SHUTDOWN_GRACE"))
    needed += FIRST_SAVE_SECONDS + LAST_RESORT_SECONDS + SLACK_SECONDS
    if pod["terminationGracePeriodSeconds"] < needed:
        yield f"killed {needed - pod['terminationGracePeriodSeconds']} s too early"
    probe = container["readinessProbe"]
    if deploying.seconds(rendering.environment["TABLECAST_DRAIN_DELAY"]) < probe["periodSeconds"] * probe["failureThreshold"]:
        yield "the drain delay ends before the probe has noticed"
    if rendering.workload["kind"] == "Deployment":
        if spec["strategy"] != {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}:
            yield f"a rollout takes pods away: {spec['strategy']}"
    if container["resources"]["limits"]["memory"] != container["resources"]["requests"]["memory"]:
        yield "the memory of a rebuild is not set aside"
    if spec.get("replicas", 1) > READERS or any(scaler["spec"]["maxReplicas"] > READERS for scaler in rendering.all("HorizontalPodAutoscaler")):
        yield "more readers than DynamoDB Streams allows"
    if rendering.one("PodDisruptionBudget")["spec"].get("maxUnavailable") != 1:
        yield "nodes cannot be drained, or all pods go at once"


def test_pods_start_roll_and_stop_in_order(all_renderings):
    assert [f"{found.name}: {text}" for found in all_renderings for text in trouble_in_life(found)] == []


def egress(rendering):
    """Every pair of port and network that a pod may reach; None for everywhere."""
    for rule in rendering.one("NetworkPolicy")["spec"]["egress"]:
        for port in rule["ports"]:
            for peer in rule.get("to", [None]):
                yield port["port"], peer and peer["ipBlock"]["cidr"]


@pytest.mark.parametrize(
    "credentials, addresses",
    [
        ("irsa", set()),
        ("access-keys", set()),
        ("pod-identity", {(80, "169.254.170.23/32"), (80, "fd00:ec2::23/128")}),
        ("instance-role", {(80, "169.254.169.254/32"), (80, "fd00:ec2::254/128")}),
    ],
)
def test_the_network_policy_lets_each_kind_of_credentials_through_and_no_other(credentials, addresses, tmp_path):
    everywhere = {(53, None), (443, "0.0.0.0/0"), (443, "::/0")}
    objects, _ = deploying.chart(credentials=credentials)
    for rendering in (deploying.combination(tmp_path, credentials), Rendering("chart", objects)):
        assert set(egress(rendering)) == everywhere | addresses, rendering.name
        assert rendering.one("NetworkPolicy")["spec"]["ingress"][0]["ports"] == [{"port": PORT, "protocol": "TCP"}]
        uses_metadata = rendering.environment.get("AWS_EC2_METADATA_DISABLED") != "true"
        assert uses_metadata == (credentials in ("access-keys", "instance-role")), rendering.name


def test_chart_and_manifests_make_the_same_pods():
    """Apart from names and labels."""
    pairs = [
        ("pod-identity", {"tokenSecret": "tablecast-tokens"}),
        ("irsa", {"tokenSecret": "tablecast-tokens", "credentials": "irsa"}),
        ("saved-state", {"tokenSecret": "tablecast-tokens", "savedState": {"enabled": True}}),
        ("autoscale-cpu", {"tokenSecret": "tablecast-tokens", "autoscaling": {"enabled": True}}),
        ("autoscale-subscribers", {"tokenSecret": "tablecast-tokens", "autoscaling": {"enabled": True, "subscribers": 5000}}),
    ]
    for name, values in pairs:
        ours, theirs = deploying.overlay(name), Rendering(name, deploying.chart(**values)[0])
        assert without_names(ours.pod) == without_names(theirs.pod), name
        assert ours.environment == theirs.environment, name
        assert sorted(found["kind"] for found in ours.objects) == sorted(found["kind"] for found in theirs.objects), name
        for kind in ("PodDisruptionBudget", "NetworkPolicy", "HorizontalPodAutoscaler"):
            for one, other in zip(ours.all(kind), theirs.all(kind), strict=True):
                assert without_names(one["spec"]) == without_names(other["spec"]), (name, kind)


def without_names(value):
    if isinstance(value, dict):
        left_out = {"labelSelector", "selector", "podSelector", "scaleTargetRef", "serviceAccountName", "image", "imagePullPolicy", "configMapRef"}
        return {key: without_names(part) for key, part in value.items() if key not in left_out}
    if isinstance(value, list):
        return sorted((without_names(part) for part in value), key=repr)
    return value


def test_helm_finds_nothing_to_complain_of():
    report = helm_python.lint(CHART, {"table": "orders", "region": "eu-central-1"})
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize(
    "values, complaint",
    [
        ({"table": ""}, "/table"),
        ({"region": ""}, "/region"),
        ({"tokensecret": "a"}, "tokensecret"),
        ({"replicas": 3}, "/replicas"),
        ({"credentials": "keys"}, "/credentials"),
        ({"readyWhen": "always"}, "/readyWhen"),
        ({"drainDelay": "5"}, "/drainDelay"),
        ({"options": {"MAX_LAG": "10s"}}, "MAX_LAG"),
        ({"options": {"TABLECAST_LOOPS": 2}}, "/options/TABLECAST_LOOPS"),
        ({"image": {"digest": "latest"}}, "/image/digest"),
        ({"savedState": {"enabled": True}, "autoscaling": {"enabled": True}}, "Choose one"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(values, complaint):
    with pytest.raises(helm_python.HelmError, match=re.escape(complaint)):
        deploying.chart(**values)


def test_notes_say_how_to_look_and_warn_without_tokens():
    _, notes = deploying.chart()
    assert "--namespace shop rollout status deployment/orders-tablecast" in notes and "Everybody who can reach" in notes
    _, notes = deploying.chart(tokenSecret="t", savedState={"enabled": True})
    assert "rollout status statefulset/orders-tablecast" in notes and "Everybody" not in notes


def change(path, value):
    def changed(rendering):
        place = rendering.workload["spec"]
        *folders, last = path
        for name in folders:
            place = place[name]
        place[last] = value

    return changed


@pytest.mark.parametrize(
    "check, fault",
    [
        (unknown_fields, change(["template", "spec", "terminationGracePeriod"], 40)),
        (broken_references, change(["selector", "matchLabels", "app"], "tablecast")),
        (broken_references, change(["template", "spec", "containers", 0, "volumeMounts"], [])),
        (privileges, change(["template", "spec", "containers", 0, "securityContext", "privileged"], True)),
        (privileges, change(["template", "spec", "hostNetwork"], True)),
        (trouble_in_life, change(["template", "spec", "terminationGracePeriodSeconds"], 30)),
        (trouble_in_life, change(["template", "spec", "containers", 0, "livenessProbe", "httpGet", "path"], "/readyz")),
        (trouble_in_life, change(["replicas"], 3)),
    ],
)
def test_a_fault_is_noticed(check, fault):
    rendering = copy.deepcopy(deploying.overlay("pod-identity"))
    assert list(check(rendering)) == []
    fault(rendering)
    assert list(check(rendering)) != []
