import Basics
import ItemQuery
import TableModel

/// Reads the keys of a batch: `{"keys":[{"id":"a"},{"id":{"S":"b"}}]}`, each attribute plain or in DynamoDB's typed form.
struct BatchKeys {
    let schema: KeySchema
    let limit: Int

    /// The keys in order; a 400 names the key by its index, and its attribute.
    func parse(_ body: [UInt8]) throws(Problem) -> [ItemKey] {
        let outcome: Result<[ItemKey], Problem>
        do throws(JSONError) {
            outcome = try JSONReader.withReader(over: body, maximumDepth: 8, read)
        } catch {
            throw problem("The body is not the JSON that it must be: \(error.reason), at byte \(error.offset).")
        }
        let keys = try outcome.get()
        guard !keys.isEmpty else {
            throw problem("The body must have the member 'keys' with 1 to \(limit) keys, such as \(example).")
        }
        return keys
    }

    /// Reads the body up to the first problem. Throws where it is not JSON before that.
    private func read(_ json: inout JSONReader) throws(JSONError) -> Result<[ItemKey], Problem> {
        var keys: [ItemKey]?
        try json.beginObject()
        while let name = try json.nextMember() {
            guard name == "keys", keys == nil else {
                let fault = name == "keys" ? "is given twice" : "is unknown"
                let shown = QueryParameters.shown(name.text)
                return .failure(problem("The member '\(shown)' of the body \(fault): allowed is keys, once."))
            }
            switch try readKeys(&json) {
            case .success(let read): keys = read
            case .failure(let problem): return .failure(problem)
            }
        }
        try json.readEnd()
        return .success(keys ?? [])
    }

    private func readKeys(_ json: inout JSONReader) throws(JSONError) -> Result<[ItemKey], Problem> {
        var keys: [ItemKey] = []
        var places: [ItemKey: Int] = [:]
        try json.beginArray()
        while try json.nextElement() {
            guard keys.count < limit else { return .failure(problem("The body has more than \(limit) keys.")) }
            let index = keys.count
            let values = try readValues(&json, index)
            do throws(Problem) {
                let key = try key(try values.get(), index)
                if let first = places.updateValue(index, forKey: key) { throw repeated(key, index, first) }
                keys.append(key)
            } catch {
                return .failure(error)
            }
        }
        return .success(keys)
    }

    /// The partition's value and the sort key's.
    private func readValues(
        _ json: inout JSONReader,
        _ index: Int
    ) throws(JSONError) -> Result<[AttributeValue?], Problem> {
        var values: [AttributeValue?] = Array(repeating: nil, count: attributes.count)
        try json.beginObject()
        while let name = try json.nextMember()?.text {
            // By bytes: equal Strings may differ in theirs, and those are two names to DynamoDB.
            guard let place = attributes.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
                return .failure(invalid(index, name, "is not part of the table's key (\(names))"))
            }
            let type = attributes[place].type
            guard let value = try readValue(&json, type) else {
                return .failure(invalid(index, name, expectation(type)))
            }
            guard values[place] == nil else { return .failure(invalid(index, name, "is given twice")) }
            values[place] = value
        }
        return .success(values)
    }

    private func key(_ values: [AttributeValue?], _ index: Int) throws(Problem) -> ItemKey {
        for (attribute, value) in zip(attributes, values) {
            guard let value else { throw invalid(index, attribute.name, "is missing") }
            guard !Self.isEmpty(value) else {
                throw invalid(index, attribute.name, "is empty, which no key of DynamoDB is")
            }
        }
        do throws(KeyError) {
            return try ItemKey(
                partition: values.first.flatMap { $0 } ?? .null,
                sort: schema.sort == nil ? nil : values.last.flatMap { $0 },
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
    private func readValue(_ json: inout JSONReader, _ type: KeyType) throws(JSONError) -> AttributeValue? {
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
            let digits = try json.readNumber()
            return type == .number ? DecimalNumber(digits).map { .number($0.text) } : nil
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

    /// Of the table's key: the partition's, and the sort key's when there is one.
    private var attributes: [KeyAttribute] { [schema.partition] + [schema.sort].compactMap { $0 } }

    private var names: String { attributes.map(\.name).joined(separator: ", ") }

    private var example: String {
        let members = attributes.map { attribute in
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

    /// DynamoDB's BatchGetItem refuses it too. One large item under a hundred equal keys would make a hundred large items.
    private func repeated(_ key: ItemKey, _ index: Int, _ first: Int) -> Problem {
        var shown: [UInt8] = []
        if let values = try? key.attributes(schema: schema) {
            Item(values).packed.withUnsafeBytes { ItemRepresentation().append($0, to: &shown) }
        }
        let text = Excerpt.of(String(decoding: shown, as: UTF8.self))
        return Problem(
            400,
            .invalidKey,
            "keys[\(index)]: the key \(text) was given before, as keys[\(first)]. Give each key once.",
            .index(index)
        )
    }

    private func invalid(_ index: Int, _ attribute: String, _ what: String) -> Problem {
        let name = QueryParameters.shown(attribute)
        return Problem(400, .invalidKey, "keys[\(index)]: '\(name)' \(what).", .parameter(name), .index(index))
    }
}
