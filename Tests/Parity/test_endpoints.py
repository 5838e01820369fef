"""The files that the tests of DynamoDBClient compare our endpoints with say what botocore does."""

import pathlib
import runpy

import pytest

WRITTEN = runpy.run_path(str(pathlib.Path(__file__).resolve().parent / "endpoints.py"))


@pytest.mark.parametrize("name", WRITTEN["FILES"])
def test_the_files_say_what_botocore_does(name):
    found = (WRITTEN["FOLDER"] / name).read_text()
    assert found == WRITTEN["FILES"][name](), "botocore has changed: run Tests/Parity/endpoints.py, then the tests of DynamoDBClient"
