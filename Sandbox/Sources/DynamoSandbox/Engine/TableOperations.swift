import Basics
import TableModel

/// CreateTable, DescribeTable, DeleteTable, ListTables.
extension Engine {
    mutating func createTable(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let name = place(ofTable: try request.tableName())
        if request.has("GlobalSecondaryIndexes") || request.has("LocalSecondaryIndexes") {
            throw SandboxError.validation("Secondary indexes are not part of the sandbox")
        }
        let schema = try TableRequest.keySchema(request)
        let billing = try Billing.new(request, now: now)
        let viewType = try TableRequest.streamSpecification(request)?.viewType
        let storageClass = try TableRequest.storageClass(request)
        let isProtected = try request.bool("DeletionProtectionEnabled") ?? false
        _ = try createTable(name, schema: schema, billing: billing, viewType: viewType, now: now)
        tables[name]?.storageClass = storageClass
        tables[name]?.isProtected = isProtected
        return description(of: name, as: "TableDescription", status: .creating)
    }

    mutating func createTable(
        _ name: String,
        schema: KeySchema,
        billing: Billing? = nil,
        viewType: SandboxViewType?,
        now: Int64
    ) throws(SandboxError) -> [UInt8] {
        let name = place(ofTable: name)
        guard tables[name] == nil else {
            throw SandboxError("ResourceInUseException", "Table already exists: \(name)")
        }
        let isForeign = name.hasPrefix("arn:")
        tables[name] = Table(
            name: isForeign ? name.split(separator: "/").last.map(String.init) ?? name : name,
            arn: isForeign ? name : arnPrefix + name,
            schema: schema,
            createdAt: now,
            status: settings.holdsTransitions ? .creating : .active,
            billing: billing ?? .perRequest(now: now)
        )
        if let viewType { enableStream(of: name, viewType, now: now) }
        return description(of: name, as: "TableDescription", status: .creating)
    }

    func describeTable(_ request: Request) throws(SandboxError) -> [UInt8] {
        let name = place(ofTable: try request.tableName())
        guard tables[name] != nil else { throw SandboxError.notFound("Table: \(name) not found") }
        return description(of: name, as: "Table")
    }

    mutating func deleteTable(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let name = place(ofTable: try request.tableName())
        guard let table = tables[name] else { throw SandboxError.notFound("Table: \(name) not found") }
        guard !table.isProtected else {
            throw SandboxError.validation(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
            )
        }
        disableStream(of: name, now: now)
        tables[name]?.status = .deleting
        let response = description(of: name, as: "TableDescription", status: .deleting)
        if !settings.holdsTransitions { tables[name] = nil }
        return response
    }

    func listTables(_ request: Request) throws(SandboxError) -> [UInt8] {
        let limit = try request.integer("Limit", in: 1...SandboxLimits.listPage) ?? SandboxLimits.listPage
        let start = try request.string("ExclusiveStartTableName") ?? ""
        let names = tables.keys.sorted().filter { $0 > start && !$0.hasPrefix("arn:") }
        let page = names.prefix(Int(limit))
        return JSONWriter.object { output in
            output.name("TableNames")
            output.array(page) { $0.string($1) }
            if page.count < names.count, let last = page.last { output.member("LastEvaluatedTableName", last) }
        }
    }

    /// Ends what `holdsTransitions` holds: tables and streams reach the state they were going to.
    mutating func completeTransitions() {
        for (name, table) in tables {
            if table.status == .deleting { tables[name] = nil } else { tables[name]?.status = .active }
        }
        for arn in streams.keys { streams[arn]?.completeTransition() }
    }
}
