"""A Region that only the instance metadata service names: a start waits for a service that fails, and ends where there is none."""

import http.server
import threading

import pytest
from support.endpoints import Endpoint
from support.following import status
from support.peers import REGION
from support.processes import free_port, wait_for
from support.service import command, run, serving
from support.tables import create_table, fill


class Metadata(Endpoint):
    """An instance metadata service. It does what `fault` says, a status or `hang`, and is well without one."""

    def __init__(self, fault=None, region=REGION):
        self.fault, self.region, self.asked, self.released = fault, region, 0, threading.Event()
        super().__init__("metadata", Handler)

    def settings(self):
        # A variable that is set to nothing counts as not set.
        url = f"http://127.0.0.1:{self.server_port}"
        return {"AWS_REGION": "", "AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_PUT(self):
        self.respond("token")

    def do_GET(self):
        self.respond(self.server.region if self.path == "/latest/meta-data/placement/region" else "")

    def respond(self, text):
        self.server.asked += 1
        if self.server.fault == "hang":
            self.server.released.wait(60)
            return
        self.send_response(self.server.fault or 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.mark.parametrize("fault", ["hang", 500, 401])
def test_a_start_waits_for_a_service_that_fails(ministack, logs, fault):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    metadata = Metadata(fault)
    with metadata.running(), serving(logs, ministack, table, ready=False, **metadata.settings()) as service:
        service.program.wait_until_accepting(service.port)
        wait_for(lambda: "the start waits: " in service.program.output, 20, "the start to wait")
        assert service.get("/livez").status_code == 200
        response = service.get("/readyz")
        assert response.status_code == 503 and "GetInstanceMetadata Region failed" in response.json()["detail"], response.text
        assert "AWS_REGION names a Region without the service" in response.json()["detail"]
        told = status(service)["aws"]
        assert (told["region"], told["endpoint"], told["streams_endpoint"]) == (None, None, None)
        assert "GetInstanceMetadata Region failed" in told["credentials"]["trouble"]
        assert service.program.output.count("the start waits: ") == 1
        metadata.fault = None
        metadata.released.set()
        service.wait_until_ready(60)
        told = status(service)["aws"]
        assert (told["region"], told["endpoint"], told["credentials"]["trouble"]) == (REGION, ministack.url, None)
        assert f"the instance metadata service named the Region endpoint={ministack.url} region={REGION}" in service.program.output
        assert service.item("item-00001") is not None
        assert service.program.stop() == 0


@pytest.mark.parametrize("region", [REGION, "eu-west-9"])
def test_a_saved_state_waits_until_the_region_is_known_and_is_shown_for_its_own_alone(ministack, logs, tmp_path, region):
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 3)
    state = ("--state-dir", tmp_path / "state")
    with serving(logs, ministack, table, *state) as service:
        assert service.program.stop() == 0
    # As at AWS: the endpoint is the Region's own, and nobody is there.
    away = {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": ""}
    nobody = f"http://127.0.0.1:{free_port()}"
    proxy = {"HTTPS_PROXY": nobody, "https_proxy": nobody, "NO_PROXY": "", "no_proxy": ""}
    metadata = Metadata("hang", region)
    with metadata.running(), serving(logs, ministack, table, *state, ready=False, **metadata.settings() | away | proxy) as service:
        service.program.wait_until_accepting(service.port)
        wait_for(lambda: "GetInstanceMetadata" in status(service)["reason"], 60, lambda: f"the wait, not {status(service)}")
        assert "until the Region is known" in status(service)["saved_state"]["start"]
        assert service.get("/v1/items/item-00001").status_code == 503
        metadata.fault = None
        metadata.released.set()
        if region == REGION:
            wait_for(lambda: service.get("/v1/items/item-00001").status_code == 200, 60, "the saved state to be served")
            assert status(service)["state"] == "stale"
        else:
            wait_for(lambda: "DescribeTable" in status(service)["reason"], 60, lambda: f"a call, not {status(service)}")
            wait_for(lambda: "another stream" in service.program.output, 60, lambda: f"a verdict, not {service.program.output}")
            assert service.get("/v1/items/item-00001").status_code == 503
        assert service.program.stop() == 0


@pytest.mark.parametrize("fault", [403, 404])
def test_a_start_ends_where_there_is_no_such_service(fault):
    metadata = Metadata(fault)
    with metadata.running():
        assert_ends(metadata.settings())
    assert metadata.asked == 1


def test_a_start_ends_where_nobody_listens():
    assert_ends(Metadata.settings(type("Nobody", (), {"server_port": free_port()})))


def test_a_text_that_is_no_region_counts_as_none():
    metadata = Metadata(region="<html>")
    with metadata.running():
        assert_ends(metadata.settings())


def assert_ends(settings):
    state, _, errors = run(command("any", free_port())[1:], {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", **settings})
    assert state == 78, errors
    (line,) = errors.strip().splitlines()
    assert "MissingRegion" in line and "AWS_REGION=eu-central-1" in line, line
