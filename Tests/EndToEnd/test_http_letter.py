"""The cases of Tests/HTTPCases against the built program, over sockets: whole, byte by byte, and cut at every offset."""

import pytest
from support.processes import wait_for
from support.service import serving
from support.tables import create_table
from support.wire import Wire, all_cases, run_bytewise, run_cut, run_whole

CASES = all_cases()


@pytest.fixture(scope="module")
def port(ministack, logs):
    client = ministack.client()
    table = create_table(client)
    # One loop, so that an answer on one connection shows that what was sent before on another was read.
    with serving(logs, ministack, table, "--loops", "1", "--allowed-host", "*") as service:
        # After the scan, which does not tell when an item has changed.
        client.put_item(TableName=table, Item={"id": {"S": "a"}})
        wait_for(lambda: service.item("a"))
        yield service.port


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(port, case):
    with Wire(port) as witness:
        run_whole(case, port)
        for number in range(len(case.steps)):
            run_cut(case, port, witness, number)
        run_bytewise(case, port, witness)
