import ItemQuery
import ReplicaStore
import TableModel

/// Ascending or descending key order.
enum ListOrder: String, CaseIterable {
    case asc, desc

    /// The order where a request names none.
    static let `default` = ListOrder.asc

    var readOrder: ReadOrder { self == .asc ? .ascending : .descending }
}

/// A list as it was asked for.
struct ListQuery {
    let filter: FilterParameters
    let order: ListOrder
    /// Items at most; nil when the client does not say.
    let limit: Int?
    /// What a cursor is bound to: the keys, the predicate and the order. How items appear, and how many a page holds, may change.
    let identity: [UInt8]
    /// Where a page that is not the first begins.
    let cursor: ListCursor?

    init(
        _ parameters: QueryParameters,
        partition: [UInt8]?,
        limits: ClosedRange<Int>,
        schema: KeySchema,
        call: APICall?
    ) throws(Problem) {
        filter = try FilterParameters(parameters, partition: partition, schema: schema, call: call)
        order = try parameters.choice("order", default: .default)
        limit = parameters["limit"] == nil ? nil : try parameters.integer("limit", in: limits, default: 0)
        identity = Self.identity(filter.filter, order, schema)
        cursor =
            if let text = parameters["cursor"] {
                try ListCursor(text, query: identity, within: filter.filter.keys)
            } else { nil }
    }

    /// The defaults of a list's parameters, as `openapi.yaml` declares them.
    static func defaults(_ limits: APILimits) -> [String: String] {
        ["order": ListOrder.default.rawValue, "limit": String(limits.defaultItems)]
    }

    /// A walk from the beginning, or from where the cursor left off.
    var walk: ItemWalk {
        ItemWalk(
            filter: filter.filter,
            order: order.readOrder,
            representation: filter.representation,
            after: cursor?.lastKey
        )
    }

    /// Every part with its length, so that no two queries come to the same bytes.
    static func identity(_ filter: ItemFilter, _ order: ListOrder, _ schema: KeySchema) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ part: [UInt8]?) {
            bytes += "\(part?.count ?? -1):".utf8
            bytes += part ?? []
        }
        for attribute in [schema.partition, schema.sort] {
            append(attribute.map { Array($0.name.utf8) })
            append(attribute.map { Array($0.type.rawValue.utf8) })
        }
        append(Array(order.rawValue.utf8))
        append(filter.keys.lower)
        append(filter.keys.upper)
        append(filter.predicate.map { Array($0.text.utf8) })
        return bytes
    }
}
