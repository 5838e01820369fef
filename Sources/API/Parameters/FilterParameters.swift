import Basics
import ItemQuery
import TableModel

/// The parameters that say which items are meant and how they appear, the same for lists, exports and the feed:
/// `pk`, `sk`, `sk_prefix`, `sk_from`, `sk_to`, `key_encoding`, `where`; `fields`, `format`, `numbers`.
struct FilterParameters: Sendable {
    /// Which keys.
    static let keyNames = ["pk", "sk", "sk_prefix", "sk_from", "sk_to"]
    /// How items appear.
    static let representationNames = ["fields", "format", "numbers"]
    /// All of them.
    static let names = keyNames + [KeyTextEncoding.parameter, "where"] + representationNames

    let filter: ItemFilter
    let representation: ItemRepresentation

    /// Reads them. `partition` is the path's, where the path names one, and stands for `pk`. Each mistake is a 400 that names the
    /// parameter, its value and what is allowed. The keys are narrowed to those that `call` may see.
    init(
        _ parameters: QueryParameters,
        partition: [UInt8]? = nil,
        schema: KeySchema,
        call: APICall?
    ) throws(Problem) {
        let keys = try Self.keys(parameters, partition: partition, schema: schema)
        filter = ItemFilter(
            keys: try call?.narrow(keys, in: schema) ?? keys,
            predicate: try Self.predicate(parameters)
        )
        representation = try Self.representation(parameters)
    }

    /// Whether a key of the table is asked for, so that the schema must be known.
    static func needsSchema(_ parameters: QueryParameters) -> Bool { keyNames.contains { parameters[$0] != nil } }

    /// `fields`, `format` and `numbers`.
    static func representation(_ parameters: QueryParameters) throws(Problem) -> ItemRepresentation {
        var representation = ItemRepresentation()
        representation.format = try parameters.choice("format", default: .plain)
        representation.numbers = try parameters.choice("numbers", default: .number)
        if let text = parameters["fields"] {
            do { representation.fields = try FieldSelection(text) } catch { throw parameters.invalid("fields", error) }
        }
        return representation
    }

    /// `where`.
    static func predicate(_ parameters: QueryParameters) throws(Problem) -> WhereExpression? {
        guard let text = parameters["where"] else { return nil }
        do { return try WhereExpression(text) } catch { throw parameters.invalid("where", error) }
    }

    /// The filter's parameters as they were given, ready for the query of a link: `pk=a%2Fb&where=…`, or empty. `names` are left out
    /// or put in as they are; a partition from the path is put in as `pk`.
    static func query(
        _ parameters: QueryParameters,
        partition: [UInt8]? = nil,
        names: [String] = FilterParameters.names
    ) -> String {
        var pairs: [String] = []
        for name in names {
            let value =
                name == "pk"
                ? partition.map { String(decoding: $0, as: UTF8.self) } ?? parameters[name] : parameters[name]
            if let value { pairs.append("\(name)=\(PercentEncoding.encode(value, keeping: .unreserved))") }
        }
        return pairs.joined(separator: "&")
    }
}

// MARK: Keys

extension FilterParameters {
    /// The range of keys that `pk` and `sk…` come to.
    static func keys(
        _ parameters: QueryParameters,
        partition: [UInt8]? = nil,
        schema: KeySchema
    ) throws(Problem) -> KeyRange {
        let sortNames = keyNames.dropFirst().filter { parameters[$0] != nil }
        guard let value = try partitionValue(parameters, partition, schema) else {
            if let name = sortNames.first { throw parameters.invalid(name, "it needs pk beside it") }
            return KeyRange()
        }
        guard let sort = schema.sort else {
            if let name = sortNames.first { throw parameters.invalid(name, "the table has no sort key") }
            return KeyRange(only: try KeyParser.key(partition: value, sort: nil, schema: schema).bytes)
        }
        let prefix = try KeyParser.prefix(value, schema: schema)
        if parameters["sk"] != nil {
            try refuse(sortNames, beside: "sk", parameters)
            return KeyRange(only: try sortKey("sk", parameters, value, schema))
        }
        if let text = parameters["sk_prefix"] {
            try refuse(sortNames, beside: "sk_prefix", parameters)
            return KeyRange(prefix: prefix + (try sortPrefix(text, sort, parameters)))
        }
        return try bounded(parameters, value, KeyRange(prefix: prefix), schema)
    }

    private static func partitionValue(
        _ parameters: QueryParameters,
        _ partition: [UInt8]?,
        _ schema: KeySchema
    ) throws(Problem) -> AttributeValue? {
        let encoding = try parameters.keyEncoding()
        if let partition { return try KeyParser.parse(partition, as: schema.partition, encoding: encoding) }
        guard let text = parameters["pk"] else { return nil }
        return try KeyParser.parse(Array(text.utf8), as: schema.partition, parameter: "pk", encoding: encoding)
    }

    private static func sortKey(
        _ name: String,
        _ parameters: QueryParameters,
        _ partition: AttributeValue,
        _ schema: KeySchema
    ) throws(Problem) -> [UInt8] {
        guard let sort = schema.sort, let text = parameters[name] else {
            preconditionFailure("asked for where the parameter is given and the table has a sort key")
        }
        let value = try KeyParser.parse(
            Array(text.utf8),
            as: sort,
            parameter: name,
            encoding: parameters.keyEncoding(),
            maximumBytes: KeyParser.maximumSortBytes
        )
        return try KeyParser.key(partition: partition, sort: value, schema: schema).bytes
    }

    /// Sort values of S and B stand in keys as they are, so a prefix of theirs is a prefix of the key.
    private static func sortPrefix(
        _ text: String,
        _ sort: KeyAttribute,
        _ parameters: QueryParameters
    ) throws(Problem) -> [UInt8] {
        if sort.type == .number {
            throw parameters.invalid(
                "sk_prefix",
                "the sort key '\(Excerpt.of(sort.name))' is a number (N), which has no prefix: use sk_from and sk_to"
            )
        }
        let value = try KeyParser.parse(
            Array(text.utf8),
            as: sort,
            parameter: "sk_prefix",
            encoding: parameters.keyEncoding(),
            maximumBytes: KeyParser.maximumSortBytes
        )
        return switch value {
        case .string(let text): Array(text.utf8)
        case .binary(let bytes): bytes
        default: preconditionFailure("a sort key that is no number is a string or binary")
        }
    }

    /// `sk_from` and `sk_to`, both inclusive.
    private static func bounded(
        _ parameters: QueryParameters,
        _ partition: AttributeValue,
        _ whole: KeyRange,
        _ schema: KeySchema
    ) throws(Problem) -> KeyRange {
        var range = whole
        if parameters["sk_from"] != nil { range.lower = try sortKey("sk_from", parameters, partition, schema) }
        if parameters["sk_to"] != nil {
            let last = try sortKey("sk_to", parameters, partition, schema)
            if parameters["sk_from"] != nil, let lower = range.lower, last.lexicographicallyPrecedes(lower) {
                throw parameters.invalid("sk_to", "it sorts before sk_from; both bounds are inclusive")
            }
            range.upper = last + [0]
        }
        return range
    }

    private static func refuse(
        _ names: [String],
        beside name: String,
        _ parameters: QueryParameters
    ) throws(Problem) {
        if let other = names.first(where: { $0 != name }) {
            throw parameters.invalid(
                other,
                "give sk, or sk_prefix, or sk_from and sk_to, but not \(other) beside \(name)"
            )
        }
    }
}
