import Feed
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// The first load: from nothing, in pages that walk the keys.
///
/// Pages in the order of the feed would need the same replica for each: rows that a scan brought have a place there that no other replica
/// knows, and that is forgotten with the first removals. The order of keys is the same everywhere, and for good.
extension ChangesHandler {
    /// A page of the first load: the first one, or that behind a cursor.
    func load(_ call: APICall, _ reading: FeedParameters, cursor text: String?) throws(Problem) -> HTTPResponse {
        try reading.refuseStreamParameters("it is for the stream: ask with Accept: \(Self.lines)")
        let feed = try reading.request(1...hub.limits.maximumPageChanges)
        if text != nil, feed.mode == .all {
            throw reading.parameters.invalid("since", "a cursor is of a load in mode=latest; give 0, now or a position")
        }
        let schema = try view.snapshot().keySchema
        let filter: ItemFilter
        do throws(FeedFilterError) { filter = try feed.filter?.resolve(schema) ?? ItemFilter() } catch {
            throw Problem(400, .invalidParameter, error.detail)
        }
        let query = Self.identity(of: feed, filter, schema)
        let cursor: ListCursor? =
            if let text {
                try ListCursor(text, query: query, within: filter.keys, parameter: "since")
            } else { nil }
        let caching = PageCaching(
            of: call,
            reading.parameters,
            feed,
            cursor: cursor,
            limits: hub.limits,
            isPublic: isPublic
        )
        let life = caching.life(leadsOn: true)
        if let held = caching.notModified(life) { return held }
        var page = LoadPage(feed, filter: filter, cursor: cursor, limits: hub.limits, apiLimits: limits)
        return SteppedResponse.response {
            do throws(Problem) {
                let snapshot = try view.snapshot()
                guard snapshot.keySchema == schema else { throw Self.gone(.otherStream, reading) }
                switch page.read(in: snapshot) {
                case .again: return nil
                case .piece:
                    return answer(loading: page, of: schema, query, caching, life)
                case .complete:
                    var body = Array(Self.start.utf8)
                    body += page.takeChanges()
                    body += end(of: page, query, life)
                    hub.countRows(page.count, bytes: body.count)
                    return HTTPResponse(
                        status: 200,
                        fields: answerFields(caching, life, wait: .zero),
                        body: .bytes(body)
                    )
                }
            } catch {
                return error.response(id: call.request.id)
            }
        }
    }

    /// The response with a page of which a first piece has gathered.
    private func answer(
        loading start: LoadPage,
        of schema: KeySchema,
        _ query: [UInt8],
        _ caching: PageCaching,
        _ life: PageCaching.Life
    ) -> HTTPResponse {
        var page = start
        var hasBegun = false
        let body = PageBody(length: nil, pin: nil) { output, budget, _ in
            if !hasBegun { output += Self.start.utf8 }
            hasBegun = true
            while true {
                output += page.takeChanges()
                if output.count >= budget { return .again }
                // A page that ends here would say that the keys behind it are absent.
                guard let snapshot = view.store.snapshot, snapshot.keySchema == schema else { return .abort }
                switch page.read(in: snapshot) {
                case .again: return .again
                case .piece: continue
                case .complete:
                    let changes = page.takeChanges()
                    output += changes
                    output += end(of: page, query, life)
                    hub.countRows(page.count, bytes: page.size)
                    return .end
                }
            }
        }
        return HTTPResponse(status: 200, fields: answerFields(caching, life, wait: .zero), body: .stream(body))
    }

    private func end(of page: LoadPage, _ query: [UInt8], _ life: PageCaching.Life) -> [UInt8] {
        let asOf = page.asOf ?? Position(epoch: .several, seq: 0)
        if let cursor = page.cursor {
            return end(life, next: cursor.text(query: query), hasMore: true, asOf: asOf)
        }
        // The feed after the last page begins where the load began, so it tells all changes that were made during the load.
        return end(life, next: (page.start ?? asOf).description, hasMore: !page.isOfOneInstant, asOf: asOf)
    }

    /// A cursor is good for the query of its load alone: the keys and the predicate, as a list's, and `op`.
    private static func identity(of feed: FeedRequest, _ filter: ItemFilter, _ schema: KeySchema) -> [UInt8] {
        Array("changes \(feed.operation?.rawValue ?? ""):".utf8) + ListQuery.identity(filter, .asc, schema)
    }
}
