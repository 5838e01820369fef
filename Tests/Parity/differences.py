"""Where the sandbox and ministack 1.5.33 answer differently on purpose: the sandbox as AWS does, ministack as noted here.

Each entry is a reason and the steps it covers. Two kinds: another outcome, and the same error in other words.
"""

OUTCOMES = {
    "AWS answers CREATING (and UPDATING) while it works; ministack is done at once": [
        "create parity-plain", "create parity-pair", "create parity-binary", "create parity-query", "create parity-numbers",
        "create parity-scan", "create parity-large", "create parity-new-and-old-images", "create parity-new-image",
        "create parity-old-image", "create parity-keys-only", "create parity-stream", "enable stream",
        "more reads and fewer writes", "per request", "per request again", "provisioned again", "protected",
    ],
    "AWS refuses a name that no table can have; ministack looks for the table": [
        "describe_table of table 'x!'", "delete_table of table 'x!'", "update_table of table 'x!'",
    ],
    "AWS leaves StreamSpecification out once the stream is off": ["disable stream"],
    "AWS refuses to enable a stream that is enabled": ["enable again"],
    "N keys are compared by value, so 1e2 finds 100; ministack normalises them in puts only": ["get number key"],
    "A function on an attribute of another type is false; only a wrong literal is an error": [
        "condition begins_with(n, :he)", "broken condition 'begins_with(s, :n)'", "broken condition 'attribute_type(n, :n)'",
    ],
    "AWS refuses unknown functions and stray characters; ministack reads on": [
        "broken condition 'nothing(n)'", "broken condition 'n ; :n'",
    ],
    "List indexes mean the list before the update; elements past its end are appended in index order": [
        "lone update SET l[9] = :a, l[7] = :b ALL_NEW", "lone update REMOVE l[0], l[2] ALL_NEW",
    ],
    "UPDATED_NEW holds the updated elements of a list only": ["lone update SET l[0] = :v UPDATED_NEW"],
    "AWS refuses a path through a missing map, and an index into a map": [
        "lone update REMOVE absent.x ALL_NEW", "lone update SET m[0] = :v ALL_NEW",
    ],
    "AWS refuses + of a string and list_append of a number": [
        "lone update SET a = :s + :v ALL_NEW", "lone update SET l = list_append(a, :l) ALL_NEW",
    ],
    "AWS refuses overlapping paths and a clause that comes twice": [
        "lone update SET a = :v, a = :v ALL_NEW", "lone update SET a = :v REMOVE a ALL_NEW",
        "lone update SET a = :v SET b = :v ALL_NEW",
    ],
    "AWS refuses an incomplete SET clause": [
        "lone update SET a :v ALL_NEW", "lone update SET ALL_NEW", "lone update SET a = :v, ALL_NEW",
    ],
    "AWS allows AND of =, <, <=, >, >=, BETWEEN and begins_with on keys, and no key in a filter": [
        "query parity-query id = :q OR pos = :a []", "query parity-query id = :q AND pos <> :a []",
        "query parity-query id = :q AND contains(pos, :a) []",
        "query parity-query id = :q [('FilterExpression', 'pos = :a')]",
    ],
    "A page ends with the item that reaches 1 MB; ministack ends it before": ["scan pages of a megabyte"],
}

# The code is the same. The words are AWS's where its documentation or the SDKs' issues quote them, ministack's are its own.
WORDS = [
    "key without definition", "definition without key", "refuse string twice", "refuse empty value",
    "broken condition 'name = :n'", "broken condition 'begins_with(n)'", "broken condition 'attribute_exists(:n)'",
    "broken condition 'n BETWEEN :nine AND :n'", "values without expression", "update SET a = :a, b.c = :a ALL_NEW",
    "put returns updated", "lone update DELETE a :v ALL_NEW", "lone update SET m = :v, m.x = :v ALL_NEW",
    "lone update SET a = nothing(:v) ALL_NEW", "lone update ADD a :v ALL_NEW", "batch write too many",
    "query parity-query id > :q []", "query parity-query id = :q AND n = :a []",
    "query parity-query id = :q [('ExclusiveStartKey', {'id': {'S': 'q'}})]", "query without condition",
    "iterator AT_SEQUENCE_NUMBER False", "wrong iterator type", "absent stream", "broken iterator",
    # us-east-1 neither shows an empty name nor spells the member small.
    "put_item of table ''", "get_item of table ''", "update_item of table ''", "delete_item of table ''", "query of table ''",
    "scan of table ''",
    # The set, spelled in another way.
    "put_item with bad sets", "delete_item with bad sets", "update_item with bad sets",
    # The requests are shown in full there, and by their number here.
    "batch get a bad name", "batch write 26 requests", "batch write a bad name", "transaction of 101 actions",
    "new table with an empty schema", "new table with a range key alone", "new table with no units", "new table with zero units",
    "the same again", "no reads", "per request with units", "units while per request", "delete a protected table",
]
