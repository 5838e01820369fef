"""The endpoints that the tests of DynamoDBClient compare ours with are those that botocore calls."""

import endpoints
import pytest


@pytest.mark.parametrize("name", endpoints.FILES)
def test_the_files_say_what_botocore_does(name):
    found = (endpoints.FOLDER / name).read_text()
    assert found == endpoints.FILES[name](), f"botocore has changed: run Tests/Parity/endpoints.py, then the tests of DynamoDBClient"
