import TableModel

/// Reads the writes of requests: expressions, placeholders, items and keys.
enum WriteRequest {
    /// The parameters of the time before expressions, which the sandbox does not have.
    private static let legacy = ["Expected", "ConditionalOperator", "AttributeUpdates"]

    static func put(_ request: Request) throws(SandboxError) -> WriteAction {
        try refuseLegacy(request)
        let table = try request.tableName()
        guard let item = try request.attributes("Item") else {
            throw SandboxError.constraint("null", at: "item", "not be null")
        }
        var action = WriteAction(table: table, effect: .put(item))
        try readCondition(request, &action)
        return action
    }

    static func delete(_ request: Request) throws(SandboxError) -> WriteAction {
        try refuseLegacy(request)
        var action = WriteAction(table: try request.tableName(), effect: .delete(key: try key(request)))
        try readCondition(request, &action)
        return action
    }

    static func check(_ request: Request) throws(SandboxError) -> WriteAction {
        var action = WriteAction(table: try request.tableName(), effect: .check(key: try key(request)))
        guard request.has("ConditionExpression") else {
            throw SandboxError.constraint("null", at: "conditionExpression", "not be null")
        }
        try readCondition(request, &action)
        return action
    }

    static func update(_ request: Request) throws(SandboxError) -> WriteAction {
        try refuseLegacy(request)
        let table = try request.tableName()
        let key = try key(request)
        var placeholders = try Placeholders(request, expressions: ["UpdateExpression", "ConditionExpression"])
        var update = UpdateExpression()
        if let expression = try request.string("UpdateExpression") {
            update = try UpdateParser.parse(expression, &placeholders)
        }
        var action = WriteAction(table: table, effect: .update(key: key, update))
        try readCondition(request, &action, &placeholders)
        return action
    }

    static func key(_ request: Request) throws(SandboxError) -> Attributes {
        guard let key = try request.attributes("Key") else {
            throw SandboxError.constraint("null", at: "key", "not be null")
        }
        return key
    }

    private static func readCondition(_ request: Request, _ action: inout WriteAction) throws(SandboxError) {
        var placeholders = try Placeholders(request, expressions: ["ConditionExpression"])
        try readCondition(request, &action, &placeholders)
    }

    private static func readCondition(
        _ request: Request,
        _ action: inout WriteAction,
        _ placeholders: inout Placeholders
    ) throws(SandboxError) {
        if let expression = try request.string("ConditionExpression") {
            action.condition = try ConditionParser.parse(expression, .condition, &placeholders)
        }
        try placeholders.checkAllUsed()
        let onFailure = try request.choice("ReturnValuesOnConditionCheckFailure", among: ["ALL_OLD", "NONE"])
        action.returnsOldOnFailure = onFailure == "ALL_OLD"
    }

    private static func refuseLegacy(_ request: Request) throws(SandboxError) {
        for name in legacy where request.has(name) {
            throw SandboxError.validation("\(name) is not part of the sandbox: use expressions")
        }
    }
}
