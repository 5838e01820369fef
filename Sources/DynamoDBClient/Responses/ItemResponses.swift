import TableModel

/// The answer of Scan.
enum ScanResponse {
    /// Reads the answer. A row that cannot be read is named beside the others; one whose key is no key of `schema` makes it an answer
    /// for another table, which throws.
    static func decode(_ bytes: UnsafeRawBufferPointer, schema: KeySchema) throws(JSONError) -> ScanPage {
        try Lenience.decode(bytes) { bytes, toleratesFaults throws(JSONError) in
            try decode(bytes, schema: schema, toleratesFaults: toleratesFaults)
        }
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer,
        schema: KeySchema,
        toleratesFaults: Bool
    ) throws(JSONError) -> ScanPage {
        var json = JSONReader(bytes)
        var batch = ItemBatch()
        // Packed items and their keys take about as much room as the JSON that they come from.
        batch.arena.reserveCapacity(bytes.count)
        var unreadable: [UnreadableRow] = []
        var hasItems = false
        var lastKey: [AttributeName: AttributeValue]?
        var capacity: Double?
        try json.readObject { name, json throws(JSONError) in
            switch name {
            case "Items":
                hasItems = true
                try json.readArray { json throws(JSONError) in
                    guard toleratesFaults else { return try json.readItem(into: &batch, schema: schema) }
                    let row = try json.skipLoosely(in: bytes)
                    if let fault = try read(row, into: &batch, schema: schema) { unreadable.append(fault) }
                }
            case "LastEvaluatedKey": lastKey = try json.readKeyAttributes()
            case "ConsumedCapacity": capacity = try json.readCapacityUnits()
            default: try json.skipValue()
            }
        }
        try json.readEnd()
        guard hasItems else { throw .unmet("there are no Items") }
        return ScanPage(
            items: batch,
            unreadable: unreadable,
            lastEvaluatedKey: lastKey,
            consumedCapacity: capacity
        )
    }

    /// Reads one row by itself; what is wrong with it, when it cannot be read.
    private static func read(
        _ bytes: UnsafeRawBufferPointer,
        into batch: inout ItemBatch,
        schema: KeySchema
    ) throws(JSONError) -> UnreadableRow? {
        var json = JSONReader(bytes)
        do throws(JSONError) {
            try json.readItem(into: &batch, schema: schema)
            return nil
        } catch let fault {
            let item = PartialItem(bytes, reason: fault.reason)
            do throws(KeyError) { return UnreadableRow(key: try item.key(schema: schema), reason: item.reason) } catch {
                throw .unmet("an item has no valid key: \(error)")
            }
        }
    }
}

/// The answer of BatchGetItem for one table.
///
/// It names the table as the request did, by name or by ARN. Items under any other name are of another table: the answer is not
/// one then, since keys that it does not tell of count as removed.
enum BatchGetResponse {
    /// Reads the answer; items that cannot be read come apart from the others.
    static func decode(_ bytes: UnsafeRawBufferPointer, table: String) throws(JSONError) -> BatchGetPage {
        try Lenience.decode(bytes) { bytes, toleratesFaults throws(JSONError) in
            try decode(bytes, table: table, toleratesFaults: toleratesFaults)
        }
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer,
        table: String,
        toleratesFaults: Bool
    ) throws(JSONError) -> BatchGetPage {
        var json = JSONReader(bytes)
        var hasResponses = false
        var items: [Item] = []
        var unreadable: [PartialItem] = []
        var unprocessed: [[AttributeName: AttributeValue]] = []
        try json.readObject { name, json throws(JSONError) in
            switch name {
            case "Responses":
                hasResponses = true
                try json.readObject { name, json throws(JSONError) in
                    try check(name, is: table)
                    try json.readArray { json throws(JSONError) in
                        guard toleratesFaults else { return items.append(try json.readItem()) }
                        switch Lenience.item(in: try json.skipLoosely(in: bytes)) {
                        case .success(let item): items.append(item)
                        case .failure(let fault): unreadable.append(fault.item)
                        }
                    }
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
        return BatchGetPage(items: items, unreadable: unreadable, unprocessedKeys: unprocessed)
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
