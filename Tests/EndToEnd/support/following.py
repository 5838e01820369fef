"""Whether a service has followed a table to its last write."""

import time

from .processes import wait_for
from .tables import canonical, truth


def assert_follows(client, table, service):
    """The export equals the table once a last write has arrived."""
    marker = str(time.monotonic_ns())
    client.put_item(TableName=table, Item={"id": {"S": "marker"}, "at": {"S": marker}})
    wait_for(lambda: (service.item("marker") or {}).get("at") == marker, 20, "the last write to arrive")
    assert canonical(service.export()) == truth(client, table)
