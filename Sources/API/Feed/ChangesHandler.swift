import Basics
import Feed
import HTTPSemantics
import HTTPServer
import ReplicaStore

/// Responds with the feed as a JSON page, at once or when there is something to tell, or as a stream of NDJSON.
struct ChangesHandler: Sendable {
    let hub: FeedHub
    let view: ReplicaView
    let fields: ResponseFields
    let limits: APILimits
    /// Whether everybody may read: caches may keep pages then.
    let isPublic: Bool

    static let json = "application/json"
    static let lines = "application/x-ndjson"
    static let parameters = FeedParameters.common + FeedParameters.stream + [FollowerParameters.partial]

    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        let parameters = try QueryParameters(call.request, allowed: Self.parameters)
        let accepted = call.request.header("accept")
        guard let type = AcceptField(accepted).best(of: [Self.json, Self.lines]) else {
            throw FeedResponse.notAcceptable(
                accepted,
                "The changes",
                [Self.json, Self.lines],
                "; /v1/events has text/event-stream"
            )
        }
        let reading = FeedResponse.reading(call, parameters, hub)
        if let follower = try FollowerParameters(reading, type: type) { return try follow(follower, call) }
        if type == Self.json, let cursor = parameters["since"], ListCursor.isLike(cursor) {
            return try load(call, reading, cursor: cursor)
        }
        let start = try reading.since() ?? .zero
        return type == Self.json ? try page(call, reading, start) : try stream(call, reading, start)
    }

    private func stream(
        _ call: APICall,
        _ reading: FeedParameters,
        _ start: FeedStart
    ) throws(Problem) -> HTTPResponse {
        var feed = try reading.request(FeedParameters.limitRange)
        try reading.readStream(into: &feed)
        feed.start = start
        feed.encoding = .lines
        feed.isCompressed = FeedResponse.takesGzip(call.request)
        if let reason = FeedStream.obstacle(
            to: feed,
            in: try view.snapshot(),
            overlap: hub.limits.resumeOverlap
        ) {
            throw Self.gone(reason, reading)
        }
        guard let permit = hub.admit(address: call.request.clientKey) else { throw FeedResponse.tooManySubscribers }
        return FeedResponse.stream(
            FeedStream(hub: hub, request: feed, permit: permit),
            type: Self.lines,
            isCompressed: feed.isCompressed,
            replica: FeedResponse.replicaFields(view, fields)
        )
    }

    private func page(
        _ call: APICall,
        _ reading: FeedParameters,
        _ start: FeedStart
    ) throws(Problem) -> HTTPResponse {
        try reading.refuseStreamParameters("it is for the stream: ask with Accept: \(Self.lines)")
        var feed = try reading.request(1...hub.limits.maximumPageChanges)
        feed.start = start
        if start == .zero, feed.mode == .latest { return try load(call, reading, cursor: nil) }
        let caching = PageCaching(of: call, reading.parameters, feed, limits: hub.limits, isPublic: isPublic)
        // Pages cannot carry where a snapshot ends and the steps begin; without one they begin with the oldest step there is.
        if feed.mode == .all, start == .zero { feed.snapshot = .never }
        _ = try view.snapshot()
        let asked = Preferences(call.header(.prefer)).wait.map { Duration.seconds($0) } ?? .zero
        let wait = min(asked, hub.limits.maximumWait)
        let permit = wait > .zero ? hub.admit(address: call.request.clientKey) : nil
        if wait > .zero, permit == nil { throw FeedResponse.tooManySubscribers }
        let poll = ChangesPoll(
            handler: self,
            feed: feed,
            reading: reading,
            caching: caching,
            wait: wait,
            permit: permit
        )
        return HTTPResponse(status: 200, body: .pending(poll))
    }

    /// The response with a page. `wait` is what was granted of `Prefer: wait`.
    func answer(_ page: ChangesPage.Contents, caching: PageCaching, wait: Duration) -> HTTPResponse {
        let life = caching.life(leadsOn: page.hasMore)
        if let held = caching.notModified(life) { return held }
        var body = Array(Self.start.utf8)
        body.reserveCapacity(page.changes.count + 200)
        body += page.changes
        body += end(of: page, life)
        return HTTPResponse(status: 200, fields: answerFields(caching, life, wait: wait), body: .bytes(body))
    }

    /// The response with a page of which a first piece has gathered; the rest is read, from the newest snapshot each time, as the client
    /// takes it. Where caches may keep it, nobody knows yet whether it will be full, so it always leads on.
    func answer(streaming page: ChangesPage, caching: PageCaching, wait: Duration) -> HTTPResponse {
        let life = caching.life(leadsOn: true)
        if let held = caching.notModified(life) { return held }
        var hasBegun = false
        let body = PageBody(length: nil, pin: nil) { output, budget, now in
            if !hasBegun { output += Self.start.utf8 }
            hasBegun = true
            while true {
                output += page.takeChanges()
                if output.count >= budget { return .again }
                // Withdrawn meanwhile: the page ends where it stands.
                guard let snapshot = view.store.snapshot else {
                    output += end(of: page.end(), life)
                    return .end
                }
                switch page.read(snapshot, now: now) {
                case .piece: continue
                case .again: return .again
                case .page(let contents), .nothing(let contents):
                    output += contents.changes
                    output += end(of: contents, life)
                    return .end
                case .gone, .behind: return .abort
                }
            }
        }
        return HTTPResponse(status: 200, fields: answerFields(caching, life, wait: wait), body: .stream(body))
    }

    static let start = #"{"changes":["#

    /// The end of a page's body, after the changes.
    private func end(of page: ChangesPage.Contents, _ life: PageCaching.Life) -> [UInt8] {
        end(life, next: page.next.description, hasMore: page.hasMore, asOf: page.asOf, movedFrom: page.movedFrom)
    }

    /// The same of its parts.
    func end(
        _ life: PageCaching.Life,
        next: String,
        hasMore: Bool,
        asOf: Position,
        movedFrom: Position? = nil
    ) -> [UInt8] {
        let isClosed = life == .closed
        var json = JSONWriter()
        json.endArray()
        if let position = movedFrom {
            json.object("moved") { json in
                json.member("from", position.description)
                json.member("overlap_s", Int64(hub.limits.resumeOverlap.wholeSeconds))
            }
        }
        json.member("next", next)
        json.member("more", hasMore || isClosed)
        json.asOf(asOf, lagMilliseconds: isClosed ? nil : view.conditions().lagMilliseconds)
        json.endObject()
        return json.bytes
    }

    func answerFields(_ caching: PageCaching, _ life: PageCaching.Life, wait: Duration) -> HTTPFields {
        var answer = HTTPFields()
        if life != .closed, let snapshot = view.store.snapshot {
            answer = fields.templates(snapshot.position, view.conditions()).replica
        }
        answer.add("Content-Type", Self.json)
        caching.add(to: &answer, life, entityTag: true)
        if wait > .zero { answer.add("Preference-Applied", "wait=\(wait.wholeSeconds)") }
        return answer
    }

    /// 410: the feed cannot resume where the client asked; the problem says where it can begin.
    static func gone(_ reason: ResetReason, _ reading: FeedParameters) -> Problem {
        Problem(
            410,
            .positionGone,
            "The feed cannot be resumed there: \(sentence(reason)). Read the items anew, or begin at the restart link.",
            .reasonCode(reason.rawValue),
            .restart("?" + reading.restartQuery)
        )
    }

    /// 503: the client may hold newer states than this replica has.
    static let behind = Problem(
        503,
        .replicaBehind,
        "Nothing can be sent yet: \(FeedStream.behindDetail). Retry, or add Prefer: wait.",
        .retryAfter(seconds: 1)
    )

    private static func sentence(_ reason: ResetReason) -> String {
        switch reason {
        case .unreadablePosition: "it is no position"
        case .otherEpoch: "the position belongs to another replica, or to this one before it was rebuilt"
        case .otherStream:
            "the position belongs to a replica of another table or stream, or to one with other ignored attributes"
        case .positionGone: "removals since the position have been forgotten"
        case .futurePosition: "the position lies ahead of this replica"
        case .overrun: "steps since the position have left the history"
        case .rebuilt: "the replica has been rebuilt"
        }
    }
}
