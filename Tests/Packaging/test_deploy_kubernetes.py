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
# What a pod that reads the stream must have been ready for before an older one may stop: the overlap of positions, and some seconds.
OLD_ENOUGH_SECONDS = 12
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
    for name in ("TABLECAST_STATE_DIR", "TABLECAST_AUTH_TOKEN_FILE", "TABLECAST_FOLLOW_TOKEN_FILE"):
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
    most = max([spec.get("replicas", 1), *(scaler["spec"]["maxReplicas"] for scaler in rendering.all("HorizontalPodAutoscaler"))])
    if "TABLECAST_FOLLOW" not in rendering.environment:
        if most > READERS:
            yield "more readers than DynamoDB Streams allows"
        if spec.get("minReadySeconds", 0) < OLD_ENOUGH_SECONDS:
            yield "an old pod stops while the new one is younger than its readers' positions"
    if rendering.one("PodDisruptionBudget")["spec"].get("maxUnavailable") != 1:
        yield "nodes cannot be drained, or all pods go at once"


def test_pods_start_roll_and_stop_in_order(all_renderings):
    assert [f"{found.name}: {text}" for found in all_renderings for text in trouble_in_life(found)] == []


def leaders_of(rendering):
    """What the followers of a rendering follow: the overlay with saved state, or a release of the chart."""
    if rendering.name.startswith("chart"):
        return Rendering("chart, leaders", deploying.chart(savedState={"enabled": True}, tokenSecret="tablecast-tokens")[0])
    return deploying.overlay("saved-state")


def wrong_as_followers(rendering):
    """What would keep followers from their leaders, readers from followers, or followers from being without rights."""
    leaders = leaders_of(rendering)
    labels = rendering.workload["spec"]["template"]["metadata"]["labels"]
    for found in leaders.all("Service", "PodDisruptionBudget", "NetworkPolicy"):
        selector = found["spec"].get("podSelector") or found["spec"]["selector"]
        if matches(selector.get("matchLabels", selector), labels):
            yield f"the {found['kind']} {found['metadata']['name']} of the leaders takes followers for leaders"
    for one in rendering.objects:
        if any((one["kind"], one["metadata"]["name"]) == (other["kind"], other["metadata"]["name"]) for other in leaders.objects):
            yield f"the {one['kind']} {one['metadata']['name']} takes the place of the leaders'"
    yield from (f"{name} is set" for name in rendering.environment if name.startswith("AWS_"))
    if rendering.one("ServiceAccount")["metadata"].get("annotations"):
        yield "the service account may have a role"
    named = rendering.environment["TABLECAST_FOLLOW"].split(",")
    if named != list(addresses(leaders)):
        yield f"{named} are not the leaders' pods {list(addresses(leaders))}"
    [rule] = [rule for rule in rendering.one("NetworkPolicy")["spec"]["egress"] if {port["port"] for port in rule["ports"]} != {53}]
    peers = [peer["podSelector"] for peer in rule["to"]]
    theirs = leaders.workload["spec"]["template"]["metadata"]["labels"]
    if rule["ports"] != [{"port": PORT, "protocol": "TCP"}] or not any(selects(peer, theirs) for peer in peers):
        yield f"the policy does not lead to the leaders, or elsewhere too: {rule}"
    if any("sessionAffinity" in service["spec"] for service in rendering.all("Service")):
        yield "streams that end by their age return to the same pod"


def addresses(leaders):
    """The address of each pod of a StatefulSet, as Kubernetes makes it from the headless Service."""
    workload, spec = leaders.workload, leaders.workload["spec"]
    [port] = [port["port"] for service in leaders.all("Service") if service["metadata"]["name"] == spec["serviceName"] for port in service["spec"]["ports"]]
    for number in range(spec["replicas"]):
        yield f"http://{workload['metadata']['name']}-{number}.{spec['serviceName']}:{port}"


def selects(selector, labels):
    expressions = selector.get("matchExpressions", [])
    assert all(one["operator"] == "In" for one in expressions)
    chosen = all(labels.get(one["key"]) in one["values"] for one in expressions)
    return bool(selector) and chosen and selector.get("matchLabels", {}).items() <= labels.items()


def followers():
    """Every way to deploy followers beside leaders of the same way."""
    return [deploying.overlay(deploying.FOLLOWERS), deploying.charted(deploying.FOLLOWERS)]


def test_followers_reach_their_leaders_and_have_no_rights_in_aws():
    for rendering in followers():
        assert list(wrong_as_followers(rendering)) == [], rendering.name
        [scaler] = rendering.all("HorizontalPodAutoscaler")
        assert scaler["spec"]["maxReplicas"] > READERS, rendering.name


def set_labels(rendering):
    rendering.workload["spec"]["template"]["metadata"]["labels"] = leaders_of(rendering).workload["spec"]["template"]["metadata"]["labels"]


def set_region(rendering):
    rendering.one("ConfigMap")["data"]["AWS_REGION"] = "eu-central-1"


def follow_the_service(rendering):
    rendering.one("ConfigMap")["data"]["TABLECAST_FOLLOW"] = "http://tablecast:8080"


def close_the_way(rendering):
    rendering.one("NetworkPolicy")["spec"]["egress"][1]["to"] = [{"podSelector": rendering.one("NetworkPolicy")["spec"]["podSelector"]}]


def keep_the_names(rendering):
    rendering.one("ServiceAccount")["metadata"]["name"] = leaders_of(rendering).pod["serviceAccountName"]


@pytest.mark.parametrize("fault", [set_labels, set_region, follow_the_service, close_the_way, keep_the_names])
def test_a_fault_of_followers_is_noticed(fault):
    rendering = copy.deepcopy(deploying.overlay(deploying.FOLLOWERS))
    fault(rendering)
    assert list(wrong_as_followers(rendering)) != []


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
        ("followers", {**deploying.CHART_VALUES["followers"], "follow": {"urls": deploying.LEADERS, "tokenSecret": "tablecast-follow"}}),
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
        ({"follow": {"urls": ["leader:8080"]}}, "/follow/urls/0"),
        ({"follow": {"urls": deploying.LEADERS, "token": "a"}}, "/follow"),
        ({"follow": {"tokenSecret": "tablecast-follow"}}, "/follow/tokenSecret"),
        ({"autoscaling": {"maxReplicas": 3}}, "/autoscaling/maxReplicas"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(values, complaint):
    with pytest.raises(helm_python.HelmError, match=re.escape(complaint)):
        deploying.chart(**values)


def test_followers_of_the_chart_may_keep_their_state():
    documents, _ = deploying.chart("readers", region="", follow={"urls": deploying.LEADERS}, savedState={"enabled": True})
    kinds = {found["kind"] for found in documents}
    assert "StatefulSet" in kinds and "Deployment" not in kinds
    options = next(found["data"] for found in documents if found["kind"] == "ConfigMap")
    assert options["TABLECAST_FOLLOW"] == ",".join(deploying.LEADERS) and options["TABLECAST_STATE_DIR"] == "/state/replica"


def test_notes_say_how_to_look_and_warn_without_tokens():
    _, notes = deploying.chart()
    assert "--namespace shop rollout status deployment/orders-tablecast" in notes and "Everybody who can reach" in notes
    _, notes = deploying.chart(tokenSecret="t", savedState={"enabled": True})
    assert "rollout status statefulset/orders-tablecast" in notes and "Everybody" not in notes
    _, notes = deploying.chart("readers", region="", follow={"urls": deploying.LEADERS})
    assert f"follows {deploying.LEADERS[0]} and" in notes and "deployment/readers-tablecast" in notes


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
        (trouble_in_life, change(["minReadySeconds"], 5)),
    ],
)
def test_a_fault_is_noticed(check, fault):
    rendering = copy.deepcopy(deploying.overlay("pod-identity"))
    assert list(check(rendering)) == []
    fault(rendering)
    assert list(check(rendering)) != []
