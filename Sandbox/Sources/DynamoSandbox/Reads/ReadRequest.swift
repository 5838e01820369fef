import TableModel

/// The parameters that Scan and Query have in common.
struct ReadRequest {
    let limit: Int?
    let consistent: Bool
    let countsOnly: Bool
    let start: Attributes?
    let filter: Condition?
    let projection: Projection?
    let keyCondition: Condition?
    let capacity: Capacity

    init(_ request: Request, isQuery: Bool) throws(SandboxError) {
        for name in ["KeyConditions", "QueryFilter", "ScanFilter", "AttributesToGet"] where request.has(name) {
            throw SandboxError.validation("\(name) is not part of the sandbox: use expressions")
        }
        if let index = try request.string("IndexName") {
            throw SandboxError.validation("The table does not have the specified index: \(index)")
        }
        limit = try request.integer("Limit", in: 1...Int64(Int32.max)).map(Int.init)
        consistent = try request.bool("ConsistentRead") ?? false
        let selects = ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"]
        let select = try request.choice("Select", among: selects)
        countsOnly = select == "COUNT"
        if request.has("ProjectionExpression"), let select, select != "SPECIFIC_ATTRIBUTES" {
            let what = select == "COUNT" ? "only the Count" : select
            throw SandboxError.validation("Cannot specify the ProjectionExpression when choosing to get \(what)")
        }
        if select == "ALL_PROJECTED_ATTRIBUTES" {
            throw SandboxError.validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
        }
        if select == "SPECIFIC_ATTRIBUTES", !request.has("ProjectionExpression") {
            let frame = isQuery ? "1 validation error detected: " : ""
            throw SandboxError.validation(
                "\(frame)Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
        }
        start = try request.attributes("ExclusiveStartKey")
        capacity = try Capacity(request)
        let expressions =
            ["FilterExpression", "ProjectionExpression"] + (isQuery ? ["KeyConditionExpression"] : [])
        var placeholders = try Placeholders(request, expressions: expressions)
        keyCondition = try request.string("KeyConditionExpression").map { text throws(SandboxError) in
            try ConditionParser.parse(text, .keyCondition, &placeholders)
        }
        filter = try request.string("FilterExpression").map { text throws(SandboxError) in
            try ConditionParser.parse(text, .filter, &placeholders)
        }
        projection = try request.string("ProjectionExpression").map { text throws(SandboxError) in
            try Projection.parse(text, &placeholders)
        }
        try placeholders.checkAllUsed()
    }

    /// ExclusiveStartKey as a place in the table.
    func startKey(in table: Table) throws(SandboxError) -> OrderKey? {
        guard let start else { return nil }
        do {
            return try table.orderKey(ofKey: start)
        } catch {
            throw SandboxError.validation(
                "The provided starting key is invalid: The provided key element does not match the schema"
            )
        }
    }
}
