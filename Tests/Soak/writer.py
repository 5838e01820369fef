"""Random writes by boto3 straight to the endpoint, each key written by one thread only, so that its order is known."""

import random
import threading


class Writer(threading.Thread):
    """Puts, updates, deletes, batches and transactions over its own keys.

    Every write of a key carries a number `n` that is larger than any that the key ever had, also before a deletion."""

    def __init__(self, peer, table, name, seed, keys, per_second):
        super().__init__(daemon=True)
        self.client, self.table, self.chance = peer.client(), table, random.Random(seed)
        self.keys = [f"{name}-{number:05d}" for number in range(keys)]
        self.pause_between, self.number, self.writes, self.failure = 1 / per_second, 0, 0, None
        self.ending, self.running, self.idle = threading.Event(), threading.Event(), threading.Event()
        self.running.set()

    def fill(self):
        """Starts with two thirds of the keys, which is about where the random writes would lead."""
        present = [key for key in self.keys if self.chance.random() < 0.67]
        for start in range(0, len(present), 25):
            self.batch([self.put_request(key) for key in present[start : start + 25]])

    def run(self):
        try:
            while not self.ending.is_set():
                if not self.running.is_set():
                    self.idle.set()
                    self.running.wait(1)
                    continue
                self.idle.clear()
                self.write()
                self.ending.wait(self.chance.uniform(0, 2 * self.pause_between))
        except Exception as error:
            self.failure = error
        finally:
            self.idle.set()

    def write(self):
        kind = self.chance.choices(("put", "update", "delete", "batch", "transaction"), (30, 30, 20, 3, 3))[0]
        key = self.chance.choice(self.keys)
        some = self.chance.sample(self.keys, self.chance.randint(2, 12))
        if kind == "put":
            self.client.put_item(TableName=self.table, Item=self.item(key))
        elif kind == "update":
            self.client.update_item(TableName=self.table, **self.update(key))
        elif kind == "delete":
            self.client.delete_item(TableName=self.table, Key={"id": {"S": key}})
        elif kind == "batch":
            self.batch([self.delete_request(key) if self.chance.random() < 0.33 else self.put_request(key) for key in some])
        else:
            self.client.transact_write_items(TransactItems=[self.transacted(key) for key in some])
        self.writes += len(some) if kind in ("batch", "transaction") else 1

    def item(self, key):
        self.number += 1
        text = self.chance.choice(("x", "ü", "☃", '"')) * self.chance.randint(0, 300)
        return {"id": {"S": key}, "n": {"N": str(self.number)}, "text": {"S": text}, "tags": {"SS": ["a", "b", text[:3] or "c"]}}

    def update(self, key):
        self.number += 1
        return {
            "Key": {"id": {"S": key}},
            "UpdateExpression": "SET n = :n, seen = :n, flag = :flag REMOVE tags",
            "ExpressionAttributeValues": {":n": {"N": str(self.number)}, ":flag": {"BOOL": self.chance.random() < 0.5}},
        }

    def put_request(self, key):
        return {"PutRequest": {"Item": self.item(key)}}

    def delete_request(self, key):
        return {"DeleteRequest": {"Key": {"id": {"S": key}}}}

    def transacted(self, key):
        kind = self.chance.random()
        if kind < 0.4:
            return {"Put": {"TableName": self.table, "Item": self.item(key)}}
        if kind < 0.7:
            return {"Update": {"TableName": self.table, **self.update(key)}}
        return {"Delete": {"TableName": self.table, "Key": {"id": {"S": key}}}}

    def batch(self, requests):
        left = {self.table: requests}
        while left:
            left = self.client.batch_write_item(RequestItems=left).get("UnprocessedItems")
