"""The cases that `SharedProfilesParityTests` holds Tablecast against say what botocore reads today."""

import pathlib
import runpy

SHARED_FILES = runpy.run_path(str(pathlib.Path(__file__).with_name("shared_files.py")))
CASES = SHARED_FILES["cases"]()


def test_the_cases_have_what_botocore_reads():
    stale = [
        case["name"]
        for case in CASES
        if case["botocore"] != SHARED_FILES["reading"](case.get("config"), case.get("credentials"))
    ]
    assert stale == []


def test_a_case_differs_from_botocore_only_with_a_reason():
    for case in CASES:
        assert ("tablecast" in case) == ("why" in case), case["name"]
        assert case["botocore"] != {"fails": True} or "tablecast" in case, case["name"]
        assert case.get("tablecast") != case["botocore"], case["name"]


def test_there_are_enough_cases_of_both_kinds():
    failing = [case for case in CASES if case["botocore"] == {"fails": True}]
    assert len(failing) >= 10
    assert len(CASES) - len(failing) >= 25
