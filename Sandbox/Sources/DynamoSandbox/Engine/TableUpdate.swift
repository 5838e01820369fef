import TableModel

/// UpdateTable: the stream, the capacity and the table's other settings. Every change is made, or none.
extension Engine {
    private static let known = [
        "ProvisionedThroughput", "BillingMode", "OnDemandThroughput", "StreamSpecification", "TableClass",
        "DeletionProtectionEnabled",
    ]
    private static let unknown = [
        "GlobalSecondaryIndexUpdates", "SSESpecification", "ReplicaUpdates", "WarmThroughput", "MultiRegionConsistency",
        "GlobalTableWitnessUpdates",
    ]

    mutating func updateTable(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let name = place(ofTable: try request.tableName())
        guard var table = tables[name] else { throw SandboxError.notFound("Table: \(name) not found") }
        guard table.status == .active else {
            throw SandboxError(
                "ResourceInUseException",
                "Attempt to change a resource which is still in use: Table: \(name)"
            )
        }
        // A change that is accepted and not made would be worse than none.
        for member in Self.unknown where request.has(member) {
            throw SandboxError.validation("\(member) is not part of the sandbox")
        }
        guard Self.known.contains(where: request.has) else {
            throw SandboxError.validation(
                "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates "
                    + "or SSESpecification or ReplicaUpdates is required"
            )
        }
        try table.billing.update(request, now: now)
        if let storageClass = try TableRequest.storageClass(request) { table.storageClass = storageClass }
        if let isProtected = try request.bool("DeletionProtectionEnabled") { table.isProtected = isProtected }
        let specification = try TableRequest.streamSpecification(request)
        if let specification { try Self.check(specification.enabled, table, name) }
        table.status = settings.holdsTransitions ? .updating : .active
        tables[name] = table
        if let specification {
            if let viewType = specification.viewType {
                enableStream(of: name, viewType, now: now)
            } else {
                disableStream(of: name, now: now)
            }
        }
        return description(of: name, as: "TableDescription", status: .updating)
    }

    private static func check(_ enables: Bool, _ table: Table, _ name: String) throws(SandboxError) {
        if enables, table.streamEnabled {
            throw SandboxError.validation("Table already has an enabled stream: TableName: \(name)")
        }
        if !enables, !table.streamEnabled {
            throw SandboxError.validation("Table does not have a stream to disable: TableName: \(name)")
        }
    }
}
