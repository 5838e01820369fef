import TableModel

/// The members of one request object, read by name and type. `null` counts as absent, as the service has it.
struct Request: Sendable {
    let members: [AttributeName: JSONValue]

    init(_ members: [AttributeName: JSONValue]) {
        self.members = members
    }

    /// Reads a request's body; an empty one is an empty object.
    init(body: [UInt8]) throws(SandboxError) {
        do {
            let value = body.isEmpty ? JSONValue.object([:]) : try JSONValue.parse(body)
            guard case .object(let members) = value else { throw SandboxError.serialization("") }
            self.members = members
        } catch {
            throw SandboxError.serialization("")
        }
    }

    func has(_ name: String) -> Bool { value(name) != nil }

    func value(_ name: String) -> JSONValue? {
        guard let value = members[AttributeName(name)], value != .null else { return nil }
        return value
    }

    func string(_ name: String) throws(SandboxError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value else { throw Self.mismatch(value, "String") }
        return text
    }

    func integer(_ name: String) throws(SandboxError) -> Int64? {
        switch value(name) {
        case nil: return nil
        case .integer(let integer)?: return integer
        case .double(let double)?: return Int64(exactly: double.rounded(.towardZero)) ?? 0
        case let other?: throw Self.mismatch(other, "Integer")
        }
    }

    func bool(_ name: String) throws(SandboxError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let flag) = value else { throw Self.mismatch(value, "Boolean") }
        return flag
    }

    func object(_ name: String) throws(SandboxError) -> Request? {
        guard let value = value(name) else { return nil }
        return try Self.object(value)
    }

    func array(_ name: String) throws(SandboxError) -> [JSONValue]? {
        guard let value = value(name) else { return nil }
        guard case .array(let elements) = value else { throw SandboxError.serialization("Unexpected field type") }
        return elements
    }

    /// A map of attributes, checked and normalised.
    func attributes(_ name: String) throws(SandboxError) -> Attributes? {
        guard let value = value(name) else { return nil }
        return try AttributeIntake.attributes(value)
    }

    /// One of the words that the service model lists for a member.
    func choice(_ name: String, among allowed: [String]) throws(SandboxError) -> String? {
        guard let text = try string(name) else { return nil }
        guard allowed.contains(text) else {
            let member = name.prefix(1).lowercased() + name.dropFirst()
            throw SandboxError.constraint(
                "'\(text)'",
                at: member,
                "satisfy enum value set: [\(allowed.joined(separator: ", "))]"
            )
        }
        return text
    }

    /// An integer within the bounds of the service model.
    func integer(_ name: String, in bounds: ClosedRange<Int64>) throws(SandboxError) -> Int64? {
        guard let number = try integer(name) else { return nil }
        let member = name.prefix(1).lowercased() + name.dropFirst()
        if number < bounds.lowerBound {
            throw SandboxError.constraint(
                "'\(number)'",
                at: member,
                "have value greater than or equal to \(bounds.lowerBound)"
            )
        }
        if number > bounds.upperBound {
            throw SandboxError.constraint(
                "'\(number)'",
                at: member,
                "have value less than or equal to \(bounds.upperBound)"
            )
        }
        return number
    }

    /// TableName: a name or an ARN, which `Engine.place` finds the table of.
    func tableName() throws(SandboxError) -> String {
        guard let name = try string("TableName") else {
            throw SandboxError.validation("The parameter 'TableName' is required but was not present in the request")
        }
        return name
    }

    static func object(_ value: JSONValue) throws(SandboxError) -> Request {
        guard case .object(let members) = value else { throw SandboxError.serialization("Unexpected field type") }
        return Request(members)
    }

    private static func mismatch(_ value: JSONValue, _ type: String) -> SandboxError {
        switch value {
        case .object: SandboxError.serialization("Start of structure or map found where not expected.")
        case .array: SandboxError.serialization("Start of list found where not expected")
        default:
            SandboxError.serialization(
                "\(value.kind) can not be converted to \(type == "Boolean" ? "a" : "an") \(type)"
            )
        }
    }
}
