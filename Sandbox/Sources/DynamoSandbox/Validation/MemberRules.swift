/// The constraints of the service model that need no table. They are checked before an operation begins, and one
/// message names all that are broken.
enum MemberRules {
    /// Checks a request's table name first, and alone; then everything else at once.
    static func check(_ operation: SandboxOperation, _ request: Request) throws(SandboxError) {
        try checkTableName(operation, request)
        var violations = Violations()
        try collect(operation, request, &violations)
        try violations.check()
    }

    private static func checkTableName(_ operation: SandboxOperation, _ request: Request) throws(SandboxError) {
        switch operation {
        case .putItem, .updateItem, .deleteItem, .getItem, .query, .scan:
            try TableNameRule.checkItemOperation(request)
        case .describeTable, .deleteTable, .updateTable:
            try TableNameRule.checkTableOperation(request)
        case .listStreams where request.has("TableName"):
            try TableNameRule.checkTableOperation(request)
        // A new table's name may be an ARN of this account, which the engine knows; batches name theirs as keys.
        default: break
        }
    }

    private static func collect(
        _ operation: SandboxOperation,
        _ request: Request,
        _ violations: inout Violations
    ) throws(SandboxError) {
        switch operation {
        case .putItem, .deleteItem, .updateItem: try collectWrite(operation, request, &violations)
        case .getItem:
            try checkCapacity(request, &violations)
            violations.require(request, "Key", at: "key")
        case .query, .scan: try collectRead(operation, request, &violations)
        case .batchGetItem, .batchWriteItem:
            try BatchRules.collect(operation, request, &violations)
            try checkCapacity(request, &violations)
            if operation == .batchWriteItem { try checkMetrics(request, &violations) }
        case .transactWriteItems:
            try checkCapacity(request, &violations)
            try checkMetrics(request, &violations)
            try TransactionRules.collect(request, &violations)
        case .createTable, .updateTable: try TableRules.collect(operation, request, &violations)
        case .listTables:
            try violations.check(request, "Limit", in: 1...SandboxLimits.listPage, at: "limit")
            if let name = try request.string("ExclusiveStartTableName") {
                let member = "exclusiveStartTableName"
                TableNameRule.add(violationOf: name, at: member, minimum: 3, to: &violations)
            }
        case .describeTable, .deleteTable: break
        case .listStreams, .describeStream, .getShardIterator, .getRecords:
            try StreamRules.collect(operation, request, &violations)
        }
    }

    private static func collectWrite(
        _ operation: SandboxOperation,
        _ request: Request,
        _ violations: inout Violations
    ) throws(SandboxError) {
        var choices = Violations()
        let values = ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"]
        try choices.check(request, "ReturnValues", values, at: "returnValues")
        try checkCapacity(request, &choices)
        try checkMetrics(request, &choices)
        let failure = "ReturnValuesOnConditionCheckFailure"
        try choices.check(request, failure, ["ALL_OLD", "NONE"], at: "returnValuesOnConditionCheckFailure")
        let name = operation == .putItem ? "Item" : "Key"
        // UpdateItem stops at the first of these, except in a request without a key.
        violations.append(choices, most: operation == .updateItem && request.has(name) ? 1 : .max)
        violations.require(request, name, at: name.lowercased())
    }

    private static func collectRead(
        _ operation: SandboxOperation,
        _ request: Request,
        _ violations: inout Violations
    ) throws(SandboxError) {
        try checkCapacity(request, &violations)
        let selects = ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"]
        try violations.check(request, "Select", selects, at: "select")
        if operation == .query, let limit = try request.integer("Limit"), limit < 1 {
            violations.add(.hidden, at: "Limit", "have value greater than or equal to 1")
        } else {
            try violations.check(request, "Limit", in: 1...Int64(Int32.max), at: "limit")
        }
        guard operation == .scan else { return }
        try violations.check(request, "Segment", in: 0...(SandboxLimits.segments - 1), at: "segment")
        try violations.check(request, "TotalSegments", in: 1...SandboxLimits.segments, at: "totalSegments")
    }

    private static func checkCapacity(_ request: Request, _ violations: inout Violations) throws(SandboxError) {
        let levels = ["INDEXES", "TOTAL", "NONE"]
        try violations.check(request, "ReturnConsumedCapacity", levels, at: "returnConsumedCapacity")
    }

    private static func checkMetrics(_ request: Request, _ violations: inout Violations) throws(SandboxError) {
        try violations.check(
            request,
            "ReturnItemCollectionMetrics",
            ["SIZE", "NONE"],
            at: "returnItemCollectionMetrics"
        )
    }
}
