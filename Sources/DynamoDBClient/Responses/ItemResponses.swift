import TableModel

/// The response of Scan.
enum ScanResponse {
    /// Reads the response. A row that cannot be read is named beside the others. One whose key is no key of `schema` makes it a
    /// response for another table, which throws.
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
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "Items":
                hasItems = true
                try json.beginArray()
                while try json.nextElement() {
                    if !toleratesFaults {
                        try json.readItem(into: &batch, schema: schema)
                    } else if let fault = try read(try json.skipLoosely(), into: &batch, schema: schema) {
                        unreadable.append(fault)
                    }
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

/// The response of BatchGetItem for one table.
///
/// It names the table as the request did, by name or by ARN. Items under any other name are of another table: the response is
/// invalid then, since keys that it does not tell of count as removed.
enum BatchGetResponse {
    /// Reads the response; items that cannot be read come apart from the others.
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
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "Responses":
                hasResponses = true
                try json.beginObject()
                while let name = try json.nextMember() {
                    try check(name.text, is: table)
                    try json.beginArray()
                    while try json.nextElement() {
                        switch try Lenience.readItem(&json, toleratesFaults: toleratesFaults) {
                        case .success(let item): items.append(item)
                        case .failure(let fault): unreadable.append(fault.item)
                        }
                    }
                }
            case "UnprocessedKeys":
                if try json.readNull() { continue }
                try json.beginObject()
                while let name = try json.nextMember() {
                    try check(name.text, is: table)
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
        try beginObject()
        while let name = try nextMember() {
            if name == "CapacityUnits" { units = try readDouble() } else { try skipValue() }
        }
        return units
    }

    /// `Keys` of a KeysAndAttributes object.
    fileprivate mutating func readKeyList() throws(JSONError) -> [[AttributeName: AttributeValue]] {
        var keys: [[AttributeName: AttributeValue]] = []
        try beginObject()
        while let name = try nextMember() {
            guard name == "Keys" else {
                try skipValue()
                continue
            }
            try beginArray()
            while try nextElement() { if let key = try readKeyAttributes() { keys.append(key) } }
        }
        return keys
    }
}
