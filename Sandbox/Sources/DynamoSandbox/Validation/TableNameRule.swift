/// The rule for names of tables. An invalid name is rejected before anything else in the request is checked.
enum TableNameRule {
    private static let pattern = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"

    /// Checks the TableName of an operation on items: a name or an ARN.
    static func checkItemOperation(_ request: Request) throws(SandboxError) {
        var violations = Violations()
        if let name = try request.string("TableName") {
            add(violationOf: name, to: &violations)
        } else {
            violations.require(request, "TableName", at: "tableName")
        }
        try violations.check()
    }

    /// Checks the TableName of an operation on tables that are there: a name or an ARN.
    static func checkTableOperation(_ request: Request) throws(SandboxError) {
        var violations = Violations()
        add(violationOf: try request.tableName(), to: &violations)
        try violations.check()
    }

    /// Checks the name of a new table.
    static func checkNew(_ name: String) throws(SandboxError) {
        var violations = Violations()
        add(violationOf: name, at: "tableName", minimum: 3, to: &violations)
        try violations.check()
    }

    /// Adds what is wrong with a name alone.
    static func add(violationOf name: String, at member: String, minimum: Int, to violations: inout Violations) {
        if name.utf8.count < minimum {
            violations.add(.text(name), at: member, "have length greater than or equal to \(minimum)")
        } else if name.utf8.count > SandboxLimits.tableNameBytes {
            violations.add(.text(name), at: member, "have length less than or equal to \(SandboxLimits.tableNameBytes)")
        } else if !hasAllowedCharacters(name) {
            violations.add(.text(name), at: member, pattern)
        }
    }

    /// Whether a batch or a transaction can name a table so.
    static func isReference(_ name: String) -> Bool {
        if name.hasPrefix("arn:") { return name.utf8.count <= SandboxLimits.tableARNBytes }
        return (3...SandboxLimits.tableNameBytes).contains(name.utf8.count) && hasAllowedCharacters(name)
    }

    private static func add(violationOf name: String, to violations: inout Violations) {
        if name.hasPrefix("arn:") {
            guard name.utf8.count > SandboxLimits.tableARNBytes else { return }
            let most = SandboxLimits.tableARNBytes
            violations.add(.text(name), at: "tableName", "have length less than or equal to \(most)")
        } else if name.isEmpty {
            // The service shows neither the value nor its own spelling of the member here.
            violations.add(.hidden, at: "TableName", "have length greater than or equal to 1")
        } else {
            add(violationOf: name, at: "tableName", minimum: 1, to: &violations)
        }
    }

    private static func hasAllowedCharacters(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
    }
}
