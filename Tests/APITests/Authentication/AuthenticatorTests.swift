import Digest
import Glibc
import HTTPServer
import Logging
import Service
import ServiceTools
import Synchronization
import TableModel
import Telemetry
import Testing

@testable import API

/// The API behind tokens, over real sockets.
@Suite struct AuthenticatorTests {
    private final class Lines: Sendable {
        private let state = Mutex("")
        var text: String { state.withLock { $0 } }
        func append(_ line: [UInt8]) { state.withLock { $0 += String(decoding: line, as: UTF8.self) } }
    }

    /// A file of tokens of its own for each test.
    private final class File {
        let path: String
        init(_ text: String) throws {
            var name = Array("/tmp/tablecast-tokens-XXXXXX".utf8CString)
            let descriptor = mkstemp(&name)
            try #require(descriptor >= 0)
            close(descriptor)
            path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            try write(text)
        }

        func write(_ text: String) throws {
            let file = try #require(fopen(path, "w"))
            fputs(text, file)
            fclose(file)
        }

        deinit { unlink(path) }
    }

    private let tokens = #"""
        {"tokens": [
          {"name": "all", "token": "all-0123456789abcdef", "scopes": ["read", "stream", "metrics", "status"]},
          {"name": "reader", "token": "reader-0123456789", "scopes": ["read"]},
          {"name": "ops", "token": "ops-0123456789abcdef", "scopes": ["metrics", "status"]},
          {"name": "tenant", "token": "tenant-0123456789", "scopes": ["read", "stream"], "keys": {"partition_prefix": "t#7#"}}
        ]}
        """#

    private func service(_ file: File, _ lines: Lines = Lines()) throws -> (fixture: ServiceFixture, store: TokenStore)
    {
        let logger = Logger(label: "t") { label in
            LineLogHandler(label: label, format: .text, level: .info, write: { lines.append($0) })
        }
        let store = try TokenStore(
            path: file.path,
            logger: logger,
            wallMilliseconds: { 1_700_000_000_000 },
            continuous: { .zero }
        )
        let fixture = try ServiceFixture(
            authenticator: Authenticator(store: store, wallMilliseconds: { 0 }, continuous: { .zero })
        )
        try fixture.publish(
            ["t#7#a", "t#7#b", "t#8#a"].map { ["pk": .string($0), "sk": .number("1")] },
            unreadable: ["t#7#odd", "t#8#odd"].map { ["pk": .string($0), "sk": .number("1")] },
            schema: ServiceFixture.composite
        )
        return (fixture, store)
    }

    private func bearer(_ token: String) -> [String] { ["Authorization: Bearer \(token)"] }

    @Test("health and the description are open, all else asks for a token and says how (M38)")
    func challenge() async throws {
        let (fixture, _) = try service(File(tokens))
        for path in ["/livez", "/readyz", "/healthz", "/openapi.yaml", "/"] {
            #expect(try fixture.request(path).status == 200, "\(path)")
        }
        for operation in API.operations where operation.access != .open {
            let path = operation.pattern.replacing("{pk}", with: "t%237%23a").replacing("{sk}", with: "1")
            let answer = try fixture.request(path, method: operation.method.name)
            #expect(answer.status == 401, "\(operation.method.name) \(path)")
            #expect(answer["www-authenticate"] == "Bearer realm=\"tablecast\"")
            #expect(answer["cache-control"] == "no-store")
            #expect(answer.body.contains("urn:tablecast:problem:unauthorized"))
        }
        #expect(try fixture.request("/v1/items", method: "OPTIONS").status == 204)
        await fixture.stop()
    }

    @Test("a wrong token is invalid, a malformed field a bad request, both 401")
    func wrongTokens() async throws {
        let (fixture, _) = try service(File(tokens))
        for (field, error) in [
            ("Bearer wrong-0123456789abcdef", "invalid_token"), ("Bearer all-0123456789abcde", "invalid_token"),
            ("Bearer ALL-0123456789ABCDEF", "invalid_token"), ("Basic YWxsOmFsbA==", "invalid_request"),
            ("Bearer", "invalid_request"), ("Bearer a b", "invalid_request"), ("Bearer \"x\"", "invalid_request"),
        ] {
            let answer = try fixture.request("/v1/items", fields: ["Authorization: \(field)"])
            #expect(answer.status == 401, "\(field)")
            #expect(answer["www-authenticate"] == "Bearer realm=\"tablecast\", error=\"\(error)\"", "\(field)")
        }
        #expect(try fixture.request("/v1/items", fields: ["authorization: bearer  all-0123456789abcdef"]).status == 200)
        let twice = bearer("all-0123456789abcdef") + bearer("all-0123456789abcdef")
        #expect(try fixture.request("/v1/items", fields: twice).status == 401)
        await fixture.stop()
    }

    @Test("a scope that is missing is a 403 that names it")
    func scopes() async throws {
        let (fixture, _) = try service(File(tokens))
        let paths = [
            "read": "/v1/items/t%237%23a/1", "stream": "/v1/events?timeout=0", "metrics": "/metrics",
            "status": "/v1/status",
        ]
        for (scope, path) in paths {
            #expect(try fixture.request(path, fields: bearer("all-0123456789abcdef")).status == 200, "\(path)")
            let reader = try fixture.request(path, fields: bearer("reader-0123456789"))
            let ops = try fixture.request(path, fields: bearer("ops-0123456789abcdef"))
            #expect(reader.status == (scope == "read" ? 200 : 403), "\(path)")
            #expect(ops.status == (scope == "metrics" || scope == "status" ? 200 : 403), "\(path)")
            if ops.status == 403 {
                #expect(ops.body.contains("The token 'ops' has not the scope '\(scope)'."))
                #expect(ops.body.contains(#""scope":"\#(scope)""#))
            }
        }
        await fixture.stop()
    }

    @Test("a token restricted to keys reads those, and nothing else by any way")
    func keys() async throws {
        let (fixture, _) = try service(File(tokens))
        let tenant = bearer("tenant-0123456789")
        #expect(try fixture.request("/v1/items/t%237%23a/1", fields: tenant).status == 200)
        #expect(try fixture.request("/v1/items/t%237%23none/1", fields: tenant).status == 404)
        for target in [
            "/v1/items/t%238%23a/1", "/v1/items/t%238%23none/1", "/v1/items/t%238%23a", "/v1/items?pk=t%238%23a",
        ] {
            let answer = try fixture.request(target, fields: tenant)
            #expect(answer.status == 403, "\(target)")
            #expect(answer.body.contains(#""scope":"keys""#))
            #expect(answer.body.contains("The token 'tenant' is restricted to a partition key beginning 't#7#'"))
        }
        let inside = try fixture.post(
            "/v1/items/batch-get",
            #"{"keys":[{"pk":"t#7#b","sk":1}]}"#,
            fields: tenant + ["Content-Type: application/json"]
        )
        #expect(inside.status == 200)
        let mixed = try fixture.post(
            "/v1/items/batch-get",
            #"{"keys":[{"pk":"t#7#b","sk":1},{"pk":"t#8#a","sk":1}]}"#,
            fields: tenant + ["Content-Type: application/json"]
        )
        #expect(mixed.status == 403)
        #expect(mixed.body.contains("keys[1] lies outside"))
        for target in ["/v1/items", "/v1/events?limit=3&timeout=1s", "/v1/items?order=desc"] {
            let answer = try fixture.request(target, fields: tenant)
            #expect(!answer.body.contains("t#8#"), "\(target)")
            #expect(answer.body.contains("t#7#odd"), "\(target)")
        }
        let export = try fixture.request("/v1/items", fields: tenant + ["Accept: application/x-ndjson"])
        #expect(export.body.hasSuffix(",\"unreadable_items\":1}\n"), "\(export.body)")
        #expect(try fixture.request("/v1/items/t%238%23odd/1", fields: tenant).status == 403)
        #expect(try fixture.request("/v1/items/t%237%23odd/1", fields: tenant).status == 502)
        await fixture.stop()
    }

    @Test("a token in a URL is refused with what to do instead")
    func tokenInURL() async throws {
        let (fixture, _) = try service(File(tokens))
        for name in ["token", "access_token", "Api_Key"] {
            let answer = try fixture.request("/v1/items?\(name)=all-0123456789abcdef")
            #expect(answer.status == 400, "\(name)")
            #expect(answer.body.contains("urn:tablecast:problem:token-in-url"))
            #expect(answer.body.contains("POST /v1/tickets"))
            #expect(!answer.body.contains("0123456789abcdef"))
        }
        await fixture.stop()
    }

    @Test("a ticket opens one stream, once, with the rights of its token")
    func tickets() async throws {
        let (fixture, _) = try service(File(tokens))
        func ticket(_ token: String) throws -> String {
            let answer = try fixture.request("/v1/tickets", method: "POST", fields: bearer(token))
            #expect(answer.status == 201)
            #expect(answer["cache-control"] == "no-store")
            #expect(answer.body.hasSuffix(#"","expires_in":60}"#))
            return String(answer.body.dropFirst(#"{"ticket":""#.count).prefix { $0 != "\"" })
        }
        let good = try ticket("all-0123456789abcdef")
        #expect(try fixture.request("/v1/events?timeout=0&ticket=\(good)").status == 200)
        let again = try fixture.request("/v1/events?timeout=0&ticket=\(good)")
        #expect(again.status == 401)
        #expect(again.body.contains("The ticket was used before"))
        #expect(try fixture.request("/v1/items?ticket=\(try ticket("all-0123456789abcdef"))").status == 401)
        for token in ["reader-0123456789", "ops-0123456789abcdef"] {
            let refused = try fixture.request("/v1/tickets", method: "POST", fields: bearer(token))
            #expect(refused.status == 403, "\(token)")
            #expect(refused.body.contains("has not the scope 'stream'"))
        }
        #expect(try fixture.request("/v1/tickets", method: "POST").status == 401)
        await fixture.stop()
    }

    @Test("one token gets so many tickets a minute and no more, and others get theirs")
    func ticketShare() async throws {
        let (fixture, store) = try service(File(tokens))
        let tickets = try #require(fixture.authenticator).tickets
        let greedy = try #require(store.token(with: SHA256Digest("all-0123456789abcdef".utf8)))
        for _ in 0..<(AuthenticationLimits.ticketsPerToken - 1) { _ = try tickets.issue(for: greedy, target: nil) }
        func ask(_ token: String) throws -> Answer {
            try fixture.request("/v1/tickets", method: "POST", fields: bearer(token))
        }
        #expect(try ask("all-0123456789abcdef").status == 201)
        let refused = try ask("all-0123456789abcdef")
        #expect(refused.status == 429)
        #expect((61...123).contains(Int(refused["retry-after"] ?? "") ?? 0))
        #expect(refused.body.contains("urn:tablecast:problem:too-many-tickets"))
        #expect(
            refused.body.contains("The token 'all' got 10000 tickets within 60 seconds, as many as one token may get.")
        )
        #expect(try ask("tenant-0123456789").status == 201)
        await fixture.stop()
    }

    @Test("the file is read again when it changes; one that cannot be used changes nothing but what is said of it")
    func reload() async throws {
        let file = try File(tokens)
        let lines = Lines()
        let (fixture, store) = try service(file, lines)
        store.refresh()
        #expect(lines.text.isEmpty)
        try file.write(#"{"tokens": ["#)
        store.refresh()
        store.refresh()
        #expect(try fixture.request("/v1/items", fields: bearer("all-0123456789abcdef")).status == 200)
        let status = try fixture.request("/v1/status", fields: bearer("ops-0123456789abcdef")).body
        #expect(
            status.contains(
                #""authentication":{"required":true,"exposed":false,"tokens":4,"loaded_at":"2023-11-14T22:13:20.000Z","trouble":""#
            ),
            "\(status)"
        )
        #expect(lines.text.components("cannot be used, the tokens read before stay in use") == 1)
        try file.write(#"{"tokens": [{"name": "new", "token": "new-0123456789abcdef", "scopes": ["read"]}]}"#)
        store.refresh()
        #expect(try fixture.request("/v1/items", fields: bearer("all-0123456789abcdef")).status == 401)
        #expect(try fixture.request("/v1/items", fields: bearer("new-0123456789abcdef")).status == 200)
        #expect(lines.text.contains("the token file was read again tokens=1"))
        #expect(!lines.text.contains("0123456789"))
        unlink(file.path)
        store.refresh()
        #expect(lines.text.contains("No such file or directory"))
        #expect(try fixture.request("/v1/items", fields: bearer("new-0123456789abcdef")).status == 200)
        await fixture.stop()
    }

    @Test("a first file that cannot be used is a configuration that cannot work")
    func firstFile() throws {
        let file = try File("{}")
        let error = #expect(throws: TokenFileError.self) {
            try TokenStore(
                path: file.path,
                logger: Logger(label: "t"),
                wallMilliseconds: { 0 },
                continuous: { .zero }
            )
        }
        let start = StartUpError(try #require(error))
        #expect(start.status == .configuration)
        #expect(
            start.description
                == "the token file \(file.path) cannot be used: it has no tokens, so nobody could read anything"
        )
    }

    @Test("without tokens everybody reads, a ticket opens nothing more, and the status says who can")
    func off() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        #expect(try fixture.request("/v1/items", fields: bearer("anything")).status == 200)
        #expect(try fixture.request("/v1/tickets", method: "POST").status == 201)
        #expect(try fixture.request("/v1/events?timeout=0&ticket=any").status == 200)
        let none = #""authentication":{"required":false,"exposed":false,"tokens":0,"loaded_at":null,"trouble":null}"#
        #expect(try fixture.request("/v1/status").body.contains(none))
        await fixture.stop()
        let exposed = try ServiceFixture(isLoopback: false)
        #expect(try exposed.request("/v1/status").body.contains(#""exposed":true"#))
        await exposed.stop()
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(_ text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
