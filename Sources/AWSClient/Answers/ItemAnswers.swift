import TableModel

/// The answer of Scan.
enum ScanAnswer {
    static func decode(_ bytes: UnsafeRawBufferPointer, schema: KeySchema) throws(JSONError) -> ScanPage {
        var json = JSONReader(bytes)
        var batch = ItemBatch()
        // Packed items and their keys take about as much room as the JSON that they come from.
        batch.arena.reserveCapacity(bytes.count)
        var hasItems = false
        var lastKey: [AttributeName: AttributeValue]?
        var capacity: Double?
        try json.readObject { name, json throws(JSONError) in
            switch name {
            case "Items":
                hasItems = true
                try json.readArray { json throws(JSONError) in try json.readItem(into: &batch, schema: schema) }
            case "LastEvaluatedKey": lastKey = try json.readKeyAttributes()
            case "ConsumedCapacity": capacity = try json.readCapacityUnits()
            default: try json.skipValue()
            }
        }
        try json.readEnd()
        guard hasItems else { throw .unmet("there are no Items") }
        return ScanPage(items: batch, lastEvaluatedKey: lastKey, consumedCapacity: capacity)
    }
}

/// The answer of BatchGetItem for one table.
///
/// It names the table as the request did, by name or by ARN. Items under any other name are of another table: the answer is not
/// one then, since keys that it does not tell of count as removed.
enum BatchGetAnswer {
    static func decode(_ bytes: UnsafeRawBufferPointer, table: String) throws(JSONError) -> BatchGetPage {
        var json = JSONReader(bytes)
        var hasResponses = false
        var items: [Item] = []
        var unprocessed: [[AttributeName: AttributeValue]] = []
        try json.readObject { name, json throws(JSONError) in
            switch name {
            case "Responses":
                hasResponses = true
                try json.readObject { name, json throws(JSONError) in
                    try check(name, is: table)
                    try json.readArray { json throws(JSONError) in items.append(try json.readItem()) }
                }
            case "UnprocessedKeys":
                if try json.readNull() { return }
                try json.readObject { name, json throws(JSONError) in
                    try check(name, is: table)
                    unprocessed = try json.readKeyList()
                }
            default: try json.skipValue()
            }
        }
        try json.readEnd()
        guard hasResponses else { throw .unmet("there are no Responses") }
        return BatchGetPage(items: items, unprocessedKeys: unprocessed)
    }

    private static func check(_ name: String, is table: String) throws(JSONError) {
        guard !name.utf8.elementsEqual(table.utf8) else { return }
        throw .unmet("it has items of table \"\(name.prefix(300))\", which was not asked for")
    }
}

extension JSONReader {
    /// `CapacityUnits` of a ConsumedCapacity object.
    fileprivate mutating func readCapacityUnits() throws(JSONError) -> Double? {
        if try readNull() { return nil }
        var units: Double?
        try readObject { name, json throws(JSONError) in
            if name == "CapacityUnits" { units = try json.readDouble() } else { try json.skipValue() }
        }
        return units
    }

    /// `Keys` of a KeysAndAttributes object.
    fileprivate mutating func readKeyList() throws(JSONError) -> [[AttributeName: AttributeValue]] {
        var keys: [[AttributeName: AttributeValue]] = []
        try readObject { name, json throws(JSONError) in
            guard name == "Keys" else { return try json.skipValue() }
            try json.readArray { json throws(JSONError) in
                if let key = try json.readKeyAttributes() { keys.append(key) }
            }
        }
        return keys
    }
}
