"""The rest of deploy: each file is checked by the tool or the model of the platform that it is for. No platform runs it here."""

import itertools
import json
import re
import shutil
import subprocess

import botocore.session
import botocore.validate
import compose_spec
import moto.iam.policy_validation
import pytest
import yaml

from support import deploying
from support.deploying import DEPLOY
from support.processes import PROJECT, VENV

# Of the stop, after drain delay and grace: the first save of a replica, and the time after which the process ends in any case.
REST_OF_STOP_SECONDS, SLACK_SECONDS = 13, 5
# "systemd-analyze security": 0 is the least exposed, and a unit without any setting has 9.6.
EXPOSURE = 1.5
PROGRAM = "/usr/local/bin/tablecast"
YAML_RULES = "{extends: default, rules: {line-length: disable, document-start: disable, braces: {max-spaces-inside: 1}, truthy: {check-keys: false}}}"


def read(name):
    return (DEPLOY / name).read_text()


def user_of_image():
    return re.search(r"^USER (\S+)$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)[1]


def test_yaml_is_clean():
    files = [file for file in DEPLOY.rglob("*.yaml") if "templates" not in file.parts]
    assert len(files) > 15
    result = subprocess.run([VENV / "yamllint", "--strict", "-d", YAML_RULES, *files], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (0, "")


def test_json_is_clean():
    files = list(DEPLOY.rglob("*.json"))
    assert len(files) > 8
    for file in files:
        assert json.loads(file.read_text()), file


def test_files_name_the_version_of_the_program():
    version = re.search(r"version = \"([^\"]+)\"", (PROJECT / "Sources/API/Build.swift").read_text())[1]
    files = ["README.md", "ecs/task-definition.json", "helm/tablecast/Chart.yaml"]
    named = {(name, found) for name in files for found in re.findall(r"(?:tablecast:|newTag: |[vV]ersion: )(\d+\.\d+\.\d+)", read(name))}
    assert named == {(name, version) for name in files}


# IAM


@pytest.mark.parametrize("name", sorted(file.name for file in (DEPLOY / "iam").glob("trust-*.json")))
def test_trust_policies_have_iams_grammar(name):
    moto.iam.policy_validation.IAMTrustPolicyDocumentValidator(read(f"iam/{name}")).validate()


def test_the_policy_has_iams_grammar_and_names_calls_that_exist():
    moto.iam.policy_validation.IAMPolicyDocumentValidator(read("iam/policy.json")).validate()
    loader = botocore.session.get_session()
    known = set(itertools.chain.from_iterable(loader.get_service_model(name).operation_names for name in ("dynamodb", "dynamodbstreams")))
    named = [action for statement in json.loads(read("iam/policy.json"))["Statement"] for action in statement["Action"]]
    assert {action.removeprefix("dynamodb:") for action in named} <= known
    # No more than the program calls.
    sources = "".join(file.read_text() for file in (PROJECT / "Sources/DynamoDBClient").rglob("*.swift"))
    calls = {action for action in known if re.search(rf"\b{action}\b", sources)}
    assert {action.removeprefix("dynamodb:") for action in named} <= calls


def test_the_service_account_of_the_trust_policy_is_that_of_the_manifests():
    subject = "system:serviceaccount:tablecast:tablecast"
    account = deploying.overlay("irsa").one("ServiceAccount")["metadata"]
    assert f"system:serviceaccount:{account['namespace']}:{account['name']}" == subject
    assert subject in read("iam/trust-irsa.json")


# ECS


def test_ecs_would_take_the_task_definition():
    """Against the model that the AWS SDKs are made of. It knows names and types, not every rule of ECS."""
    shape = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    task = json.loads(read("ecs/task-definition.json"))
    assert botocore.validate.ParamValidator().validate(task, shape).generate_report() == ""
    task["containerDefinitions"][0]["readOnlyRootFilesystem"] = True
    assert "readOnlyRootFilesystem" in botocore.validate.ParamValidator().validate(task, shape).generate_report()


def test_the_task_has_no_more_rights_than_it_needs_and_time_to_stop():
    tablecast = deploying.task_containers()["tablecast"]
    assert tablecast["user"] == user_of_image()
    for name, container in deploying.task_containers().items():
        assert container["readonlyRootFilesystem"] is True, name
        assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}, name
    variables = {variable["name"]: variable["value"] for variable in tablecast["environment"]}
    stop = sum(deploying.seconds(variables[name]) for name in ("TABLECAST_DRAIN_DELAY", "TABLECAST_SHUTDOWN_GRACE"))
    # Fargate allows two minutes.
    assert stop + REST_OF_STOP_SECONDS + SLACK_SECONDS <= tablecast["stopTimeout"] <= 120
    assert not {mount["containerPath"] for mount in tablecast["mountPoints"] if not mount["readOnly"]}


def test_the_file_of_tokens_is_made_as_the_secret_has_it(tmp_path):
    """The command of the first container, run by a shell of this machine."""
    *shell, command = deploying.task_containers()["tokens"]["command"]
    secret = '{"tokens": [{"name": "a", "token": "it\'s 100% $HOME \\\\n", "scopes": ["read"]}]}'
    subprocess.run([*shell, command.replace("/tokens/", f"{tmp_path}/")], env={"TOKENS": secret}, check=True, timeout=30)
    [file] = tmp_path.iterdir()
    assert file.read_text() == secret
    assert file.stat().st_mode & 0o777 == 0o644, "the service runs as another user"


# systemd


@pytest.fixture
def units(tmp_path):
    """The units, with programs that exist here: the smallest Debian has no kill."""
    program = tmp_path / "tablecast"
    shutil.copy("/bin/true", program)
    for name in ("tablecast.service", "tablecast.socket"):
        (tmp_path / name).write_text(read(f"systemd/{name}").replace(PROGRAM, str(program)).replace("/bin/kill", str(program)))
    return tmp_path


def verified(units):
    command = ["systemd-analyze", "verify", "--man=no", units / "tablecast.service", units / "tablecast.socket"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout + result.stderr


def test_systemd_takes_the_units(units):
    assert verified(units) == (0, "")


def test_a_wrong_line_in_a_unit_is_noticed(units):
    service = units / "tablecast.service"
    service.write_text(service.read_text().replace("ProtectHome=", "ProtectHomes="))
    assert "ProtectHomes" in verified(units)[1]


def test_the_service_is_hardly_exposed(units):
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--json=short", units / "tablecast.service"]
    result = subprocess.run([*command, f"--threshold={EXPOSURE * 10:.0f}"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout
    settings = dict(re.findall(r"^(\w+)=(.*)$", read("systemd/tablecast.service"), re.MULTILINE))
    assert settings["DynamicUser"] == "yes" and settings["NoNewPrivileges"] == "yes" and settings["ProtectSystem"] == "strict"


def test_the_service_has_time_to_stop_and_does_not_restart_in_vain():
    settings = dict(re.findall(r"^(\w+)=(.*)$", read("systemd/tablecast.service"), re.MULTILINE))
    # No drain delay: systemd has no balancer that would have to notice.
    assert int(settings["TimeoutStopSec"]) >= 10 + REST_OF_STOP_SECONDS + SLACK_SECONDS
    assert settings["RestartPreventExitStatus"] == "2 78"
    assert settings["ExecStart"] == f"{PROGRAM} serve"


# Compose


def test_compose_takes_the_file():
    """By the types of the Compose specification; `docker compose` does not run here."""
    compose_spec.PyCompose.from_yaml(read("compose/compose.yaml")).to_spec()
    with pytest.raises(ValueError):
        compose_spec.PyCompose.from_yaml(read("compose/compose.yaml").replace("read_only:", "readonly:")).to_spec()


def test_the_services_of_compose_fit_together():
    services = yaml.safe_load(read("compose/compose.yaml"))["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", [])) <= set(services), name
        for volume in service.get("volumes", []):
            assert (DEPLOY / "compose" / volume.split(":")[0]).is_file(), volume
    ports = services["tablecast"]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in ports), "a demo is for this machine alone"
    assert services["tablecast"]["read_only"] and services["tablecast"]["cap_drop"] == ["ALL"]


def test_dynamodb_would_take_the_table_and_its_items():
    model = botocore.session.get_session().get_service_model("dynamodb")
    for operation, document in (("CreateTable", json.loads(read("compose/table.json"))), ("BatchWriteItem", {"RequestItems": json.loads(read("compose/items.json"))})):
        report = botocore.validate.ParamValidator().validate(document, model.operation_model(operation).input_shape)
        assert report.generate_report() == "", operation
