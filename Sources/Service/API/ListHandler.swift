import Feed
import HTTPServer
import ReplicaStore
import TableModel

/// Answers with pages of items, in key order: the whole table or one partition.
struct ListHandler: Sendable {
    let view: ReplicaView
    let fields: AnswerFields
    let limits: APILimits

    /// Ascending or descending key order.
    enum Order: String, CaseIterable { case asc, desc }

    static let parameters = ["limit", "cursor", "pk", "order", "format"]
    static let partitionParameters = ["limit", "cursor", "order", "format"]

    /// What a page is read from.
    private struct Query {
        var lower: [UInt8]?
        var upper: [UInt8]?
        /// The one key that can match, on a table without a sort key.
        var only: ItemKey?
        let order: Order
        let format: FeedFormat
        let limit: Int
        /// What a cursor is bound to: the partition's bytes and the order.
        let identity: [UInt8]
        let after: [UInt8]?
    }

    /// One page, encoded.
    private struct Page {
        var items: [UInt8] = [UInt8(ascii: "[")]
        var count = 0
        var lastKey: [UInt8]?
        var hasMore = false
    }

    /// `partition` is the path's, where the path names one; else the parameter `pk` may.
    func respond(
        to request: HTTPRequest,
        partition: [UInt8]?,
        in snapshot: StoreSnapshot
    ) throws(Problem) -> HTTPResponse {
        let allowed = partition == nil ? Self.parameters : Self.partitionParameters
        let parameters = try QueryParameters(request, allowed: allowed)
        let named = partition ?? parameters["pk"].map { Array($0.utf8) }
        let query = try self.query(parameters, partition: named, schema: snapshot.keySchema)
        var page = read(query, in: snapshot)
        page.items.append(UInt8(ascii: "]"))
        let next = page.hasMore ? page.lastKey.map { ListCursor(lastKey: $0).text(query: query.identity) } : nil
        return answer(page.items, next: next, request, parameters, snapshot)
    }

    private func query(
        _ parameters: QueryParameters,
        partition: [UInt8]?,
        schema: KeySchema
    ) throws(Problem) -> Query {
        let order = try parameters.choice("order", default: Order.asc)
        let limit = try parameters.integer("limit", in: 1...limits.maximumItems, default: limits.defaultItems)
        let format = try parameters.choice("format", default: FeedFormat.plain)
        var lower: [UInt8]?
        var only: ItemKey?
        if let partition {
            let value = try KeyParser.parse(partition, as: schema.partition)
            if schema.sort == nil {
                only = try KeyParser.key(partition: value, sort: nil, schema: schema)
                lower = only?.bytes
            } else {
                lower = try KeyParser.prefix(value, schema: schema)
            }
        }
        let identity = Array(order.rawValue.utf8) + [0] + (lower ?? [])
        let after: [UInt8]? =
            if let text = parameters["cursor"] { try ListCursor(text, query: identity).lastKey } else { nil }
        return Query(
            lower: lower,
            upper: lower.flatMap(Self.successor),
            only: only,
            order: order,
            format: format,
            limit: limit,
            identity: identity,
            after: after
        )
    }

    /// The smallest bytes greater than everything that starts with `prefix`.
    private static func successor(of prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.popLast() {
            if last < 0xFF { return bytes + [last + 1] }
        }
        return nil
    }

    private func read(_ query: Query, in snapshot: StoreSnapshot) -> Page {
        var page = Page()
        if let only = query.only {
            if query.after == nil, let record = snapshot.record(for: only) { append(record, query.format, to: &page) }
            return page
        }
        snapshot.forEach(
            from: query.lower,
            to: query.upper,
            after: query.after,
            order: query.order == .asc ? .ascending : .descending
        ) { record in
            if page.count == query.limit || page.items.count >= limits.pageBytes {
                page.hasMore = true
                return false
            }
            append(record, query.format, to: &page)
            return true
        }
        return page
    }

    private func append(_ record: ItemRecord, _ format: FeedFormat, to page: inout Page) {
        if page.count > 0 { page.items.append(UInt8(ascii: ",")) }
        record.withPackedItem { packed in
            switch format {
            case .plain: PackedItem.appendPlainJSON(packed, to: &page.items)
            case .dynamodb: PackedItem.appendDynamoDBJSON(packed, to: &page.items)
            }
        }
        page.count += 1
        page.lastKey = record.withKeyBytes { Array($0) }
    }

    private func answer(
        _ items: [UInt8],
        next: String?,
        _ request: HTTPRequest,
        _ parameters: QueryParameters,
        _ snapshot: StoreSnapshot
    ) -> HTTPResponse {
        let conditions = view.conditions()
        let templates = fields.templates(snapshot.position, conditions)
        // Weak: `as_of` moves while the items stay the same.
        let tagged = items + (next.map { Array($0.utf8) } ?? [])
        let entityTag = tagged.withUnsafeBytes { ContentHash.entityTag($0, weak: true, suffix: "l") }
        if let condition = request.header("if-none-match"), ConditionalRequest.matches(condition, entityTag) {
            var fields = templates.notModified
            fields.add("ETag", entityTag)
            return HTTPResponse(status: 304, fields: fields)
        }
        var fields = templates.json
        fields.add("ETag", entityTag)
        if let next { fields.add("Link", "<\(Self.target(request, parameters, next))>; rel=\"next\"") }
        var body: [UInt8] = []
        body.reserveCapacity(items.count + 256)
        body += #"{"items":"#.utf8
        body += items
        body += #","next":"#.utf8
        // A cursor is base64url: nothing in it needs escaping.
        body += next.map { "\"\($0)\"" }.map { Array($0.utf8) } ?? Array("null".utf8)
        let lag = conditions.lagMilliseconds.map(String.init) ?? "null"
        body += ",\"as_of\":{\"position\":\"\(snapshot.position)\",\"lag_ms\":\(lag)}}".utf8
        return HTTPResponse(status: 200, fields: fields, body: .bytes(body))
    }

    /// The request's target with the cursor of the next page.
    private static func target(_ request: HTTPRequest, _ parameters: QueryParameters, _ next: String) -> String {
        var target = PercentEncoding.path(request.rawPath) + "?"
        for name in Self.parameters where name != "cursor" {
            if let value = parameters[name] { target += "\(name)=\(PercentEncoding.component(value))&" }
        }
        return target + "cursor=\(next)"
    }
}
