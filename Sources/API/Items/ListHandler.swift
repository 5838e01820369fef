import Basics
import HTTPSemantics
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// Responds with items in key order: the whole table, a partition, a range, what a predicate finds; in pages, or all at once as NDJSON.
struct ListHandler: Sendable {
    let view: ReplicaView
    let fields: ResponseFields
    let limits: APILimits
    private let item: ItemHandler
    private let exports: Permits

    static let json = "application/json"
    static let lines = "application/x-ndjson"
    /// What a list itself takes beside the filter.
    private static let own = ["order", "limit", "cursor", "max_lag", "until"]
    static let parameters = FilterParameters.names + own
    static let partitionParameters = parameters.filter { $0 != "pk" }
    /// What makes no sense with `sk`, which asks for one item.
    private static let notOfOneItem = ["sk_prefix", "sk_from", "sk_to", "where", "order", "limit", "cursor"]

    init(view: ReplicaView, fields: ResponseFields, limits: APILimits, item: ItemHandler) {
        self.view = view
        self.fields = fields
        self.limits = limits
        self.item = item
        exports = Permits(limit: limits.exports, perHolder: limits.exportsPerAddress)
    }

    /// `/v1/items`.
    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        try respond(to: call, partition: nil, in: view.snapshot())
    }

    /// `/v1/items/{pk}`: one item of a table without a sort key, one partition of any other.
    func respondWithPartition(to call: APICall) throws(Problem) -> HTTPResponse {
        let snapshot = try view.snapshot()
        if snapshot.keySchema.sort == nil {
            return try item.respond(
                to: call,
                partition: call.path["pk"],
                sort: nil,
                in: snapshot,
                parameters: ItemHandler.parameters(call, defaults: ListQuery.defaults(limits))
            )
        }
        return try respond(to: call, partition: call.path["pk"], in: snapshot)
    }

    /// `partition` is the path's, where the path names one; else the parameter `pk` may.
    private func respond(
        to apiCall: APICall,
        partition: [UInt8]?,
        in snapshot: StoreSnapshot
    ) throws(Problem) -> HTTPResponse {
        let allowed = partition == nil ? Self.parameters : Self.partitionParameters
        let parameters = try QueryParameters(apiCall.request, allowed: allowed)
        if let sort = parameters["sk"], snapshot.keySchema.sort != nil,
            let partition = partition ?? parameters["pk"].map({ Array($0.utf8) })
        {
            return try one(apiCall, parameters, partition, Array(sort.utf8), snapshot)
        }
        if parameters["until"] != nil {
            throw parameters.invalid(
                "until",
                snapshot.keySchema.sort == nil
                    ? "it is asked of one item, at /v1/items/{\(Excerpt.of(snapshot.keySchema.partition.name))}; this is a list"
                    : "it is asked of one item: give its whole key as pk and sk, or in the path; this is a list"
            )
        }
        try view.require(parameters.maximumLag())
        let accepted = apiCall.header(.accept)
        guard let type = AcceptField(accepted).best(of: [Self.json, Self.lines]) else {
            throw Problem(
                406,
                .notAcceptable,
                "A list cannot be '\(QueryParameters.shown(accepted ?? ""))': allowed in Accept are \(Self.json), \(Self.lines).",
                .allowed([Self.json, Self.lines])
            )
        }
        let isExport = type == Self.lines
        let query = try ListQuery(
            parameters,
            partition: partition,
            limits: 1...(isExport ? .max : limits.maximumItems),
            schema: snapshot.keySchema,
            call: apiCall
        )
        let call = Call(
            apiCall: apiCall,
            parameters: parameters,
            partition: partition,
            query: query,
            snapshot: snapshot
        )
        return isExport ? try export(call) : page(call)
    }

    /// A list on its way to a response.
    private struct Call {
        let apiCall: APICall
        let parameters: QueryParameters
        let partition: [UInt8]?
        let query: ListQuery
        let snapshot: StoreSnapshot

        /// The cursor of the page after `key`. The position of the first page stays in it from page to page.
        func cursor(after key: [UInt8]) -> String {
            ListCursor(lastKey: key, start: start).text(query: query.identity)
        }

        /// The position from which the feed continues what this page and those before it told: everything that changed since the
        /// first page was read is told again, which changes nothing where a later page had it already. Of pages from several replicas it
        /// is the earliest that covers them all.
        var start: Position {
            guard let cursor = query.cursor else { return snapshot.position }
            return snapshot.own(cursor.start).merged(with: snapshot.position)
        }

        /// The request's target with the cursor of the next page. Relative as all links, since a proxy may serve everything below a
        /// path of its own: without a path it keeps the client's (RFC 3986 section 5.2.2).
        func nextTarget(_ cursor: String) -> String {
            let names = ListHandler.parameters.filter { $0 != "cursor" }
            let query = FilterParameters.query(parameters, names: names)
            return "?" + (query.isEmpty ? "" : query + "&") + "cursor=\(cursor)"
        }

        /// The feed of what this list shows, from where it stands.
        var eventsTarget: String {
            let query = FilterParameters.query(parameters, partition: partition)
            let path = partition == nil ? "events" : "../events"
            return path + "?since=\(start)" + (query.isEmpty ? "" : "&" + query)
        }
    }

    /// The one item under a whole key, for clients behind proxies that mangle `%2F` in a path.
    private func one(
        _ call: APICall,
        _ parameters: QueryParameters,
        _ partition: [UInt8],
        _ sort: [UInt8],
        _ snapshot: StoreSnapshot
    ) throws(Problem) -> HTTPResponse {
        let defaults = ListQuery.defaults(limits)
        if let name = Self.notOfOneItem.first(where: { parameters[$0] != nil && parameters[$0] != defaults[$0] }) {
            throw parameters.invalid(
                name,
                "with sk the answer is one item: give only pk, sk, key_encoding, until, max_lag, fields, format and numbers"
            )
        }
        // The range says of a wrong value which parameter it came in.
        _ = try FilterParameters.keys(
            parameters,
            partition: parameters["pk"] == nil ? partition : nil,
            schema: snapshot.keySchema
        )
        return try item.respond(to: call, partition: partition, sort: sort, in: snapshot, parameters: parameters)
    }

    private func page(_ call: Call) -> HTTPResponse {
        var page = ItemPage(call.query, limits: limits)
        return SteppedResponse.response { page.read(in: call.snapshot) ? answer(call, page) : nil }
    }

    private func answer(_ call: Call, _ page: ItemPage) -> HTTPResponse {
        let conditions = view.conditions()
        let templates = fields.templates(call.snapshot.position, conditions)
        // Weak: `as_of` moves while the items stay the same; and the cursor holds a position, so what is tagged is its key.
        let unreadable = unreadable(page, call)
        let entityTag = page.items.entityTag(
            closing: [page.next == nil ? 0 : 1] + (page.next ?? []) + unreadable,
            suffix: "l"
        )
        if let condition = call.apiCall.header(.ifNoneMatch), ConditionalRequest.matches(condition, entityTag) {
            var fields = templates.notModified
            fields.add("ETag", entityTag)
            fields.add("Vary", "Accept")
            return HTTPResponse(status: 304, fields: fields)
        }
        let next = page.next.map { call.cursor(after: $0) }
        var fields = templates.json
        fields.add("ETag", entityTag)
        fields.add("Vary", "Accept")
        if let next { fields.addLink(call.nextTarget(next), "next") }
        fields.addLink(call.eventsTarget, "monitor")
        var end = JSONWriter()
        end.endArray()
        end.bytes += unreadable
        end.member("next", next)
        end.asOf(call.snapshot.position, lagMilliseconds: conditions.lagMilliseconds)
        end.endObject()
        return HTTPResponse(status: 200, fields: fields, body: body(of: page, end: end.bytes, call))
    }

    /// The member that names the keys of a page whose items cannot be read; nothing where there are none.
    private func unreadable(_ page: ItemPage, _ call: Call) -> [UInt8] {
        guard !page.unreadable.isEmpty else { return [] }
        let form = call.query.filter.representation
        let keys = ItemRepresentation(format: form.format, numbers: form.numbers)
        var output = Array(#","unreadable":["#.utf8)
        for (place, key) in page.unreadable.enumerated() {
            if place > 0 { output.append(UInt8(ascii: ",")) }
            guard let attributes = try? key.attributes(schema: call.snapshot.keySchema) else { continue }
            Item(attributes).packed.withUnsafeBytes { keys.append($0, to: &output) }
        }
        output.append(UInt8(ascii: "]"))
        return output
    }

    /// The page between its beginning and `end`: whole, or made again as the client reads it.
    private func body(of page: ItemPage, end: [UInt8], _ call: Call) -> HTTPBody {
        let start = #"{"items":["#
        guard page.items.isLarge else {
            var body: [UInt8] = []
            body.reserveCapacity(start.utf8.count + page.items.count + end.count)
            body += start.utf8
            body += page.items.bytes
            body += end
            return .bytes(body)
        }
        let (snapshot, representation, limits) = (call.snapshot, call.query.filter.representation, limits)
        var walk = call.query.walk
        var told = 0
        var hasBegun = false
        let pin = SnapshotPin(snapshot, in: view.store, bytes: limits.replacedBytes, duration: limits.pageDuration)
        let length = start.utf8.count + page.items.count + end.count
        let body = PageBody(length: length, pin: pin) { output, budget, _ in
            if !hasBegun { output += start.utf8 }
            hasBegun = true
            let step = walk.step(in: snapshot, budget: limits.exportBudget) { record in
                if told == page.count || output.count >= budget { return false }
                if told > 0 { output.append(UInt8(ascii: ",")) }
                told += 1
                record.withPackedItem { representation.append($0, to: &output) }
                return true
            }
            if told < page.count, step != .finished { return .again }
            output += end
            return .end
        }
        return .stream(body)
    }

    private func export(_ call: Call) throws(Problem) -> HTTPResponse {
        let permit = try exportPermit(for: call.apiCall.request)
        let conditions = view.conditions()
        let isCompressed = AcceptEncoding(call.apiCall.header(.acceptEncoding)).prefersGzip
        var fields = fields.templates(call.snapshot.position, conditions).notModified
        fields.add("Content-Type", Self.lines)
        if isCompressed { fields.add("Content-Encoding", "gzip") }
        fields.add("Vary", "Accept")
        fields.addLink(call.eventsTarget, "monitor")
        let position = call.snapshot.position
        // Not the call, which holds the snapshot: that is to be let go when the client is gone.
        let (start, identity) = (call.start, call.query.identity)
        let body = ExportBody(
            snapshot: call.snapshot,
            permit: permit,
            query: call.query,
            limits: limits,
            isCompressed: isCompressed,
            pin: SnapshotPin(
                call.snapshot,
                in: view.store,
                bytes: limits.replacedBytes,
                duration: limits.exportDuration
            )
        ) { key, unreadable in
            let last = JSONWriter.object { json in
                json.asOf(position, lagMilliseconds: conditions.lagMilliseconds)
                if let key { json.member("next", ListCursor(lastKey: key, start: start).text(query: identity)) }
                if unreadable > 0 { json.member("unreadable_items", unreadable) }
            }
            return last + [UInt8(ascii: "\n")]
        }
        return HTTPResponse(status: 200, fields: fields, body: .stream(body))
    }

    private func exportPermit(for request: HTTPRequest) throws(Problem) -> Permit {
        do { return try exports.take(for: request.clientKey) } catch {
            let what =
                switch error {
                case .total: "\(limits.exports) exports are in progress, which is all that are allowed at once."
                case .holder:
                    "\(limits.exportsPerAddress) exports to this client's address are in progress, which is all that one address "
                        + "may have."
                }
            throw Problem(503, .tooManyExports, what, .retryAfter(seconds: limits.exportRetrySeconds))
        }
    }
}
