"""A writer of items that are costly to send, to compare or to test, for the attackers."""

import random

from attackers import HUGE_KEY, HUGE_NAME_BYTES, HUGE_NUMBERS, LARGE_BYTES, LARGE_KEYS, POLLED_KEY
from writer import Writer

POLLED_BYTES = 50_000


class LargeItems(Writer):
    """Rewrites one item with a long attribute name over many numbers, and one that long polls wait for; large ones lie still."""

    def __init__(self, peer, table):
        super().__init__(peer, table, "large", seed=0, keys=0, per_second=2)

    def fill(self):
        for key in LARGE_KEYS:
            self.put(key, {"text": {"S": random.Random(key).randbytes(LARGE_BYTES // 2).hex()}})
        self.write()

    def write(self):
        """Each write changes every number of the huge item."""
        self.put(HUGE_KEY, {"x" * HUGE_NAME_BYTES: {"L": [{"N": str(self.number + place)} for place in range(HUGE_NUMBERS)]}})
        self.put(POLLED_KEY, {"text": {"S": "y" * POLLED_BYTES}})

    def put(self, key, attributes):
        self.number += 1
        self.client.put_item(TableName=self.table, Item={"id": {"S": key}, "n": {"N": str(self.number)}, **attributes})
        self.writes += 1
