"""slowhttptest in its four modes: slow heads, slow bodies, overlapping ranges, slow reading. The service stays available."""

import re
import shutil
import subprocess

import pytest
from support.service import serving
from support.tables import create_table, fill

SECONDS = 12
MODES = {
    "slow heads": ["-H", "-i", "1", "-x", "24", "-u", "/v1/items/item-00001"],
    "slow bodies": ["-B", "-i", "1", "-s", "8192", "-x", "10", "-t", "POST", "-u", "/v1/items"],
    "ranges": ["-R", "-a", "10", "-b", "3000", "-t", "HEAD", "-u", "/v1/items/item-00001"],
    # An item that no socket's buffer takes whole, so that the service holds the rest; three of them on every connection.
    "slow reading": ["-X", "-w", "10", "-y", "20", "-n", "1", "-z", "8", "-k", "3", "-u", "/v1/items/large"],
}


@pytest.mark.parametrize("mode", MODES)
def test_the_service_stays_available(ministack, logs, mode):
    program = shutil.which("slowhttptest")
    assert program, "slowhttptest is not installed: run scripts/install"
    client = ministack.client()
    table = create_table(client)
    fill(client, table, 300)
    client.put_item(TableName=table, Item={"id": {"S": "large"}, "text": {"S": "x" * 390_000}})
    with serving(logs, ministack, table) as service:
        *options, flag, path = MODES[mode]
        assert flag == "-u"
        command = [program, *options, "-u", service.url + path, "-c", "1000", "-r", "300", "-l", str(SECONDS), "-p", "3"]
        finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS + 45)
        text = re.sub(r"\x1b\[[0-9;]*[a-zA-Z]", "", finished.stdout + finished.stderr)
        looks = re.findall(r"service available:\s+(\w+)", text)
        assert looks and set(looks) == {"YES"}, text[-2000:]
        assert service.program.process.poll() is None
        assert service.get("/v1/items/item-00001").status_code == 200
