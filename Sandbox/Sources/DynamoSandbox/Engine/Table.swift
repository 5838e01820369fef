import TableModel

/// An item as a table keeps it: packed, with the size DynamoDB counts for it.
struct StoredItem: Sendable {
    let item: Item
    let size: Int
}

/// One table.
struct Table: Sendable {
    enum Status: String, Sendable {
        case creating = "CREATING"
        case active = "ACTIVE"
        case updating = "UPDATING"
        case deleting = "DELETING"
    }

    enum BillingMode: String, Sendable, CaseIterable {
        case provisioned = "PROVISIONED"
        case payPerRequest = "PAY_PER_REQUEST"
    }

    /// TableClass.
    enum StorageClass: String, Sendable, CaseIterable {
        case standard = "STANDARD"
        case infrequentAccess = "STANDARD_INFREQUENT_ACCESS"
    }

    let name: String
    let arn: String
    let schema: KeySchema
    /// Milliseconds since 1970 UTC.
    let createdAt: Int64
    var status: Status
    var billing: Billing
    /// Why the table refuses reads and writes; nil where it does not.
    var obstruction: Obstruction?
    /// Nil while nobody has named one, which means STANDARD.
    var storageClass: StorageClass?
    /// DeletionProtectionEnabled.
    var isProtected = false
    /// Items by the hash of their partition, then by key: the order of a Scan.
    var items = OrderedMap<OrderKey, StoredItem>()
    var bytes = 0
    /// The newest stream, enabled or not.
    var latestStreamARN: String?
    var streamEnabled = false
    var streamViewType: SandboxViewType?
    /// The items before their last writes, while reads are to be stale.
    var past: [OrderKey: PastItem] = [:]

    /// The key that addresses `key`, which must hold the key attributes and nothing else.
    func orderKey(ofKey key: Attributes) throws(SandboxError) -> OrderKey {
        let names = [schema.partition.name] + (schema.sort.map { [$0.name] } ?? [])
        guard key.count == names.count, names.allSatisfy({ key[AttributeName($0)] != nil }) else {
            throw SandboxError.validation("The provided key element does not match the schema")
        }
        try checkKeyTypes(of: key)
        return try orderKey(ofItem: key)
    }

    /// Checks that an item has the key attributes, each of its type, in the words for keys.
    func checkKeyTypes(of item: Attributes) throws(SandboxError) {
        for attribute in [schema.partition, schema.sort].compactMap({ $0 }) {
            guard item[AttributeName(attribute.name)]?.typeCode == attribute.type.rawValue else {
                throw SandboxError.validation("The provided key element does not match the schema")
            }
        }
    }

    /// The key of a whole item.
    func orderKey(ofItem item: Attributes) throws(SandboxError) -> OrderKey {
        let partition = try keyValue(schema.partition, in: item, limit: SandboxLimits.partitionKeyBytes, kind: "hash")
        let sort = try schema.sort.map { attribute throws(SandboxError) in
            try keyValue(attribute, in: item, limit: SandboxLimits.sortKeyBytes, kind: "range")
        }
        return try orderKey(partition: partition, sort: sort)
    }

    func orderKey(partition: AttributeValue, sort: AttributeValue?) throws(SandboxError) -> OrderKey {
        do {
            let prefix = try ItemKey.partitionPrefix(partition, schema: schema)
            let key = try ItemKey(partition: partition, sort: sort, schema: schema)
            return OrderKey(hash: OrderKey.hash(partition: prefix), bytes: key.bytes)
        } catch {
            throw SandboxError.validation("The provided key element does not match the schema")
        }
    }

    /// The key's attributes of an item or key.
    func keyAttributes(of item: Attributes) -> Attributes {
        var key: Attributes = [:]
        for attribute in [schema.partition, schema.sort].compactMap({ $0 }) {
            let name = AttributeName(attribute.name)
            key[name] = item[name]
        }
        return key
    }

    private func keyValue(
        _ attribute: KeyAttribute,
        in item: Attributes,
        limit: Int,
        kind: String
    ) throws(SandboxError) -> AttributeValue {
        guard let value = item[AttributeName(attribute.name)] else {
            throw SandboxError.parameters("Missing the key \(attribute.name) in the item")
        }
        let length: Int
        switch (value, attribute.type) {
        case (.number, .number): return value
        case (.string(let text), .string): length = text.utf8.count
        case (.binary(let bytes), .binary): length = bytes.count
        default:
            throw SandboxError.parameters(
                "Type mismatch for key \(attribute.name) expected: \(attribute.type.rawValue) actual: \(value.typeCode)"
            )
        }
        if length == 0 {
            let kind = attribute.type == .string ? "string" : "binary"
            throw SandboxError.emptyKey(attribute.name, kind)
        }
        if length > limit {
            throw SandboxError.parameters(
                "Size of \(kind)key has exceeded the maximum size limit of\(limit) bytes"
            )
        }
        return value
    }
}
