"""Holds profiles.json against botocore: the calls to STS and the keys that each case leads to.

The tests of DynamoDBClient hold the client against the same file. `python Tests/Parity/test_profiles.py` writes the outcomes anew.
"""

import http.server
import json
import os
import pathlib
import re
import sys
import threading
import urllib.parse
from unittest import mock

import botocore.exceptions
import botocore.session
import pytest

FILE = pathlib.Path(__file__).resolve().parent / "profiles.json"
CASES = json.loads(FILE.read_text())

RESPONSE = """<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
<AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"""


class TokenService(http.server.ThreadingHTTPServer):
    """Gives out ASIA1, ASIA2, … and keeps the calls as lines of text."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        action = form.pop("Action")
        signer = re.search(r"Credential=(\w+)/", self.headers.get("Authorization", ""))
        # The default differs from client to client, and from process to process.
        form["RoleSessionName"] = re.sub(r"^botocore-session-\d+$", "default", form["RoleSessionName"])
        parameters = "&".join(f"{name}={value}" for name, value in sorted(form.items()))
        self.server.calls.append(f"{action} by {signer[1] if signer else 'nobody'}: {parameters}")
        body = RESPONSE.format(action=action, number=len(self.server.calls)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def outcome(case, folder):
    """The calls that botocore makes for a case, then the access key that it gets, `nothing` or `error`."""
    for name in ("config", "credentials"):
        (folder / name).write_text(case.get(name, "").replace("TOKEN_FILE", str(folder / "token")))
    (folder / "token").write_text("eyJ.web")
    server = TokenService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    variables = {name: value.replace("TOKEN_FILE", str(folder / "token")) for name, value in case.get("variables", {}).items()}
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "AWS_DEFAULT_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_STS": server.url, "AWS_CONFIG_FILE": str(folder / "config"), "AWS_MAX_ATTEMPTS": "1",
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"), **variables,
    }
    try:
        with mock.patch.dict(os.environ, environment, clear=True):
            found = botocore.session.Session().get_credentials()
            end = "nothing" if found is None else f"keys {found.get_frozen_credentials().access_key}"
    except (botocore.exceptions.BotoCoreError, OSError):
        end = "error"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return [*server.calls, end]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_botocore_resolves_the_profile_so(case, tmp_path):
    assert outcome(case, tmp_path) == case["outcome"]


if __name__ == "__main__":
    import tempfile

    for each in CASES:
        with tempfile.TemporaryDirectory() as place:
            each["outcome"] = outcome(each, pathlib.Path(place))
    FILE.write_text(json.dumps(CASES, indent=1, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{len(CASES)} cases\n")
