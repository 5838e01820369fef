import TableModel

/// Reads what CreateTable and UpdateTable say about keys and streams.
enum TableRequest {
    static func keySchema(_ request: Request) throws(SandboxError) -> KeySchema {
        let types = try attributeTypes(request)
        // One or two of them, as `TableRules` has seen.
        let elements = try request.array("KeySchema") ?? []
        var attributes: [KeyAttribute] = []
        for (element, expected) in zip(elements, ["HASH", "RANGE"]) {
            let element = try Request.object(element)
            guard let name = try element.string("AttributeName"), try element.string("KeyType") == expected else {
                throw SandboxError.validation(
                    expected == "HASH"
                        ? "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
                        : "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
                )
            }
            guard attributes.first?.name != name else {
                throw SandboxError.validation("Invalid KeySchema: Some index key attribute have no definition")
            }
            guard let type = types[AttributeName(name)] else {
                throw SandboxError.parameters(
                    "Some index key attributes are not defined in AttributeDefinitions. Keys: [\(name)], "
                        + "AttributeDefinitions: [\(types.keys.sorted().map(\.text).joined(separator: ", "))]"
                )
            }
            attributes.append(KeyAttribute(name: name, type: type))
        }
        guard types.count == attributes.count else {
            throw SandboxError.parameters(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in "
                    + "AttributeDefinitions"
            )
        }
        return KeySchema(partition: attributes[0], sort: attributes.count == 2 ? attributes[1] : nil)
    }

    private static func attributeTypes(_ request: Request) throws(SandboxError) -> [AttributeName: KeyType] {
        var types: [AttributeName: KeyType] = [:]
        for definition in try request.array("AttributeDefinitions") ?? [] {
            let definition = try Request.object(definition)
            let name = AttributeName(try definition.string("AttributeName") ?? "")
            guard types[name] == nil else {
                throw SandboxError.validation("Duplicate AttributeName in AttributeDefinitions: \(name)")
            }
            types[name] = try definition.string("AttributeType").flatMap(KeyType.init)
        }
        return types
    }

    /// TableClass.
    static func storageClass(_ request: Request) throws(SandboxError) -> Table.StorageClass? {
        try request.string("TableClass").flatMap(Table.StorageClass.init)
    }

    /// StreamSpecification: nil when the request has none; the view type nil when it turns the stream off.
    static func streamSpecification(
        _ request: Request
    ) throws(SandboxError) -> (enabled: Bool, viewType: SandboxViewType?)? {
        guard let specification = try request.object("StreamSpecification") else { return nil }
        let enabled = try specification.bool("StreamEnabled") ?? false
        let viewType = try specification.string("StreamViewType").flatMap(SandboxViewType.init)
        if enabled, viewType == nil {
            throw SandboxError.parameters("StreamViewType is required when StreamEnabled is true")
        }
        if !enabled, viewType != nil {
            throw SandboxError.parameters("StreamViewType cannot be specified when StreamEnabled is false")
        }
        return (enabled, viewType)
    }
}
