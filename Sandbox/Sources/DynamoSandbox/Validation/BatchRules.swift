import TableModel

/// How many requests a batch may have for each table, and how it may name the tables.
enum BatchRules {
    static func collect(
        _ operation: SandboxOperation,
        _ request: Request,
        _ violations: inout Violations
    ) throws(SandboxError) {
        guard let tables = try request.object("RequestItems"), !tables.members.isEmpty else {
            violations.add(.hidden, at: "RequestItems", "have length greater than or equal to 1")
            return
        }
        let names = tables.members.keys.sorted().map(\.text)
        if !names.allSatisfy(TableNameRule.isReference) {
            let rules =
                "[Member must have length less than or equal to \(SandboxLimits.tableNameBytes), Member must have length "
                + "greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
            violations.add(
                .text(try echo(names, tables, operation)),
                at: "requestItems",
                constraint: "Map keys must satisfy constraint: \(rules)"
            )
        }
        for name in names {
            let count = try count(of: name, tables, operation)
            let member = "RequestItems.\(name).member" + (operation == .batchGetItem ? ".Keys" : "")
            if count == 0 {
                violations.add(.hidden, at: member, "have length greater than or equal to 1")
            } else if operation == .batchGetItem, count > SandboxLimits.batchGetKeys {
                violations.add(.hidden, at: member, "have length less than or equal to \(SandboxLimits.batchGetKeys)")
            } else if operation == .batchWriteItem, count > SandboxLimits.batchWriteRequests {
                violations.add(
                    .text(try echo([name], tables, operation)),
                    at: "requestItems",
                    constraint: "Map value must satisfy constraint: [Member must have length less than or equal to "
                        + "\(SandboxLimits.batchWriteRequests), Member must have length greater than or equal to 1]"
                )
            }
        }
    }

    private static func count(
        of name: String,
        _ tables: Request,
        _ operation: SandboxOperation
    ) throws(SandboxError) -> Int {
        if operation == .batchWriteItem { return try tables.array(name)?.count ?? 0 }
        return try tables.object(name)?.array("Keys")?.count ?? 0
    }

    /// The requests as a message shows them: by their number. The service shows them in full, which may be megabytes.
    private static func echo(
        _ names: [String],
        _ tables: Request,
        _ operation: SandboxOperation
    ) throws(SandboxError) -> String {
        var parts: [String] = []
        for name in names { parts.append("\(name)=[\(try count(of: name, tables, operation)) requests]") }
        return "{\(parts.joined(separator: ", "))}"
    }
}
