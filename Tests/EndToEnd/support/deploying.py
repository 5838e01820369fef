"""The folder deploy as the tools of its users read it: manifests by kustomize and Helm, settings by container."""

import dataclasses
import itertools
import json
import os
import re
import subprocess

import helm_python
import yaml

from .processes import PROJECT, VENV

DEPLOY = PROJECT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
CHART = DEPLOY / "helm/tablecast"
COMPONENTS = sorted(folder.name for folder in (KUBERNETES / "components").iterdir())
OVERLAYS = sorted(folder.name for folder in (KUBERNETES / "overlays").iterdir())
CREDENTIALS = ["access-keys", "instance-role", "irsa", "pod-identity"]
# The number of pods, or a volume for each.
SCALING = ["autoscale-cpu", "autoscale-subscribers", "saved-state"]
# Values of the chart by what they are for; table and Region are required.
CHART_VALUES = {
    "default": {},
    "irsa": {"credentials": "irsa", "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/tablecast"}}},
    "access-keys": {"credentials": "access-keys", "secrets": [{"name": "tablecast-aws-keys"}]},
    "instance-role": {"credentials": "instance-role"},
    "saved-state": {"savedState": {"enabled": True, "storageClass": "gp3"}, "tokenSecret": "tablecast-tokens"},
    "autoscaling": {"autoscaling": {"enabled": True, "subscribers": 5000}, "tokenSecret": "tablecast-tokens"},
    "options": {
        "options": {"TABLECAST_MAX_LAG": "10s"},
        "readyWhen": "live",
        "replicas": 1,
        "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": [{"name": "registry"}]},
        "networkPolicy": {"from": [{"namespaceSelector": {}}]},
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "podAnnotations": {"example.com/a": "b"},
        "service": {"type": "LoadBalancer", "port": 8080, "annotations": {"example.com/a": "b"}},
    },
}
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def seconds(duration):
    """The seconds of a duration as options have it."""
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", duration).groups()
    return int(number) * SECONDS[unit]


@dataclasses.dataclass(frozen=True)
class Rendering:
    """The objects that one way of deploying makes."""

    name: str
    objects: list

    def all(self, *kinds):
        return [found for found in self.objects if found["kind"] in kinds]

    def one(self, *kinds):
        [found] = self.all(*kinds)
        return found

    @property
    def workload(self):
        return self.one("Deployment", "StatefulSet")

    @property
    def pod(self):
        return self.workload["spec"]["template"]["spec"]

    @property
    def container(self):
        [found] = self.pod["containers"]
        return found

    @property
    def environment(self):
        """What the container's variables are, but for those of secrets."""
        maps = {found["metadata"]["name"]: found["data"] for found in self.all("ConfigMap")}
        names = [source["configMapRef"]["name"] for source in self.container["envFrom"] if "configMapRef" in source]
        return {key: value for name in names for key, value in maps[name].items()}


def kustomized(folder):
    """What `kubectl kustomize` makes of a folder."""
    result = subprocess.run([VENV / "kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "", "kustomize warns"
    return [found for found in yaml.load_all(result.stdout, yaml.CSafeLoader) if found]


def overlay(name):
    return Rendering(f"overlays/{name}", kustomized(KUBERNETES / "overlays" / name))


def combination(folder, *components):
    """The base with some components, as somebody's own overlay has them: one in a folder of theirs."""
    base = os.path.relpath(KUBERNETES, folder)
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [f"{base}/base"]}
    kustomization["components"] = [f"{base}/components/{name}" for name in components]
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
    return Rendering(" + ".join(components), kustomized(folder))


def combinations():
    """Every set of components that go together, in two orders: no order may undo what another component has done."""
    for components in itertools.product(CREDENTIALS, ["tokens"], SCALING):
        yield components
        yield components[::-1]


def chart(**values):
    """What Helm makes of the chart: (objects, notes)."""
    files = helm_python.Chart.load(CHART).render({"table": "orders", "region": "eu-central-1", **values}, name="orders", namespace="shop")
    notes = files.pop("tablecast/templates/NOTES.txt")
    return [found for text in files.values() for found in yaml.load_all(text, yaml.CSafeLoader) if found], notes


def charted(name):
    return Rendering(f"chart, {name}", chart(**CHART_VALUES[name])[0])


def renderings(folder):
    """Every way to deploy to Kubernetes."""
    yield from map(overlay, OVERLAYS)
    yield from map(charted, CHART_VALUES)
    assert {name for components in combinations() for name in components} == set(COMPONENTS)
    for components in combinations():
        yield combination(folder, *components)


def task_containers():
    """The containers of the ECS task by name."""
    task = json.loads((DEPLOY / "ecs/task-definition.json").read_text())
    return {container["name"]: container for container in task["containerDefinitions"]}
