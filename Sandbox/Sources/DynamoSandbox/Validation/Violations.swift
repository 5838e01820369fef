import TableModel

/// The members of one request that break a constraint of the service model: one message names them all.
struct Violations {
    /// How a message shows the value of a member.
    enum Value {
        case null
        case text(String)
        /// Not at all, as newer parts of the service have it.
        case hidden
    }

    private var texts: [String] = []

    var isEmpty: Bool { texts.isEmpty }

    /// Adds a member whose value must satisfy `rule`: "not be null".
    mutating func add(_ value: Value, at member: String, _ rule: String) {
        add(value, at: member, constraint: "Member must \(rule)")
    }

    /// The same with the whole constraint.
    mutating func add(_ value: Value, at member: String, constraint: String) {
        let shown =
            switch value {
            case .null: "null "
            case .text(let text): "'\(text)' "
            case .hidden: ""
            }
        texts.append("Value \(shown)at '\(member)' failed to satisfy constraint: \(constraint)")
    }

    /// Adds a member that is there and none of `allowed`.
    mutating func check(_ request: Request, _ name: String, _ allowed: [String], at path: String) throws(SandboxError) {
        guard let text = try request.string(name), !allowed.contains(text) else { return }
        add(.text(text), at: path, "satisfy enum value set: [\(allowed.joined(separator: ", "))]")
    }

    /// Adds a number beyond its bounds.
    mutating func check(
        _ request: Request,
        _ name: String,
        in bounds: ClosedRange<Int64>,
        at path: String
    ) throws(SandboxError) {
        guard let number = try request.integer(name) else { return }
        if number < bounds.lowerBound {
            add(.text(String(number)), at: path, "have value greater than or equal to \(bounds.lowerBound)")
        } else if number > bounds.upperBound {
            add(.text(String(number)), at: path, "have value less than or equal to \(bounds.upperBound)")
        }
    }

    /// Adds a member that is missing.
    mutating func require(_ request: Request, _ name: String, at path: String) {
        if !request.has(name) { add(.null, at: path, "not be null") }
    }

    /// Takes over those of `other`, `most` of them.
    mutating func append(_ other: Violations, most: Int = .max) { texts += other.texts.prefix(most) }

    /// One error that lists all violations; nil without any.
    var error: SandboxError? {
        guard !texts.isEmpty else { return nil }
        let noun = texts.count == 1 ? "validation error" : "validation errors"
        return SandboxError.validation("\(texts.count) \(noun) detected: \(texts.joined(separator: "; "))")
    }

    /// Throws the message of all, if there are any.
    func check() throws(SandboxError) {
        if let error { throw error }
    }
}
