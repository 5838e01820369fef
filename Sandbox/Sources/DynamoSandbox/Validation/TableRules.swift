import TableModel

/// The constraints of CreateTable and UpdateTable.
enum TableRules {
    static func collect(
        _ operation: SandboxOperation,
        _ request: Request,
        _ violations: inout Violations
    ) throws(SandboxError) {
        if operation == .createTable {
            try collectDefinitions(request, &violations)
            try collectKeySchema(request, &violations)
        }
        let modes = Table.BillingMode.allCases.map(\.rawValue)
        try violations.check(request, "BillingMode", modes, at: "billingMode")
        let classes = Table.StorageClass.allCases.map(\.rawValue)
        try violations.check(request, "TableClass", classes, at: "tableClass")
        if let throughput = try request.object("ProvisionedThroughput") {
            for (name, member) in [
                ("ReadCapacityUnits", "readCapacityUnits"), ("WriteCapacityUnits", "writeCapacityUnits"),
            ] {
                let path = "provisionedThroughput.\(member)"
                violations.require(throughput, name, at: path)
                try violations.check(throughput, name, in: 1...Int64.max, at: path)
            }
        }
        guard let specification = try request.object("StreamSpecification") else { return }
        let views = SandboxViewType.allCases.map(\.rawValue)
        try violations.check(specification, "StreamViewType", views, at: "streamSpecification.streamViewType")
        violations.require(specification, "StreamEnabled", at: "streamSpecification.streamEnabled")
    }

    private static func collectDefinitions(_ request: Request, _ violations: inout Violations) throws(SandboxError) {
        for (index, definition) in (try request.array("AttributeDefinitions") ?? []).enumerated() {
            let definition = try Request.object(definition)
            let path = "attributeDefinitions.\(index + 1).member"
            violations.require(definition, "AttributeName", at: "\(path).attributeName")
            violations.require(definition, "AttributeType", at: "\(path).attributeType")
            try violations.check(definition, "AttributeType", ["B", "N", "S"], at: "\(path).attributeType")
        }
    }

    private static func collectKeySchema(_ request: Request, _ violations: inout Violations) throws(SandboxError) {
        guard let elements = try request.array("KeySchema") else {
            violations.add(.null, at: "keySchema", "not be null")
            return
        }
        var shown: [String] = []
        for (index, element) in elements.enumerated() {
            let element = try Request.object(element)
            let path = "keySchema.\(index + 1).member"
            violations.require(element, "AttributeName", at: "\(path).attributeName")
            violations.require(element, "KeyType", at: "\(path).keyType")
            try violations.check(element, "KeyType", ["HASH", "RANGE"], at: "\(path).keyType")
            let (name, type) = (try element.string("AttributeName"), try element.string("KeyType"))
            shown.append("KeySchemaElement(attributeName=\(name ?? "null"), keyType=\(type ?? "null"))")
        }
        let value = Violations.Value.text("[\(shown.joined(separator: ", "))]")
        if elements.isEmpty {
            violations.add(value, at: "keySchema", "have length greater than or equal to 1")
        } else if elements.count > 2 {
            violations.add(value, at: "keySchema", "have length less than or equal to 2")
        }
    }
}
