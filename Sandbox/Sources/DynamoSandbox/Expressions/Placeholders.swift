import TableModel

/// ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them its expressions used.
struct Placeholders: Sendable {
    private let names: [AttributeName: String]
    private let values: Attributes
    private var usedNames: Set<AttributeName> = []
    private var usedValues: Set<AttributeName> = []

    /// Placeholders given inside the process.
    init(names: [AttributeName: String] = [:], values: Attributes = [:]) {
        self.names = names
        self.values = values
    }

    /// Reads both maps. `expressions` are the parameters that could use them: with none present the maps are refused.
    init(_ request: Request, expressions: [String]) throws(SandboxError) {
        names = try Self.readNames(request)
        values = try Self.readValues(request)
        guard !expressions.contains(where: request.has) else { return }
        let absent = expressions.count == 1 ? ": \(expressions[0]) is null" : ""
        if request.has("ExpressionAttributeNames") {
            throw SandboxError.validation(
                "ExpressionAttributeNames can only be specified when using expressions\(absent)"
            )
        }
        if request.has("ExpressionAttributeValues") {
            throw SandboxError.validation(
                "ExpressionAttributeValues can only be specified when using expressions\(absent)"
            )
        }
    }

    private static func readNames(_ request: Request) throws(SandboxError) -> [AttributeName: String] {
        guard let map = try request.object("ExpressionAttributeNames") else { return [:] }
        guard !map.members.isEmpty else { throw SandboxError.validation("ExpressionAttributeNames must not be empty") }
        var names: [AttributeName: String] = [:]
        for key in map.members.keys.sorted() {
            guard key.text.hasPrefix("#"), key.text.utf8.count > 1 else {
                throw SandboxError.validation(
                    "ExpressionAttributeNames contains invalid key: Syntax error; key: \"\(key)\""
                )
            }
            names[key] = try map.string(key.text) ?? ""
        }
        return names
    }

    private static func readValues(_ request: Request) throws(SandboxError) -> Attributes {
        guard let map = try request.object("ExpressionAttributeValues") else { return [:] }
        guard !map.members.isEmpty else { throw SandboxError.validation("ExpressionAttributeValues must not be empty") }
        var values: Attributes = [:]
        for key in map.members.keys.sorted() {
            guard key.text.hasPrefix(":"), key.text.utf8.count > 1 else {
                throw SandboxError.validation(
                    "ExpressionAttributeValues contains invalid key: Syntax error; key: \"\(key)\""
                )
            }
            do throws(SandboxError) {
                values[key] = try AttributeIntake.value(map.members[key] ?? .null)
            } catch {
                guard error.code == "ValidationException" else { throw error }
                throw SandboxError.validation(
                    "ExpressionAttributeValues contains invalid value: \(error.message) for key \(key)"
                )
            }
        }
        return values
    }

    mutating func name(_ placeholder: String, in context: ExpressionContext) throws(SandboxError) -> String {
        guard let name = names[AttributeName(placeholder)] else {
            throw context.error(
                "An expression attribute name used in the document path is not defined; attribute name: \(placeholder)"
            )
        }
        usedNames.insert(AttributeName(placeholder))
        return name
    }

    mutating func value(_ placeholder: String, in context: ExpressionContext) throws(SandboxError) -> AttributeValue {
        guard let value = values[AttributeName(placeholder)] else {
            throw context.error(
                "An expression attribute value used in expression is not defined; attribute value: \(placeholder)"
            )
        }
        usedValues.insert(AttributeName(placeholder))
        return value
    }

    /// Every placeholder must have been used by now.
    func checkAllUsed() throws(SandboxError) {
        let unusedNames = names.keys.filter { !usedNames.contains($0) }.sorted().map(\.text)
        if !unusedNames.isEmpty {
            throw SandboxError.validation(
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {\(unusedNames.joined(separator: ", "))}"
            )
        }
        let unusedValues = values.keys.filter { !usedValues.contains($0) }.sorted().map(\.text)
        if !unusedValues.isEmpty {
            throw SandboxError.validation(
                "Value provided in ExpressionAttributeValues unused in expressions: keys: "
                    + "{\(unusedValues.joined(separator: ", "))}"
            )
        }
    }
}
