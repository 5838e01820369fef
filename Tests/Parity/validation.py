"""What both endpoints must refuse, and how a table's capacity changes: calls for `parity.py`."""

from canonical import line

KEY = {"id": {"S": "validation"}}
KEYS = [{"AttributeName": "id", "KeyType": "HASH"}]
ATTRIBUTES = [{"AttributeName": "id", "AttributeType": "S"}]
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
QUERY = {"KeyConditionExpression": "id = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
OPERATIONS = {
    "put_item": {"Item": KEY}, "get_item": {"Key": KEY}, "update_item": {"Key": KEY}, "delete_item": {"Key": KEY},
    "query": QUERY, "scan": {},
}
BAD = {"ReturnConsumedCapacity": "BAD"}


def names(at):
    for operation, members in OPERATIONS.items():
        for name in ("", "x!", "bad name", "a" * 256, "ab"):
            at.call(f"{operation} of table {name[:9]!r}", operation, TableName=name, **members, **BAD if len(name) > 2 else {})
        at.call(f"{operation} of no table", operation, **members)
    for operation in ("describe_table", "delete_table", "update_table"):
        at.call(f"{operation} of table 'x!'", operation, TableName="x!")
    for name in ("ab", "x!y", "a" * 256):
        at.call(f"new table {name[:9]!r}", "create_table", TableName=name, KeySchema=[], AttributeDefinitions=[])


def sets(at):
    both = {"ReturnItemCollectionMetrics": "BAD", **BAD}
    for operation in ("put_item", "delete_item", "update_item"):
        at.call(f"{operation} with bad sets", operation, TableName="parity-plain", ReturnValues="BAD", **both,
                **OPERATIONS[operation])
        at.call(f"{operation} with a bad set", operation, TableName="parity-plain", **BAD, **OPERATIONS[operation])
    for operation in ("get_item", "query", "scan"):
        at.call(f"{operation} with a bad set", operation, TableName="parity-plain", **BAD, **OPERATIONS[operation])
    for operation in ("query", "scan"):
        for select in ("SPECIFIC_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"):
            at.call(f"{operation} {select}", operation, TableName="parity-plain", Select=select, **OPERATIONS[operation])
        at.call(f"{operation} limit 0", operation, TableName="parity-plain", Limit=0, **OPERATIONS[operation])
    at.call("query bad select", "query", TableName="parity-plain", Select="BAD", **QUERY)
    at.call("scan segment -1", "scan", TableName="parity-plain", Segment=-1, TotalSegments=4)


def costs(at):
    for operation, members in OPERATIONS.items():
        for level in ("INDEXES", "TOTAL"):
            # Both have the same items there.
            at.call(f"{operation} costs {level}", operation, TableName="parity-scan", ReturnConsumedCapacity=level,
                    **members, **{"Select": "COUNT"} if operation == "scan" else {})
    at.call("batch write costs INDEXES", "batch_write_item", ReturnConsumedCapacity="INDEXES",
            RequestItems={"parity-plain": [{"DeleteRequest": {"Key": KEY}}]})
    at.call("transaction costs TOTAL", "transact_write_items", ReturnConsumedCapacity="TOTAL",
            TransactItems=[{"Put": {"TableName": "parity-plain", "Item": KEY}}])


def batches(at):
    keys = [{"id": {"S": f"k{number}"}} for number in range(101)]
    puts = [{"PutRequest": {"Item": key}} for key in keys]
    for step, items in (("nothing", {}), ("no keys", {"parity-plain": {"Keys": []}}), ("101 keys", {"parity-plain": {"Keys": keys}}),
                        ("a bad name", {"x!": {"Keys": keys[:1]}})):
        at.call(f"batch get {step}", "batch_get_item", RequestItems=items)
    for step, items in (("nothing", {}), ("no requests", {"parity-plain": []}), ("26 requests", {"parity-plain": puts[:26]}),
                        ("a bad name", {"x!": puts[:1]}),
                        ("a key of another type", {"parity-plain": [{"PutRequest": {"Item": {"id": {"N": "1"}}}}]})):
        at.call(f"batch write {step}", "batch_write_item", RequestItems=items)
    at.call("batch write bad sets", "batch_write_item", RequestItems={"parity-plain": puts[:1]}, **BAD,
            ReturnItemCollectionMetrics="BAD")


def transactions(at):
    def put(key, table="parity-plain", **more):
        return {"Put": {"TableName": table, "Item": {"id": {"S": key}, **more}}}

    for step, items in (("nothing", []), ("no action", [{}]), ("a bad name", [put("a", "x!")]), ("an empty key", [put("")]),
                        ("101 actions", [put(f"k{number}") for number in range(101)]),
                        ("4 MB", [put(f"k{number}", text={"S": "x" * 390_000}) for number in range(11)])):
        at.call(f"transaction of {step}", "transact_write_items", TransactItems=items)
    at.call("transaction with a long token", "transact_write_items", TransactItems=[put("a")], ClientRequestToken="t" * 37)
    at.call("transaction with bad sets", "transact_write_items", TransactItems=[put("a", "x!")], **BAD,
            ReturnItemCollectionMetrics="BAD")


def schemas(at):
    def create(step, keys=KEYS, attributes=ATTRIBUTES, **more):
        billing = more or {"BillingMode": "PAY_PER_REQUEST"}
        at.call(f"new table with {step}", "create_table", TableName="parity-new", KeySchema=keys,
                AttributeDefinitions=attributes, **billing)

    pair = [*KEYS, {"AttributeName": "b", "KeyType": "RANGE"}]
    create("three keys", [*pair, {"AttributeName": "c", "KeyType": "RANGE"}])
    create("an empty schema", [])
    create("a bad key type", [{"AttributeName": "id", "KeyType": "BAD"}])
    create("one key twice", [*KEYS, {"AttributeName": "id", "KeyType": "RANGE"}])
    create("a range key alone", [{"AttributeName": "id", "KeyType": "RANGE"}])
    create("a bad attribute type", attributes=[{"AttributeName": "id", "AttributeType": "BAD"}])
    create("one attribute twice", attributes=ATTRIBUTES * 2)
    create("a bad mode", BillingMode="BAD")
    create("a bad class", BillingMode="PAY_PER_REQUEST", TableClass="BAD")
    create("no units", BillingMode="PROVISIONED")
    create("needless units", BillingMode="PAY_PER_REQUEST", ProvisionedThroughput=UNITS)
    create("zero units", ProvisionedThroughput={**UNITS, "ReadCapacityUnits": 0})


def capacity(at):
    def show(step):
        table = at.tables.describe_table(TableName="parity-capacity")["Table"]
        units = {name: table["ProvisionedThroughput"][name] for name in UNITS}
        # Only one of them shows the mode of a table that was never paid per request.
        print(line(step, {"units": units, "mode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")}))

    def update(step, **change):
        at.call(step, "update_table", TableName="parity-capacity", **change)
        show(f"{step}: described")

    at.tables.create_table(TableName="parity-capacity", KeySchema=KEYS, AttributeDefinitions=ATTRIBUTES, ProvisionedThroughput=UNITS)
    show("new capacity")
    update("more reads and fewer writes", ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 3})
    update("the same again", ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 3})
    update("no reads", ProvisionedThroughput={**UNITS, "ReadCapacityUnits": 0})
    update("an invalid mode", BillingMode="BAD")
    update("per request with units", BillingMode="PAY_PER_REQUEST", ProvisionedThroughput=UNITS)
    update("per request", BillingMode="PAY_PER_REQUEST")
    update("per request again", BillingMode="PAY_PER_REQUEST")
    update("units while per request", ProvisionedThroughput=UNITS)
    update("provisioned again", BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    update("protected", DeletionProtectionEnabled=True)
    at.call("delete a protected table", "delete_table", TableName="parity-capacity")
    at.tables.update_table(TableName="parity-capacity", DeletionProtectionEnabled=False)
    at.tables.delete_table(TableName="parity-capacity")


def validation(at):
    for part in (names, sets, costs, batches, transactions, schemas, capacity):
        part(at)
