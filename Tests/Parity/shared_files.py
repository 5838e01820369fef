"""AWS's shared files as botocore reads them: what `shared_files.json` says of each case.

`python Tests/Parity/shared_files.py` writes botocore's readings of all cases into that file. A case that Tablecast reads otherwise, or
rejects, has that in `tablecast`, written by hand, and in `why` the reason.
"""

import json
import pathlib
import tempfile
from unittest import mock

import botocore.exceptions
import botocore.session

CASES = pathlib.Path(__file__).with_name("shared_files.json")


def reading(config, credentials):
    """The profiles, SSO sessions and services that botocore reads from two texts; None stands for a file that is not there."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {"HOME": folder}
        for variable, text in [("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)]:
            path = pathlib.Path(folder, variable.lower())
            variables[variable] = str(path)
            if text is not None:
                path.write_bytes(text.encode())
        with mock.patch.dict("os.environ", variables, clear=True):
            try:
                whole = botocore.session.Session().full_config
            except botocore.exceptions.ConfigParseError:
                return {"fails": True}
    return {
        "profiles": whole["profiles"],
        "sessions": whole.get("sso_sessions", {}),
        "services": whole.get("services", {}),
    }


def cases():
    return json.loads(CASES.read_text())


def write(cases):
    CASES.write_text(json.dumps(cases, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    write([{**case, "botocore": reading(case.get("config"), case.get("credentials"))} for case in cases()])
