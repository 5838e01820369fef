import Digest
import Feed
import Logging
import ReplicaStore
import Replication
import Synchronization
import Testing

@testable import API
@testable import HTTPServer

/// A response that takes time and depends on a token behaves as it would without one, until the token is gone.
@Suite struct StandingGrantTests {
    private final class Body: StreamingBody {
        let length: Int? = 7
        let keptBytes = 11
        private(set) var asked: Duration?

        func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep { .wait(until: nil) }
        func mustEnd(now: Duration) -> Bool {
            asked = now
            return true
        }
        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }

    private final class Poll: PendingResponse {
        func poll(now: Duration) -> PendingStep { .answer(HTTPResponse(status: 200, body: .stream(Body()))) }
        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }

    private final class Tokens: Sendable {
        private let name = Mutex("app")
        private let looks = Atomic<Int>(0)
        /// Moves on by an hour with each look, so that each one reads the file.
        var now: Duration { .seconds(3600 * looks.add(1, ordering: .relaxed).newValue) }
        var bytes: [UInt8] {
            let name = name.withLock { $0 }
            return Array(
                #"{"tokens": [{"name": "a", "token": "\#(name)-0123456789abcdef", "scopes": ["read", "metrics"]}]}"#
                    .utf8
            )
        }
        func replace() { name.withLock { $0 = "other" } }
    }

    private let tokens = Tokens()
    private let store: TokenStore
    private let grant: StandingGrant

    init() throws {
        let tokens = tokens
        store = try TokenStore(
            path: "tokens",
            logger: Logger(label: "t"),
            wallMilliseconds: { 0 },
            continuous: { tokens.now },
            access: TokenFileAccess(stamp: { _ in nil }, read: { _ throws(TokenFileError) in tokens.bytes })
        )
        let token = try #require(store.token(with: SHA256Digest("app-0123456789abcdef".utf8)))
        grant = StandingGrant(token, .read, in: store)
    }

    private func watched(_ body: HTTPBody) throws -> HTTPResponse {
        var response = HTTPResponse(status: 200, body: body)
        grant.watch(&response, to: try #require(HTTPRequest(testing: "limit=1")))
        return response
    }

    private func stream(of response: HTTPResponse) throws -> any StreamingBody {
        guard case .stream(let stream) = response.body else { throw Unexpected() }
        return stream
    }

    private struct Unexpected: Error {}

    @Test("a stream has the length, the memory and the end of the body that it passes on")
    func passesOn() throws {
        let body = Body()
        let stream = try stream(of: try watched(.stream(body)))
        #expect(stream.length == 7)
        #expect(stream.keptBytes == 11)
        #expect(stream.mustEnd(now: .seconds(3)))
        #expect(body.asked == .seconds(3))
    }

    @Test("a stream that a long poll gives depends on the token too")
    func pendingStream() throws {
        guard case .pending(let poll) = try watched(.pending(Poll())).body else { throw Unexpected() }
        guard case .answer(let response) = poll.poll(now: .zero) else { throw Unexpected() }
        let stream = try stream(of: response)
        var output: [UInt8] = []
        #expect(stream.produce(into: &output, budget: 100, now: .zero) == .wait(until: nil))
        tokens.replace()
        store.refresh()
        #expect(stream.produce(into: &output, budget: 100, now: .zero) == .abort)
    }

    @Test("the steps of a compression depend on the token too")
    func compression() throws {
        let view = ReplicaView(
            store: ReplicaStore(),
            conditions: { ReplicaConditions(state: .live, lagMilliseconds: 0) },
            status: { ReplicationStatus() },
            wallMilliseconds: { 0 }
        )
        let conditions = FeedConditions(lagMilliseconds: 0, reason: "")
        let hub = FeedHub(
            store: view.store,
            limits: FeedLimits(),
            wallMilliseconds: { 0 },
            conditions: { conditions }
        )
        let api = API(
            view: view,
            hub: hub,
            health: Health(view: view),
            startedAtMilliseconds: 0,
            authenticator: Authenticator(store: store, wallMilliseconds: { 0 }, continuous: { .zero }),
            metrics: { HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 0x41, count: 300_000))) }
        )
        let fields = ["Authorization: Bearer app-0123456789abcdef", "Accept-Encoding: gzip"]
        let request = try #require(HTTPRequest(testing: "", path: "/metrics", fields: fields))
        guard case .pending(let steps) = api.router().respond(to: request).body else { throw Unexpected() }
        guard case .again = steps.poll(now: .zero) else { throw Unexpected() }
        tokens.replace()
        store.refresh()
        guard case .answer(let response) = steps.poll(now: .zero) else { throw Unexpected() }
        #expect(response.status == 401)
        steps.finished(.completed)
    }
}
