"""What deploy says about the program, asked of the program: its options, its commands, the system calls that a unit must allow."""

import json
import os
import re
import shlex
import subprocess
import sys

import botocore.session
import helm_python
import yaml
from support import aws_command, deploying, documentation
from support.aws_command import option_of, pascal
from support.deploying import CHART, DEPLOY
from support.processes import PROJECT, VENV, Program, environment_without_aws, free_port, wait_for
from support.service import BINARY, Service, run, serving
from support.tables import create_table
# SQLite gives its files to the owner of the database, where it runs as root.
CALLS_OF_ROOT = {"fchown"}


def readme_commands(program):
    """The commands of deploy/README.md that call a program, as words."""
    for block in documentation.page("deploy/README.md").blocks:
        if block.info.startswith("sh"):
            for line in block.text.splitlines():
                words = shlex.split(line)
                if words and words[0] == program:
                    yield words


def settings_of_env_file():
    lines = (DEPLOY / "systemd/tablecast.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def settings_of_unit():
    """Those that hold, and those that somebody takes out of their comments."""
    return dict(re.findall(r"^#?Environment=(\w+)=(.+)$", (DEPLOY / "systemd/tablecast.service").read_text(), re.MULTILINE))


def environments():
    """The variables of the service by the way that it is deployed."""
    yield from ((found.name, found.environment) for found in map(deploying.overlay, deploying.OVERLAYS))
    yield from ((found.name, found.environment) for found in map(deploying.charted, deploying.CHART_VALUES))
    yield "ecs", {variable["name"]: variable["value"] for variable in deploying.task_containers()["tablecast"]["environment"]}
    yield "compose", yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())["services"]["tablecast"]["environment"]
    yield "systemd", {**settings_of_env_file(), **settings_of_unit()}


def test_the_program_knows_every_option_that_is_set():
    # Most ways have most variables in common.
    distinct = {json.dumps(environment, sort_keys=True): name for name, environment in environments()}
    for text, name in distinct.items():
        environment = json.loads(text)
        status, output, error = run(["config"], environment)
        assert (status, error) == (0, ""), name
        missing = [f"{key}={value}" for key, value in environment.items() if key.startswith("TABLECAST_") and value not in output]
        assert missing == [], name
    assert run(["config"], {**environment, "TABLECAST_MAX_LAGS": "1s"})[0] != 0


def test_the_health_check_of_the_task_is_a_command_of_the_program():
    """ECS does not use the one of the image."""
    kind, program, *arguments = deploying.task_containers()["tablecast"]["healthCheck"]["command"]
    assert (kind, program) == ("CMD", "/usr/local/bin/tablecast")
    assert run([*arguments, "--help"])[0] == 0


def test_the_demo_of_compose_serves_its_items(ministack, logs, tmp_path):
    """Its script, table, variables, token and request, against another emulator than the one that it names."""
    folder = DEPLOY / "compose"
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    # Twice, as after a restart of Docker.
    for _ in range(2):
        make_table(services["table"], ministack, tmp_path)
    table, items = (json.loads((folder / name).read_text()) for name in ("table.json", "items.json"))
    service = services["tablecast"]
    [tokens] = [volume.split(":") for volume in service["volumes"]]
    assert tokens[1] == service["environment"]["TABLECAST_AUTH_TOKEN_FILE"]
    port = free_port()
    ours = {"AWS_ENDPOINT_URL": ministack.url, "TABLECAST_AUTH_TOKEN_FILE": str(folder / tokens[0]), "TABLECAST_LISTEN": f"127.0.0.1:{port}"}
    program = Program([BINARY, "serve"], logs / f"compose-{port}.log", environment_without_aws(**{**service["environment"], **ours}))
    try:
        running = Service(program, port).wait_until_ready()
        assert running.get("/v1/items").status_code == 401
        *_, command = readme_commands("curl")
        url = command.pop().replace("http://127.0.0.1:8080", running.url)
        result = subprocess.run(["curl", "--fail-with-body", "--silent", *command[1:], url], capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout
        assert len(json.loads(result.stdout)["items"]) == len(items[table["TableName"]])
    finally:
        program.stop()
        ministack.client().delete_table(TableName=table["TableName"])


def make_table(service, peer, folder):
    """Runs the script of the container that makes the table, with its files where they are here."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} {aws_command.__file__} "$@"\n')
    (tools / "aws").chmod(0o755)
    [script] = service["command"]
    for volume in service["volumes"]:
        source, target, _ = volume.split(":")
        script = script.replace(target, str(DEPLOY / "compose" / source))
    variables = {**service["environment"], "AWS_ENDPOINT_URL": peer.url, "PATH": f"{tools}:{os.environ['PATH']}"}
    command = [*service["entrypoint"], script]
    result = subprocess.run(command, env=environment_without_aws(**variables), capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr


def test_a_pod_passes_its_probes_and_stops_in_time(ministack, logs, tmp_path):
    """The variables of the pod with saved state, on volumes of this machine: tokens, a start, the probes, a stop, and a start without a scan."""
    rendering = deploying.overlay("saved-state")
    folders = {mount["mountPath"]: tmp_path / mount["name"] for mount in rendering.container["volumeMounts"]}
    for folder in folders.values():
        folder.mkdir()
    token = "a-token-of-a-test-of-pods"
    (folders["/tokens"] / "tokens.json").write_text(json.dumps({"tokens": [{"name": "test", "token": token, "scopes": ["read", "status"]}]}))
    port = free_port()
    table = create_table(ministack.client())
    environment = {**rendering.environment, **ministack.settings(), "TABLECAST_TABLE": table, "TABLECAST_LISTEN": f"127.0.0.1:{port}"}
    for name, value in environment.items():
        for path, folder in folders.items():
            if value.startswith(f"{path}/"):
                environment[name] = value.replace(path, str(folder), 1)
    probes = [rendering.container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    for start in ("scanned", "resumed"):
        # The whole of a stop is waited for once.
        drain = {"TABLECAST_DRAIN_DELAY": "0s"} if start == "scanned" else {}
        program = Program([BINARY, "serve"], logs / f"pod-{port}-{start}.log", environment_without_aws(**{**environment, **drain}))
        try:
            service = Service(program, port).wait_until_ready()
            # Probes have no token.
            assert [service.get(path).status_code for path in probes] == [200, 200, 200]
            assert service.get("/v1/items").status_code == 401
            status = service.get("/v1/status", headers={"Authorization": f"Bearer {token}"}).json()
            assert status["saved_state"]["resumed"] == (start == "resumed"), status["saved_state"]
        finally:
            # Kubernetes would kill it then.
            assert program.stop(rendering.pod["terminationGracePeriodSeconds"]) == 0


def test_the_unit_allows_every_system_call_of_a_run(ministack, logs, tmp_path):
    """A start with saved state, reading, and a stop; systemd's filters are kept by the kernel, which is not asked here."""
    allowed = filtered_calls()
    report = tmp_path / "calls"
    # The program itself stays the child of the test: -D.
    launcher = ["strace", "-D", "-f", "-qq", "-c", "-o", str(report)]
    with serving(logs, ministack, create_table(ministack.client()), "--state-dir", str(tmp_path / "state"), launcher=launcher) as service:
        assert service.get("/v1/items").status_code == 200
        assert service.get("/metrics").status_code == 200
        service.program.stop()
    wait_for(lambda: report.exists() and "total" in report.read_text(), 30, "the report of strace")
    called = set(re.findall(r"^ *[\d.]+ .* (\w+)$", report.read_text(), re.MULTILINE)) - {"total", "syscall"}
    assert {"execve", "socket", "listen", "epoll_wait"} & called, report.read_text()
    assert called - allowed - CALLS_OF_ROOT == set()


def filtered_calls():
    """The system calls that the filters of the unit leave."""
    allowed = set()
    for text in re.findall(r"^SystemCallFilter=(.*)$", (DEPLOY / "systemd/tablecast.service").read_text(), re.MULTILINE):
        for name in text.removeprefix("~").split():
            allowed = allowed - calls_of(name) if text.startswith("~") else allowed | calls_of(name)
    assert 100 < len(allowed) < 400
    # A filter always leaves these, since no unit could start or end without them.
    return allowed | calls_of("@default")


def calls_of(name):
    """The calls of a set of systemd's, with those of the sets in it."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, timeout=30, check=True)
    names = [line.strip() for line in listed.stdout.splitlines()[1:]]
    return set().union(*(calls_of(part) for part in names if part and not part.startswith("#")))


# The page


def test_the_tools_take_the_overlay_on_the_page(tmp_path):
    [block] = [block for block in documentation.page("deploy/README.md").blocks if block.info == "yaml" and "kind: Kustomization" in block.text]
    mine = tmp_path / "my-tablecast"
    mine.mkdir()
    (tmp_path / "deploy").symlink_to(DEPLOY)
    (mine / "kustomization.yaml").write_text(block.text)
    for overlay in ("pod-identity", "saved-state"):
        (mine / "kustomization.yaml").write_text(block.text.replace("overlays/pod-identity", f"overlays/{overlay}"))
        made = deploying.Rendering("mine", deploying.kustomized(mine))
        assert made.container["image"] == "REGISTRY/tablecast:0.1.0"
        assert made.container["resources"]["limits"]["memory"] == "4Gi"
        assert made.environment["TABLECAST_AUTH_TOKEN_FILE"] and made.environment["TABLECAST_TABLE"] == "orders"


def test_the_commands_on_the_page_have_options_that_exist():
    session = botocore.session.get_session()
    commands = list(readme_commands("aws"))
    assert len(commands) >= 4
    for _, service, operation, *options in commands:
        model = session.get_service_model(service)
        members = {option_of(name) for name in model.operation_model(pascal(operation)).input_shape.members} | {"cli-input-json"}
        named = [word.removeprefix("--") for word in options if word.startswith("--")]
        assert set(named) <= members, operation
        for file in (word.removeprefix("file://") for word in options if word.startswith("file://")):
            assert (PROJECT / file).is_file(), file
    for command in readme_commands("install"):
        sources = [word for word in command if word.startswith("deploy/")]
        assert all((PROJECT / source).is_file() for source in sources), command


def test_kubectl_takes_the_commands_on_the_page_that_make_objects(tmp_path):
    """Without a cluster: the rest of the commands need one."""
    (tmp_path / "tokens.json").write_text("{}")
    commands = [command for command in readme_commands("kubectl") if "create" in command]
    assert len(commands) == 2
    for command in commands:
        command = [VENV / "kubectl", *command[1:], "--dry-run=client", "--output=yaml"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        made = yaml.safe_load(result.stdout)
    assert (made["metadata"]["name"], list(made["data"])) == ("tablecast-tokens", ["tokens.json"])


def test_helm_takes_the_command_on_the_page():
    [command] = readme_commands("helm")
    assert command[1:4] == ["install", "orders", str(CHART.relative_to(PROJECT))]
    values = helm_python.parse_set_string(command[command.index("--set") + 1])
    made = deploying.Rendering("page", deploying.chart(**values)[0])
    assert made.container["image"] == "REGISTRY/tablecast:0.1.0"


def test_promtool_takes_the_commands_on_the_page():
    commands = list(readme_commands("promtool"))
    assert len(commands) == 2
    for command in commands:
        result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr
