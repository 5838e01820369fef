"""Credentials that cannot be used: one line that names the failure and the remedy, in time, and without a secret.

A fault that somebody has to mend ends the start with status 78. One that may pass is waited for; `--start-timeout` ends the wait here.
"""

import contextlib
import datetime
import hashlib
import http.server
import json
import socket

import pytest
from support.credentials import SharedFiles
from support.endpoints import Endpoint
from support.outgoing import Authority, Encrypted, running
from support.processes import free_port
from support.service import command, run

ROLE = "arn:aws:iam::111122223333:role/reader"
SECRET = "hush-hush-hush-hush-hush"
KEYS = f"aws_access_key_id = AKID\naws_secret_access_key = {SECRET}\n"
SSO = "sso_start_url = https://corp.example/start\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = R\n"
LOGIN = hashlib.sha1(b"https://corp.example/start").hexdigest()


def start(folder, *options, config="", credentials="", login=None, **variables):
    """Starts over an endpoint where nobody listens: (status, the last line). No call of DynamoDB is made without keys."""
    files = SharedFiles(folder)
    files.config.write_text(config.replace("FOLDER", str(folder)))
    files.credentials.write_text(credentials)
    if login is not None:
        cache = folder / ".aws/sso/cache"
        cache.mkdir(parents=True)
        (cache / f"{LOGIN}.json").write_text(login)
    settings = {
        "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1", "HOME": str(folder), **files.settings,
        **{name: value.replace("FOLDER", str(folder)) for name, value in variables.items()},
    }
    status, _, errors = run(command("any", free_port(), *options)[1:], settings, 30)
    assert SECRET not in errors, errors
    lines = errors.strip().splitlines()
    assert lines[-1].startswith("tablecast: "), errors
    if status == 78:
        assert len(lines) == 1, errors
    else:
        assert sum("the start waits: " in line for line in lines) == 1, errors
    return status, lines[-1]


def says(line, *words):
    for word in words:
        assert word in line, f"{word!r} is not in: {line}"


def keys(**more):
    return {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": SECRET, **more}


# name: (what is set, the words of the failure and of the remedy)
FINAL = {
    "half a pair": ({"AWS_ACCESS_KEY_ID": "AKID"}, ["AWS_SECRET_ACCESS_KEY is not", "Set both"]),
    "a line end in a key": (keys(AWS_SECRET_ACCESS_KEY=f"{SECRET}\n"), ["AWS_SECRET_ACCESS_KEY has a space, a line end", "`printf %s`"]),
    "half a pair in the file": ({"credentials": "[default]\naws_access_key_id = AKID\n"}, ["aws_secret_access_key is not", "Set both"]),
    "a file that is none": ({"AWS_SHARED_CREDENTIALS_FILE": "FOLDER"}, ["FOLDER", "Is a directory", "AWS_SHARED_CREDENTIALS_FILE"]),
    "a line that is none": ({"credentials": f"[default]\n{SECRET}\n"}, ["credentials", "line 2", "Mend that line"]),
    "an unknown profile": ({"AWS_PROFILE": "dev", "config": "[profile other]\nregion = x\n"}, ["profile dev", "The profiles are other"]),
    "a role without keys": ({"config": f"[default]\nrole_arn = {ROLE}\n"}, ["neither source_profile", "Set source_profile"]),
    "conflicting sources": (
        {"config": f"[default]\nrole_arn = {ROLE}\nsource_profile = a\ncredential_source = Environment\n"},
        ["both source_profile and credential_source", "Remove one"],
    ),
    "a loop": (
        {"config": f"[default]\nrole_arn = {ROLE}\nsource_profile = a\n[profile a]\nrole_arn = {ROLE}\nsource_profile = default\n"},
        ["form a loop", "End the chain"],
    ),
    "a device that is asked": (
        {"config": f"[default]\nrole_arn = {ROLE}\nsource_profile = default\nmfa_serial = x\n{KEYS}"}, ["MFA", "Use a role without MFA"]
    ),
    "a duration that is none": (
        {"config": f"[default]\nrole_arn = {ROLE}\nsource_profile = default\nduration_seconds = 1\n{KEYS}"},
        ["duration_seconds must be", "Correct it"],
    ),
    "a program that is not there": (
        {"config": "[default]\ncredential_process = /nonexistent/program\n"}, ["/nonexistent/program", "Give the full path"]
    ),
    "a program without keys": (
        {"config": f"[default]\ncredential_process = /bin/echo {SECRET}\n"}, ["/bin/echo", "is not the JSON", "must write one JSON object"]
    ),
    "a token file without a role": ({"AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER/token"}, ["AWS_ROLE_ARN is not", "Set both"]),
    "a token file that is none": (
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER", "AWS_ROLE_ARN": ROLE}, ["it is a directory", "Set AWS_WEB_IDENTITY_TOKEN_FILE"]
    ),
    "half of the settings of a login": ({"config": "[default]\nsso_account_id = 1\n"}, ["no sso_role_name", "aws configure sso"]),
    "a container far away": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://far.example/keys"}, ["far.example is neither", "Use https"]
    ),
    "a container's token of two lines": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{SECRET}\n{SECRET}"},
        ["AWS_CONTAINER_AUTHORIZATION_TOKEN", "a line end", "as one line"],
    ),
    "a mode of the metadata service that is none": (
        {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv5"}, ["IPv5", "Give IPv4 or IPv6"]
    ),
    "a timeout of the metadata service that is none": (
        {"AWS_EC2_METADATA_DISABLED": "false", "AWS_METADATA_SERVICE_TIMEOUT": "soon"},
        ["AWS_METADATA_SERVICE_TIMEOUT", "soon", "Give a whole number"],
    ),
    "an endpoint of STS that is none": (
        {"AWS_ENDPOINT_URL_STS": "sts", "config": f"[default]\nrole_arn = {ROLE}\nsource_profile = default\n{KEYS}"},
        ["AWS_ENDPOINT_URL_STS", "https://sts.eu-central-1.amazonaws.com"],
    ),
    "a switch that is none": (keys(AWS_USE_FIPS_ENDPOINT="yes"), ["AWS_USE_FIPS_ENDPOINT", "neither true nor false", "Set it to true"]),
    "a URL and FIPS": (keys(AWS_USE_FIPS_ENDPOINT="true"), ["AWS_ENDPOINT_URL_DYNAMODB", "Remove the URL"]),
}


@pytest.mark.parametrize("name", FINAL)
def test_a_fault_that_somebody_has_to_mend_ends_the_start(tmp_path, name):
    settings, words = FINAL[name]
    status, line = start(tmp_path, **settings)
    assert status == 78, line
    says(line, *[word.replace("FOLDER", str(tmp_path)) for word in words])


def ended(text):
    """A program that writes keys whose end has passed."""
    return "/bin/echo '" + json.dumps({"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": text, "Expiration": "2020-01-01T00:00:00Z"}) + "'"


FUTURE = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

PASSING = {
    "no keys at all": ({}, ["no AWS credentials", "Elsewhere set AWS_ACCESS_KEY_ID"]),
    "a token file that is not there yet": (
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER/token", "AWS_ROLE_ARN": ROLE}, ["FOLDER/token", "the file is looked for again"]
    ),
    "a container's token file that is not there yet": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "FOLDER/token"},
        ["FOLDER/token", "it is read again"],
    ),
    "a container that refuses connections": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}, ["refuses connections", "Check that the program"]
    ),
    "a program that fails": (
        {"config": f"[default]\ncredential_process = /bin/sh -c 'echo \"bearer {SECRET} is bad\" >&2; exit 3'\n"},
        ["ended with status 3", "bearer [hidden] is bad", "Run the program by hand"],
    ),
    "a program's keys that have expired": ({"config": f"[default]\ncredential_process = {ended(SECRET)}\n"}, ["expired at 2020", "Renew"]),
    "no login": ({"config": f"[default]\n{SSO}"}, ["no token of a login", "aws sso login --profile default"]),
    "half of a login": (
        {"config": f"[default]\n{SSO}", "login": f'{{"accessToken": "{SECRET}'}, ["cannot be used", "aws sso login --profile default"]
    ),
    "a login that has expired": (
        {"config": f"[default]\n{SSO}", "login": json.dumps({"accessToken": SECRET, "expiresAt": "2020-01-01T00:00:00Z"})},
        ["the login expired at 2020", "aws sso login --profile default"],
    ),
    "a login where IAM Identity Center is away": (
        {
            "config": f"[default]\n{SSO}", "login": json.dumps({"accessToken": SECRET, "expiresAt": FUTURE}),
            "AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:1",
        },
        ["refuses connections", "Check that the endpoint is running"],
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_may_pass_is_waited_for(tmp_path, name):
    settings, words = PASSING[name]
    status, line = start(tmp_path, "--start-timeout", "2s", **settings)
    assert status == 1, line
    says(line, "--start-timeout", *[word.replace("FOLDER", str(tmp_path)) for word in words])


def sts(code, status=400):
    """A Security Token Service that refuses every call, and repeats what it was sent."""

    class Refusing(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = f"<ErrorResponse><Error><Code>{code}</Code><Message>said the test of {sent.replace('&', '+')}</Message></Error></ErrorResponse>"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

    return Endpoint("sts", Refusing)


@pytest.mark.parametrize(
    ("code", "http_status", "status", "words"),
    [
        ("ExpiredTokenException", 400, 1, ["Check what writes", "The file is read again at each attempt"]),
        ("ServiceUnavailable", 503, 1, ["AWS Health Dashboard"]),
        ("AccessDenied", 403, 78, ["Check that the role exists", "trust policy"]),
        ("InvalidIdentityToken", 400, 78, ["IAM OIDC provider"]),
    ],
)
def test_a_role_that_cannot_be_assumed_by_a_token(tmp_path, code, http_status, status, words):
    (tmp_path / "token").write_text(SECRET)
    with sts(code, http_status).running() as peer:
        identity = {"AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER/token", "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": peer.url}
        found, line = start(tmp_path, "--start-timeout", "5s", **identity)
    assert found == status, line
    says(line, code, ROLE, *words)


def test_a_metadata_service_that_hangs(tmp_path):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        # The kernel takes the connections, and nobody responds.
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        metadata = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}
        status, line = start(tmp_path, "--start-timeout", "4s", **metadata)
    assert status == 1, line
    says(line, url, "sent no token within 1 s", "--http-put-response-hop-limit 2")


def test_a_certificate_of_sts_that_nobody_trusts(tmp_path):
    authority = Authority(tmp_path)
    (tmp_path / "token").write_text(SECRET)
    with sts("AccessDenied", 403).running() as peer, running(Encrypted(peer.port, *authority.certify("localhost"))) as server:
        url = f"https://localhost:{server.port}"
        identity = {"AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER/token", "AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": url}
        status, line = start(tmp_path, **identity)
        assert status == 78, line
        says(line, f"the certificate of {url} is not trusted", "set AWS_CA_BUNDLE to a PEM file")
        # With its authority, STS is heard.
        status, line = start(tmp_path, **identity, AWS_CA_BUNDLE=str(authority.bundle))
        assert status == 78, line
        says(line, "AccessDenied", ROLE)
