public import TableModel

/// Writes and reads inside the process, for the demo's writer and for tests.
extension DynamoSandbox {
    /// Creates a table, with a stream when `viewType` is given. `name` may be the ARN of a table of another account or Region, which
    /// is known by its ARN alone, here and to requests.
    public func createTable(
        _ name: String,
        _ schema: KeySchema,
        stream viewType: SandboxViewType? = .newAndOldImages
    ) throws(SandboxError) {
        try withEngine { engine, now throws(SandboxError) in
            _ = try engine.createTable(name, schema: schema, viewType: viewType, now: now)
        }
    }

    /// PutItem.
    public func put(_ item: [AttributeName: AttributeValue], into table: String) throws(SandboxError) {
        let item = try AttributeIntake.normalise(item)
        try write(WriteAction(table: table, effect: .put(item)))
    }

    /// UpdateItem: `expression` with its placeholders, `names` with `#` and `values` with `:`.
    public func update(
        _ key: [AttributeName: AttributeValue],
        in table: String,
        _ expression: String,
        names: [AttributeName: String] = [:],
        values: [AttributeName: AttributeValue] = [:]
    ) throws(SandboxError) {
        let key = try AttributeIntake.normalise(key)
        var placeholders = Placeholders(names: names, values: try AttributeIntake.normalise(values))
        let update = try UpdateParser.parse(expression, &placeholders)
        try write(WriteAction(table: table, effect: .update(key: key, update)))
    }

    /// DeleteItem.
    public func delete(_ key: [AttributeName: AttributeValue], from table: String) throws(SandboxError) {
        let key = try AttributeIntake.normalise(key)
        try write(WriteAction(table: table, effect: .delete(key: key)))
    }

    /// Removes an item as DynamoDB's time to live does: the record says that the service did it.
    public func expire(_ key: [AttributeName: AttributeValue], in table: String) throws(SandboxError) {
        let key = try AttributeIntake.normalise(key)
        try write(WriteAction(table: table, effect: .delete(key: key)), byTimeToLive: true)
    }

    /// Several puts in one step, so that nothing comes between them.
    public func put(all items: [[AttributeName: AttributeValue]], into table: String) throws(SandboxError) {
        var actions: [WriteAction] = []
        for item in items {
            actions.append(WriteAction(table: table, effect: .put(try AttributeIntake.normalise(item))))
        }
        let all = actions
        try withEngine { engine, now throws(SandboxError) in
            for action in all { engine.commit(try engine.plan(action), now: now) }
        }
    }

    /// The item as it is now; nil when there is none.
    public func item(
        _ key: [AttributeName: AttributeValue],
        in table: String
    ) throws(SandboxError) -> [AttributeName: AttributeValue]? {
        let key = try AttributeIntake.normalise(key)
        return try withEngine { engine, _ throws(SandboxError) in
            let table = try engine.activeTable(table)
            return table.items[try table.orderKey(ofKey: key)]?.item.attributes
        }
    }

    /// Every item of a table in Scan order, packed.
    public func items(of table: String) throws(SandboxError) -> [Item] {
        try withEngine { engine, _ throws(SandboxError) in
            let items = try engine.activeTable(table).items
            var all: [Item] = []
            all.reserveCapacity(items.count)
            var cursor = items.start
            while cursor < items.end {
                all.append(items[cursor].value.item)
                cursor = items.after(cursor)
            }
            return all
        }
    }

    /// How many items a table has.
    public func itemCount(of table: String) throws(SandboxError) -> Int {
        try withEngine { engine, _ throws(SandboxError) in try engine.activeTable(table).items.count }
    }

    private func write(_ action: WriteAction, byTimeToLive: Bool = false) throws(SandboxError) {
        try withEngine { engine, now throws(SandboxError) in
            engine.commit(try engine.plan(action), now: now, byTimeToLive: byTimeToLive)
        }
    }
}
