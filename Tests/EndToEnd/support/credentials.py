"""Credentials where the AWS tools look for them, and boto3 in the same environment as the judge of what they are worth."""

import json
import subprocess

from .peers import REGION, Peer
from .processes import VENV, environment_without_aws

# boto3 finds keys, endpoint and Region by itself, as the program does.
ORACLE = """
import boto3, json, sys
client = boto3.client("dynamodb")
item = client.get_item(TableName=sys.argv[1], Key={"id": {"S": sys.argv[2]}}).get("Item")
print(json.dumps({"item": item, "method": boto3.DEFAULT_SESSION.get_credentials().method}))
"""


class Bare(Peer):
    """A peer whose settings say where it is and nothing about keys: the test puts them elsewhere. `more` is for every program."""

    def __init__(self, peer, **more):
        super().__init__(peer.name, peer.port, peer.key, peer.secret, peer.program)
        self.more = more

    def settings(self, **more):
        # boto3 knows the Region by the second name only.
        settings = {**super().settings(), "AWS_DEFAULT_REGION": REGION, **self.more, **more}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if name not in self.more and name not in more:
                del settings[name]
        return settings


class SharedFiles:
    """The shared credentials and config files of one user."""

    def __init__(self, folder):
        self.credentials, self.config = folder / "credentials", folder / "config"
        self.settings = {"AWS_SHARED_CREDENTIALS_FILE": str(self.credentials), "AWS_CONFIG_FILE": str(self.config)}
        for file in (self.credentials, self.config):
            file.write_text("")

    def put_keys(self, key, profile="default"):
        """Replaces the credentials file by one with this key, at once as careful tools do."""
        fresh = self.credentials.with_suffix(".new")
        fresh.write_text(f"[{profile}]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n")
        fresh.replace(self.credentials)


def oracle(peer, table, key, **settings):
    """The item that boto3 reads in the environment of the program: (item, where boto3 has its keys from)."""
    finished = subprocess.run(
        [VENV / "python", "-c", ORACLE, table, key], env=environment_without_aws(**peer.settings(**settings)),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    said = json.loads(finished.stdout)
    return said["item"], said["method"]


def refusal(peer, table, **settings):
    """The last line of what boto3 says where it cannot read."""
    finished = subprocess.run(
        [VENV / "python", "-c", ORACLE, table, "any"], env=environment_without_aws(**peer.settings(**settings)),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )
    assert finished.returncode != 0, finished.stdout
    return finished.stderr.strip().splitlines()[-1]


def put(client, table, **attributes):
    """Writes the item `a`."""
    client.put_item(TableName=table, Item={"id": {"S": "a"}, **{name: {"S": value} for name, value in attributes.items()}})


def typed(service, key):
    """The item under a key in DynamoDB's typed form, or None."""
    return service.item(key, params={"format": "dynamodb"})


def assert_says_no_secret(service, *secrets):
    """Neither the status nor the metrics nor the log has one of the texts."""
    for where, text in {
        "status": service.get("/v1/status").text, "metrics": service.get("/metrics").text, "log": service.program.output
    }.items():
        for secret in secrets:
            assert secret not in text, f"the {where} has {secret}"
