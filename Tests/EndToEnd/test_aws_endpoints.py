"""The endpoints that the program calls: Regions, partitions, FIPS and dual-stack; settings of Streams alone; proxies and private authorities."""

import http.client
import http.server

import boto3
import pytest
from support.endpoints import Endpoint
from support.following import assert_follows
from support.outgoing import Authority, Encrypted, Proxy, running
from support.processes import free_port
from support.service import command, run, serving
from support.tables import create_table
from test_bad_input import one_line

# Region, variables, lines of the profile, and the hosts that are called for DynamoDB and for Streams.
PLACES = [
    ("us-east-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "", "dynamodb-fips.us-east-1.amazonaws.com", "streams.dynamodb-fips.us-east-1.amazonaws.com"),
    ("us-east-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "", "dynamodb.us-east-1.api.aws", "streams-dynamodb.us-east-1.api.aws"),
    ("ca-central-1", {}, "use_fips_endpoint = true", "dynamodb-fips.ca-central-1.amazonaws.com", "streams.dynamodb-fips.ca-central-1.amazonaws.com"),
    ("us-gov-west-1", {}, "use_fips_endpoint = true", "dynamodb.us-gov-west-1.amazonaws.com", "streams.dynamodb.us-gov-west-1.amazonaws.com"),
    ("cn-north-1", {}, "", "dynamodb.cn-north-1.amazonaws.com.cn", "streams.dynamodb.cn-north-1.amazonaws.com.cn"),
    ("eusc-de-east-1", {}, "", "dynamodb.eusc-de-east-1.amazonaws.eu", "streams.dynamodb.eusc-de-east-1.amazonaws.eu"),
    ("us-iso-east-1", {}, "", "dynamodb.us-iso-east-1.c2s.ic.gov", "streams.dynamodb.us-iso-east-1.c2s.ic.gov"),
    ("us-isob-east-1", {}, "", "dynamodb.us-isob-east-1.sc2s.sgov.gov", "streams.dynamodb.us-isob-east-1.sc2s.sgov.gov"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def encrypted(ministack, authority):
    """ministack under AWS's names and `localhost`, with a certificate of the private authority."""
    names = {host for place in PLACES for host in place[3:]}
    with running(Encrypted(ministack.port, *authority.certify("localhost", *sorted(names)))) as server:
        yield server


@pytest.fixture
def proxy(encrypted):
    with running(Proxy(encrypted.port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def table(ministack):
    return create_table(ministack.client())


def client_in(ministack, region):
    return boto3.client("dynamodb", endpoint_url=ministack.url, region_name=region, aws_access_key_id="test", aws_secret_access_key="test")


class Direct:
    """A peer for `serving` with settings of the test's own."""

    def __init__(self, values):
        self.values = values

    def settings(self, **more):
        return {**self.values, **more}


def without_general_url(ministack, **more):
    settings = {**ministack.settings(), **more}
    del settings["AWS_ENDPOINT_URL"]
    return Direct(settings)


@pytest.mark.parametrize("region, variables, profile, tables, streams", PLACES, ids=lambda value: value if isinstance(value, str) else "")
def test_each_partition_and_variant_has_its_endpoints(ministack, authority, proxy, logs, tmp_path, region, variables, profile, tables, streams):
    client = client_in(ministack, region)
    table = create_table(client)
    (tmp_path / "config").write_text(f"[default]\nca_bundle = {authority.bundle}\n{profile}\n")
    peer = without_general_url(ministack, AWS_REGION=region, https_proxy=proxy.url, AWS_CONFIG_FILE=str(tmp_path / "config"), **variables)
    with serving(logs, peer, table) as service:
        assert_follows(client, table, service)
    assert proxy.hosts == {tables, streams}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_is_used_for_https_endpoints(ministack, authority, encrypted, proxy, logs, table, name):
    url = f"https://localhost:{encrypted.port}"
    with serving(logs, ministack, table, AWS_ENDPOINT_URL=url, AWS_CA_BUNDLE=str(authority.bundle), **{name: proxy.url}) as service:
        assert_follows(ministack.client(), table, service)
    assert set(proxy.seen) == {f"CONNECT localhost:{encrypted.port} HTTP/1.1"}


@pytest.mark.parametrize("name, value", [("NO_PROXY", "localhost"), ("no_proxy", "example.com, localhost"), ("NO_PROXY", "*")])
def test_hosts_without_a_proxy_are_called_directly(ministack, authority, encrypted, proxy, logs, table, name, value):
    settings = {"AWS_ENDPOINT_URL": f"https://localhost:{encrypted.port}", "AWS_CA_BUNDLE": str(authority.bundle), "HTTPS_PROXY": proxy.url}
    with serving(logs, ministack, table, **settings, **{name: value}) as service:
        assert_follows(ministack.client(), table, service)
    assert proxy.seen == []


def test_a_proxy_for_http_endpoints_is_named_in_small_letters_only(ministack, logs, table):
    """As curl does: a CGI program has HTTP_PROXY from a field of the request."""
    with running(Proxy(ministack.port)) as proxy:
        with serving(logs, ministack, table, HTTP_PROXY=proxy.url) as service:
            assert_follows(ministack.client(), table, service)
        assert proxy.seen == []
        with serving(logs, ministack, table, http_proxy=proxy.url) as service:
            assert_follows(ministack.client(), table, service)
        assert set(proxy.seen) == {f"POST {ministack.url}/ HTTP/1.1"}


def test_a_certificate_of_an_unknown_authority_is_one_line_with_the_remedy(ministack, encrypted, table):
    url = f"https://localhost:{encrypted.port}"
    status, _, errors = run(command(table, free_port())[1:], ministack.settings(AWS_ENDPOINT_URL=url))
    one_line(status, errors, 78, f"the certificate of {url} is not trusted", "Check the host name, or set AWS_CA_BUNDLE to a PEM file")


def test_a_certificate_for_another_name_is_one_line_with_the_remedy(ministack, authority, encrypted, table):
    url = f"https://127.0.0.1:{encrypted.port}"
    settings = ministack.settings(AWS_ENDPOINT_URL=url, AWS_CA_BUNDLE=str(authority.bundle))
    status, _, errors = run(command(table, free_port())[1:], settings)
    one_line(status, errors, 78, f"the certificate of {url} is not trusted", "127.0.0.1", "Check the host name")


@pytest.mark.parametrize("text, cause", [(None, "No such file or directory"), ("no certificate", "the file has no certificate")])
def test_a_bundle_that_cannot_be_used_stops_the_start(ministack, table, tmp_path, text, cause):
    path = tmp_path / "bundle.pem"
    if text is not None:
        path.write_text(text)
    status, _, errors = run(command(table, free_port())[1:], ministack.settings(AWS_CA_BUNDLE=str(path)))
    one_line(status, errors, 78, f"AWS_CA_BUNDLE failed: InvalidCertificateBundle: {path}: {cause}", "Name a readable PEM file")


class TablesOnly(http.server.BaseHTTPRequestHandler):
    """DynamoDB without Streams, as AWS serves it: passes calls on to the port of its server's `peer`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = 400, b'{"__type":"com.amazon.coral.service#UnknownOperationException"}'
        if not self.headers["X-Amz-Target"].startswith("DynamoDBStreams_"):
            peer = http.client.HTTPConnection("127.0.0.1", self.server.peer.port, timeout=10)
            peer.request("POST", "/", body=body, headers=dict(self.headers))
            response = peer.getresponse()
            status, answer = response.status, response.read()
            peer.close()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def tables_only(ministack):
    server = Endpoint("tables-only", TablesOnly)
    server.peer = ministack
    with server.running() as peer:
        yield peer


@pytest.mark.parametrize("way", ["option", "variable", "section"])
def test_a_setting_of_streams_alone_beats_the_option_for_both(ministack, tables_only, table, logs, tmp_path, way):
    options, variables = ["--endpoint-url", tables_only.url], {}
    if way == "option":
        options += ["--streams-endpoint-url", ministack.url]
    elif way == "variable":
        variables["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = ministack.url
    else:
        (tmp_path / "config").write_text(f"[default]\nservices = mine\n[services mine]\ndynamodb_streams =\n  endpoint_url = {ministack.url}\n")
        variables["AWS_CONFIG_FILE"] = str(tmp_path / "config")
    with serving(logs, without_general_url(ministack, **variables), table, *options) as service:
        assert_follows(ministack.client(), table, service)


def test_an_endpoint_without_streams_is_said_with_the_option_that_names_another(ministack, tables_only, table):
    settings = without_general_url(ministack).settings()
    status, _, errors = run(command(table, free_port(), "--endpoint-url", tables_only.url)[1:], settings)
    # The lines before are the log: the table was found, and the service began.
    words = ["tablecast: DescribeStream", "UnknownOperationException", f"--streams-endpoint-url: {tables_only.url} seems to serve DynamoDB alone"]
    one_line(status, errors.strip().splitlines()[-1], 78, *words)


@pytest.mark.parametrize(
    "variables, words",
    [
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, ["AWS_ENDPOINT_URL", "ConflictingEndpoint", "AWS_USE_FIPS_ENDPOINT=false"]),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, ["AWS_ENDPOINT_URL", "ConflictingEndpoint", "AWS_USE_DUALSTACK_ENDPOINT=false"]),
        ({"AWS_USE_FIPS_ENDPOINT": "yes"}, ['AWS_USE_FIPS_ENDPOINT failed: InvalidSwitch: "yes" is neither true nor false']),
    ],
)
def test_settings_that_conflict_stop_the_start(ministack, table, variables, words):
    status, _, errors = run(command(table, free_port())[1:], ministack.settings(**variables))
    one_line(status, errors, 78, *words)
