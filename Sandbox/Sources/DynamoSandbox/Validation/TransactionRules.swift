import TableModel

/// The members that each action of a transaction requires. A violation names the action's place.
enum TransactionRules {
    static func collect(_ request: Request, _ violations: inout Violations) throws(SandboxError) {
        let entries = try request.array("TransactItems") ?? []
        let most = SandboxLimits.transactionActions
        // The service shows the actions in full, which may be megabytes; here it is their number.
        if entries.isEmpty {
            violations.add(.text("[]"), at: "transactItems", "have length greater than or equal to 1")
        } else if entries.count > most {
            violations.add(
                .text("[\(entries.count) items]"),
                at: "transactItems",
                "have length less than or equal to \(most)"
            )
        }
        if let token = try request.string("ClientRequestToken") {
            let longest = SandboxLimits.tokenCharacters
            if token.isEmpty {
                violations.add(.hidden, at: "ClientRequestToken", "have length greater than or equal to 1")
            } else if token.unicodeScalars.count > longest {
                violations.add(.hidden, at: "ClientRequestToken", "have length less than or equal to \(longest)")
            }
        }
        guard entries.count <= most else { return }
        for (index, entry) in entries.enumerated() {
            try collect(try Request.object(entry), number: index + 1, &violations)
        }
    }

    /// The names of the actions, in the order in which they are looked for.
    static let kinds = ["ConditionCheck", "Put", "Delete", "Update"]

    private static func collect(
        _ entry: Request,
        number: Int,
        _ violations: inout Violations
    ) throws(SandboxError) {
        let found = kinds.filter(entry.has)
        // Two actions in one are no matter of their members.
        guard found.count < 2 else { return }
        guard let kind = found.first, let action = try entry.object(kind) else {
            violations.add(
                .text(""),
                at: "transactItems",
                constraint: "TransactWriteRequest should contain Delete or Put or Update or ConditionCheck"
            )
            return
        }
        let member = kind.prefix(1).lowercased() + kind.dropFirst()
        let path = "transactItems.\(number).member.\(member)"
        if let name = try action.string("TableName") {
            if !TableNameRule.isReference(name) {
                let rule = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
                violations.add(.text(name), at: "\(path).tableName", rule)
            }
        } else {
            violations.require(action, "TableName", at: "\(path).tableName")
        }
        let needed =
            switch kind {
            case "Put": ["Item"]
            case "ConditionCheck": ["Key", "ConditionExpression"]
            case "Update": ["Key", "UpdateExpression"]
            default: ["Key"]
            }
        for name in needed {
            violations.require(action, name, at: "\(path).\(name.prefix(1).lowercased() + name.dropFirst())")
        }
        try violations.check(
            action,
            "ReturnValuesOnConditionCheckFailure",
            ["ALL_OLD", "NONE"],
            at: "\(path).returnValuesOnConditionCheckFailure"
        )
    }
}
