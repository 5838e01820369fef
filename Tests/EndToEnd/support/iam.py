"""Users and roles of a ministack that verifies signatures (AUTH=true), as its administrator makes them."""

import base64
import itertools
import json

NUMBERS = itertools.count(1)
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
ISSUER = "oidc.example/id/cluster"


class User:
    """A user who may do everything, and its keys."""

    def __init__(self, peer):
        self.iam, self.name = peer.client("iam"), f"user-{next(NUMBERS)}"
        self.arn = self.iam.create_user(UserName=self.name)["User"]["Arn"]
        self.iam.put_user_policy(UserName=self.name, PolicyName="all", PolicyDocument=EVERYTHING)

    def make_key(self):
        return self.iam.create_access_key(UserName=self.name)["AccessKey"]

    def remove(self, key):
        self.iam.delete_access_key(UserName=self.name, AccessKeyId=key["AccessKeyId"])

    def set_active(self, key, active):
        state = "Active" if active else "Inactive"
        self.iam.update_access_key(UserName=self.name, AccessKeyId=key["AccessKeyId"], Status=state)


def variables(key):
    """The environment that has a key."""
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def secrets(*keys):
    """All that no output may have of keys."""
    return [key[name] for key in keys for name in ("AccessKeyId", "SecretAccessKey")]


def web_trust(subject):
    """Who may assume a role, and how: the service account `subject` of the cluster that issues `web_token`s."""
    provider = f"arn:aws:iam::000000000000:oidc-provider/{ISSUER}"
    condition = {"StringEquals": {f"{ISSUER}:sub": subject}}
    return {"Federated": provider}, "sts:AssumeRoleWithWebIdentity", condition


def trust_policy(principal, action, condition=None):
    """The document that lets the principal assume a role by the action."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **({"Condition": condition} if condition else {})}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(peer, *trust):
    """A role that may do everything, and that `trust_policy` of the same words lets somebody assume; its ARN."""
    iam, name = peer.client("iam"), f"role-{next(NUMBERS)}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy(*trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=EVERYTHING)
    return arn


def make_web_role(peer, subject):
    """A role for the service account `subject` of the cluster that issues `web_token`s."""
    return make_role(peer, *web_trust(subject))


def trust_instead(peer, role, subject):
    """Lets the role of `make_web_role` be assumed by this subject and no longer by the first one."""
    document = trust_policy(*web_trust(subject))
    peer.client("iam").update_assume_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyDocument=document)


def web_token(subject):
    """A web identity token as Kubernetes projects one. ministack does not verify its signature."""
    parts = {"alg": "RS256"}, {"iss": f"https://{ISSUER}", "aud": "sts.amazonaws.com", "sub": subject}
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])
