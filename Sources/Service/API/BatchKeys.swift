import TableModel

/// Reads the keys of a batch: `{"keys":[{"id":"a"},{"id":{"S":"b"}}]}`, each attribute plain or in DynamoDB's typed form.
struct BatchKeys {
    let schema: KeySchema
    let limit: Int

    /// What the reader hands up through `JSONError`, which cannot carry it.
    private struct Failure {
        var problem: Problem?
    }

    /// The keys in order; a 400 names the key by its index, and its attribute.
    func parse(_ body: [UInt8]) throws(Problem) -> [ItemKey] {
        var keys: [ItemKey]?
        var failure = Failure()
        do throws(JSONError) {
            try JSONReader.read(body, maximumDepth: 8) { json throws(JSONError) in
                try json.readObject { name, json throws(JSONError) in
                    guard name == "keys", keys == nil else {
                        let what = name == "keys" ? "is given twice" : "is unknown"
                        failure.problem = problem(
                            "The member '\(QueryParameters.shown(name))' of the body \(what): allowed is keys, once."
                        )
                        throw JSONError("", offset: json.offset)
                    }
                    keys = try read(&json, body, &failure)
                }
            }
        } catch {
            throw failure.problem
                ?? problem("The body is not the JSON that it must be: \(error.reason), at byte \(error.offset).")
        }
        guard let keys, !keys.isEmpty else {
            throw problem("The body must have the member 'keys' with 1 to \(limit) keys, such as \(example).")
        }
        return keys
    }

    private func read(
        _ json: inout JSONReader,
        _ bytes: [UInt8],
        _ failure: inout Failure
    ) throws(JSONError) -> [ItemKey] {
        var keys: [ItemKey] = []
        var failed = failure
        defer { failure = failed }
        try json.readArray { json throws(JSONError) in
            guard keys.count < limit else {
                failed.problem = problem("The body has more than \(limit) keys.")
                throw JSONError("", offset: json.offset)
            }
            let index = keys.count
            var values: [String: AttributeValue] = [:]
            try json.readObject { name, json throws(JSONError) in
                guard let attribute = attribute(name) else {
                    failed.problem = invalid(index, name, "is not part of the table's key (\(names))")
                    throw JSONError("", offset: json.offset)
                }
                guard let value = try value(&json, bytes, attribute.type) else {
                    failed.problem = invalid(index, name, expectation(attribute.type))
                    throw JSONError("", offset: json.offset)
                }
                guard values.updateValue(value, forKey: name) == nil else {
                    failed.problem = invalid(index, name, "is given twice")
                    throw JSONError("", offset: json.offset)
                }
            }
            do throws(Problem) {
                keys.append(try key(values, index))
            } catch {
                failed.problem = error
                throw JSONError("", offset: json.offset)
            }
        }
        return keys
    }

    private func key(_ values: [String: AttributeValue], _ index: Int) throws(Problem) -> ItemKey {
        for attribute in [schema.partition, schema.sort].compactMap({ $0 }) {
            guard let value = values[attribute.name] else { throw invalid(index, attribute.name, "is missing") }
            guard !Self.isEmpty(value) else {
                throw invalid(index, attribute.name, "is empty, which no key of DynamoDB is")
            }
        }
        do throws(KeyError) {
            return try ItemKey(
                partition: values[schema.partition.name] ?? .null,
                sort: schema.sort.flatMap { values[$0.name] },
                schema: schema
            )
        } catch {
            switch error {
            case .wrongType(let attribute, let expected): throw invalid(index, attribute, expectation(expected))
            case .invalidNumber(let attribute, _): throw invalid(index, attribute, "is no number of DynamoDB's")
            case .missing(let attribute): throw invalid(index, attribute, "is missing")
            case .unexpected(let attribute):
                throw invalid(index, attribute, "is not part of the table's key (\(names))")
            case .malformed: throw invalid(index, schema.partition.name, "is malformed")
            }
        }
    }

    /// A plain or typed value; nil when it is of another type than the attribute.
    private func value(
        _ json: inout JSONReader,
        _ bytes: [UInt8],
        _ type: KeyType
    ) throws(JSONError) -> AttributeValue? {
        guard let first = try json.peek() else { return nil }
        switch first {
        case UInt8(ascii: "{"): return try json.readAttributeValue()
        case UInt8(ascii: "\""):
            let text = try json.readString()
            switch type {
            case .string: return .string(text)
            case .number: return DecimalNumber(text).map { .number($0.text) }
            case .binary: return Base64.decode(text).map { .binary($0) }
            }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let start = json.offset
            try json.skipValue()
            guard type == .number else { return nil }
            return DecimalNumber(String(decoding: bytes[start..<json.offset], as: UTF8.self)).map { .number($0.text) }
        default:
            try json.skipValue()
            return nil
        }
    }

    private static func isEmpty(_ value: AttributeValue) -> Bool {
        switch value {
        case .string(let text): text.isEmpty
        case .binary(let bytes): bytes.isEmpty
        default: false
        }
    }

    private func attribute(_ name: String) -> KeyAttribute? {
        name == schema.partition.name ? schema.partition : name == schema.sort?.name ? schema.sort : nil
    }

    private var names: String {
        ([schema.partition] + [schema.sort].compactMap { $0 }).map(\.name).joined(separator: ", ")
    }

    private var example: String {
        let members = ([schema.partition] + [schema.sort].compactMap { $0 }).map { attribute in
            "\"\(attribute.name)\":" + (attribute.type == .number ? "1" : "\"…\"")
        }
        return "{\"keys\":[{\(members.joined(separator: ","))}]}"
    }

    private func expectation(_ type: KeyType) -> String {
        switch type {
        case .string: "must be a string (S)"
        case .number: "must be a number (N), or its digits as a string"
        case .binary: "must be binary (B): a string of base64"
        }
    }

    private func problem(_ detail: String) -> Problem { Problem(400, .invalidBody, detail) }

    private func invalid(_ index: Int, _ attribute: String, _ what: String) -> Problem {
        let name = QueryParameters.shown(attribute)
        return Problem(400, .invalidKey, "keys[\(index)]: '\(name)' \(what).", parameter: name, index: index)
    }
}
