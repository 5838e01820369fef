import Digest
import HTTPServer
import Logging
import Service
import ServiceTools
import Synchronization
import TableModel
import Testing

@testable import API

/// What is open when its token is taken away or narrowed, over real sockets.
@Suite struct RevocationTests {
    /// The tokens as a file that tests change at will.
    private final class Tokens: Sendable {
        private let text = Mutex("")
        /// A clock that moves on by an hour with each look: the file is read whatever its stamp.
        private let looks = Atomic<Int>(0)
        var now: Duration { .seconds(3600 * looks.add(1, ordering: .relaxed).newValue) }
        var bytes: [UInt8] { text.withLock { Array($0.utf8) } }
        func set(_ scopes: String, keys: String = "") {
            text.withLock {
                $0 = #"""
                    {"tokens": [{"name": "other", "token": "other-0123456789abcdef", "scopes": ["read"]},
                    {"name": "app", "token": "app-0123456789abcdef", "scopes": [\#(scopes)]\#(keys)}]}
                    """#
            }
        }
        func remove() {
            text.withLock {
                $0 = #"{"tokens": [{"name": "o", "token": "other-0123456789abcdef", "scopes": ["read"]}]}"#
            }
        }
    }

    private struct Running {
        let fixture: ServiceFixture
        let store: TokenStore
        let tokens: Tokens

        /// Has the file read as the reloader does, and wakes what waits.
        func refresh() { if store.refresh() { fixture.front.wakeStreams() } }

        func open(_ target: String, _ fields: [String] = [], receiveBuffer: Int32? = nil) throws -> FeedClient {
            let token = "Authorization: Bearer app-0123456789abcdef"
            return try FeedClient(
                port: fixture.port,
                target,
                fields: [token, "Connection: close"] + fields,
                receiveBuffer: receiveBuffer
            )
        }
    }

    @Test(
        "a follower with a token for some keys needs partial=true, hears of its part, and why it ends when the token is removed"
    )
    func follower() async throws {
        let running = try running()
        running.tokens.set(#""read", "stream""#, keys: #", "keys": {"partition_prefix": "k1"}"#)
        running.refresh()
        let refused = try running.open("/v1/changes?mode=replica", ["Accept: application/x-ndjson"])
        try refused.waitForEnd()
        #expect(refused.status == 403)
        #expect(String(decoding: refused.body, as: UTF8.self).contains("--follow-partial"))
        let client = try running.open("/v1/changes?mode=replica&partial=true", ["Accept: application/x-ndjson"])
        try client.wait { String(decoding: $0.body, as: UTF8.self).contains(#""event":"bookmark""#) }
        running.tokens.remove()
        running.refresh()
        try client.waitForEnd()
        let text = String(decoding: client.body, as: UTF8.self)
        #expect(text.contains(#""partial":true"#) && text.contains(#"{"S":"k1"}"#) && !text.contains(#"{"S":"k2"}"#))
        #expect(!text.contains(#""digest""#) && !text.contains(#""items""#))
        #expect(text.contains(#"{"event":"bye","#) && text.contains(#""reason":"revoked""#))
        await running.fixture.stop()
    }

    private func running(items: Int = 3, text: Int = 1) throws -> Running {
        let tokens = Tokens()
        tokens.set(#""read", "stream""#)
        let store = try TokenStore(
            path: "tokens",
            logger: Logger(label: "t"),
            wallMilliseconds: { 0 },
            continuous: { tokens.now },
            access: TokenFileAccess(stamp: { _ in nil }, read: { _ throws(TokenFileError) in tokens.bytes })
        )
        let fixture = try ServiceFixture(
            authenticator: Authenticator(store: store, wallMilliseconds: { 0 }, continuous: { .zero })
        )
        try fixture.publish(
            (0..<items).map {
                ["id": .string("k\($0)"), "text": .string(String(repeating: "x", count: text))]
            },
            schema: ServiceFixture.single
        )
        return Running(fixture: fixture, store: store, tokens: tokens)
    }

    @Test("the event stream of a removed or narrowed token says why it ends, and ends", arguments: 0..<3)
    func events(_ change: Int) async throws {
        let running = try running()
        let client = try running.open("/v1/events")
        try client.wait(for: "ready")
        switch change {
        case 0: running.tokens.remove()
        case 1: running.tokens.set(#""read""#)
        default: running.tokens.set(#""read", "stream""#, keys: #", "keys": {"partition_prefix": "k1"}"#)
        }
        running.refresh()
        try client.wait(for: "bye")
        #expect(client.events.last?.data == #"{"reason":"revoked"}"#)
        try client.waitForEnd()
        #expect(client.isComplete)
        #expect(
            try running.open("/v1/events?timeout=0").completeStatus() == (change == 2 ? 200 : change == 1 ? 403 : 401)
        )
        await running.fixture.stop()
    }

    @Test("a token that gets more scopes, or another name's neighbour, keeps its streams")
    func kept() async throws {
        let running = try running()
        let client = try running.open("/v1/events?heartbeat=1s")
        try client.wait(for: "ready")
        running.tokens.set(#""read", "stream", "status""#)
        running.refresh()
        try client.wait(for: "bookmark")
        #expect(!client.names.contains("bye"))
        client.close()
        await running.fixture.stop()
    }

    @Test("a stream of lines says so too, and a long poll is answered 401")
    func polls() async throws {
        let running = try running()
        let lines = try running.open("/v1/changes", ["Accept: application/x-ndjson"])
        let changes = try running.open("/v1/changes?since=now", ["Prefer: wait=50"])
        let item = try running.open("/v1/items/k0?until=missing%20%3D%201", ["Prefer: wait=50"])
        try lines.wait { String(decoding: $0.body, as: UTF8.self).contains("ready") }
        running.tokens.remove()
        running.refresh()
        try lines.waitForEnd()
        let last = String(decoding: lines.body, as: UTF8.self).split(separator: "\n").last ?? ""
        #expect(last.contains("bye") && last.contains("revoked"), "\(last)")
        for poll in [changes, item] {
            try poll.waitForEnd()
            #expect(poll.status == 401)
            #expect(poll["www-authenticate"] == "Bearer realm=\"tablecast\", error=\"invalid_token\"")
        }
        await running.fixture.stop()
    }

    @Test("an export breaks off, so that it cannot be taken for whole")
    func exports() async throws {
        // More than the sockets of both ends take.
        let running = try running(items: 400, text: 100_000)
        let export = try running.open("/v1/items", ["Accept: application/x-ndjson"], receiveBuffer: 4096)
        try export.wait { !$0.body.isEmpty }
        running.tokens.remove()
        running.refresh()
        for _ in 0..<20_000 where !export.isClosed { try export.pump(milliseconds: 50) }
        #expect(export.isClosed && !export.isComplete)
        #expect(!String(decoding: export.body.suffix(200), as: UTF8.self).contains("as_of"))
        await running.fixture.stop()
    }
}

extension FeedClient {
    /// The status of an answer, when the server has closed.
    fileprivate func completeStatus() throws -> Int {
        try waitForEnd()
        return status
    }
}
