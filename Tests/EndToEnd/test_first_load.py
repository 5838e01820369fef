"""The first load in pages: over several replicas, whose rows have no order in common but that of their keys, and after removals."""

import itertools

import pytest
from support.following import writing
from support.processes import wait_for
from support.service import serving
from support.tables import create_table, fill
from test_replicas import wait_until_positions_carry

ROWS = 400
OPTIONS = ("--poll-interval", "50ms", "--resume-overlap", "2s")


class Turns:
    """A reader that a balancer sends to the next replica with each request, and that keeps the table as a map."""

    def __init__(self, services, **parameters):
        self.services, self.parameters = itertools.cycle(services), parameters
        self.items, self.since, self.pages, self.gone = {}, "0", 0, 0

    def read(self):
        """Reads one page, or waits for a replica that may not have all that was told; whether the page was the newest."""
        service = next(self.services)
        page = service.get("/v1/changes", params={"since": self.since, **self.parameters}, headers={"Prefer": "wait=5"})
        if page.status_code == 503:
            return False
        if page.status_code == 410:
            self.items, self.since, self.gone = {}, "0", self.gone + 1
            return False
        assert page.status_code == 200, page.text
        body = page.json()
        for change in body["changes"]:
            if change["op"] == "put":
                self.items[change["key"]["id"]] = change["item"]
            else:
                self.items.pop(change["key"]["id"], None)
        self.since, self.pages = body["next"], self.pages + 1
        return not body["more"]

    @property
    def loads(self):
        """Whether it is still in its first load."""
        return "." not in self.since


def items(service, **parameters):
    listed, parameters = {}, {"limit": "1000", **parameters}
    while True:
        page = service.get("/v1/items", params=parameters).json()
        listed |= {item["id"]: item for item in page["items"]}
        if page["next"] is None:
            return listed
        parameters["cursor"] = page["next"]


@pytest.mark.parametrize("where", ["", "n < 1000"])
def test_each_page_of_a_load_may_come_from_another_replica(where, ministack, logs):
    """Rows from scans, and writes all the time; each replica has them in an order of its own."""
    client = ministack.client()
    table = create_table(client)
    fill(client, table, ROWS)
    parameters = {"where": where} if where else {}
    with serving(logs, ministack, table, *OPTIONS) as one, serving(logs, ministack, table, *OPTIONS) as two:
        services = [one, two]
        wait_until_positions_carry(two)
        reader = Turns(services, limit=37, **parameters)
        with writing(ministack, table) as made:
            while not reader.pages or reader.loads:
                reader.read()
            assert reader.pages > ROWS // 37 / 2 and reader.gone == 0
            for _ in range(10):
                reader.read()
            assert made() > 0
        client.put_item(TableName=table, Item={"id": {"S": "last"}, "n": {"N": "5"}})
        wait_for(lambda: reader.read() and "last" in reader.items, 30, "the last write to arrive")
        assert reader.gone == 0
        assert reader.items == items(services[0], **parameters)


def test_a_load_of_many_pages_ends_when_removals_were_forgotten(ministack, logs):
    """In the order of the feed its pages would lie before the forgotten removals."""
    client = ministack.client()
    table = create_table(client)
    fill(client, table, ROWS)
    with serving(logs, ministack, table, "--max-tombstones", "1") as service:
        for number in range(5):
            client.delete_item(TableName=table, Key={"id": {"S": f"item-{number:05d}"}})
        wait_for(lambda: len(items(service)) == ROWS - 5, 20, "the removals to arrive")
        reader = Turns([service], limit=100)
        wait_for(reader.read, 10, lambda: f"the end of the load; {reader.gone} times it had to start over")
        assert (reader.gone, reader.items) == (0, items(service))
