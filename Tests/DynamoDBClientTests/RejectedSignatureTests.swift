import Basics
import Synchronization
import TableModel
import TestTools
import Testing

@testable import DynamoDBClient

/// What the client does about a service that does not accept its signature.
@Suite struct RejectedSignatureTests {
    /// Keys that can be replaced, and counts how often they were asked for.
    private final class ReplaceableCredentials: CredentialsProvider {
        private let state = Mutex((name: "OLD", asked: 0))
        private let heard = Mutex<[String]>([])
        private let next: String?
        /// The keys of requests that succeeded.
        var accepted: [String] { heard.withLock { $0 } }
        init(next: String?) { self.next = next }
        var asked: Int { state.withLock { $0.asked } }
        func credentials() async throws(DynamoDBError) -> Credentials {
            Credentials(accessKeyID: state.withLock { $0.name }, secretAccessKey: "secret")
        }
        func accepted(_ credentials: Credentials) { heard.withLock { $0.append(credentials.accessKeyID) } }
        func replacement(of rejected: Credentials) async -> Credentials? {
            let name = state.withLock { state -> String? in
                state.asked += 1
                state.name = next ?? state.name
                return next
            }
            return name.map { Credentials(accessKeyID: $0, secretAccessKey: "secret") }
        }
    }

    private static let rejections = [
        "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "ExpiredTokenException",
        "SignatureDoesNotMatch", "InvalidAccessKeyId",
    ]

    private func server(_ code: String) -> ScriptedServer {
        ScriptedServer { request in
            request.header("authorization")?.contains("Credential=NEW/") == true
                ? .answer(body: onePage)
                : .answer(status: 400, body: #"{"__type":"com.amazon.coral.service#\#(code)","message":"no"}"#)
        }.start()
    }

    @Test("keys that the service does not accept are replaced, and the call is made again once", arguments: rejections)
    func replaced(_ code: String) async throws {
        let server = server(code)
        defer { server.stop() }
        let provider = ReplaceableCredentials(next: "NEW")
        let client = try makeClient(server.url, credentials: provider)
        defer { client.close() }
        #expect(try await client.scan(scanRequest).items.entries.count == 1)
        #expect(server.requests.count == 2)
        #expect(provider.asked == 1)
        #expect(provider.accepted == ["NEW"])
    }

    @Test("without others, and where others do not help, the rejection is told", arguments: rejections)
    func told(_ code: String) async throws {
        let server = server(code)
        defer { server.stop() }
        for (next, requests) in [(nil, 1), ("OTHER", 3)] as [(String?, Int)] {
            let provider = ReplaceableCredentials(next: next)
            let client = try makeClient(server.url, credentials: provider)
            defer { client.close() }
            let error = await #expect(throws: DynamoDBError.self) { try await client.scan(scanRequest) }
            #expect(error?.code.rawValue == code)
            #expect(provider.asked == 1)
            #expect(server.requests.count == requests)
        }
    }

    @Test("a missing permission is no reason to replace keys")
    func denied() async throws {
        let server = server("AccessDeniedException")
        defer { server.stop() }
        let provider = ReplaceableCredentials(next: "NEW")
        let client = try makeClient(server.url, credentials: provider)
        defer { client.close() }
        await #expect(throws: DynamoDBError.self) { try await client.scan(scanRequest) }
        #expect(provider.asked == 0)
        #expect(server.requests.count == 1)
    }

    /// AWS's words, by DynamoDB's front end and by STS's.
    private static let skews = [
        #"{"__type":"x#InvalidSignatureException","message":"Signature expired: 20150830T123600Z is now earlier than 20150830T133100Z"}"#,
        #"{"__type":"x#InvalidSignatureException","message":"Signature not yet current: 20150830T123600Z is still later than …"}"#,
        #"{"__type":"x#RequestTimeTooSkewed","message":"too far"}"#,
    ]

    @Test("a clock an hour off is corrected by the response's Date, and the call is made again", arguments: skews)
    func corrected(_ body: String) async throws {
        // The service's clock shows 12:36 of 30 August 2015, this machine's is at 1970.
        let date = "Date: Sun, 30 Aug 2015 12:36:00 GMT"
        let server = ScriptedServer { request in
            let isRight = request.header("x-amz-date")?.hasPrefix("20150830T123") == true
            return isRight
                ? .answer(headers: [date], body: onePage) : .answer(status: 400, headers: [date], body: body)
        }.start()
        defer { server.stop() }
        let time = FakeTime()
        let client = try makeClient(server.url, time: time)
        defer { client.close() }
        for _ in 0..<3 { #expect(try await client.scan(scanRequest).items.entries.count == 1) }
        #expect(server.requests.count == 4, "only the first signature was wrong")
        let skew = try #require(client.configuration.clock.skewMilliseconds)
        #expect((-1_440_938_160_000 ... -1_440_938_150_000).contains(skew))
    }

    @Test("a Date alone corrects nothing, and one that does not help is not used again: a proxy may have put it there")
    func proxyDate() async throws {
        let hour = "Date: Thu, 01 Jan 1970 01:00:00 GMT"
        let refuses = Mutex(false)
        let server = ScriptedServer { request in
            let isRight = request.header("x-amz-date")?.hasPrefix("19700101T00") == true
            return isRight && !refuses.withLock(\.self)
                ? .answer(headers: [hour], body: onePage)
                : .answer(status: 400, headers: [hour], body: Self.skews[0])
        }.start()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        for _ in 0..<3 { #expect(try await client.scan(scanRequest).items.entries.count == 1) }
        #expect(server.requests.count == 3, "this machine's clock is right")
        refuses.withLock { $0 = true }
        await #expect(throws: DynamoDBError.self) { try await client.scan(scanRequest) }
        refuses.withLock { $0 = false }
        #expect(try await client.scan(scanRequest).items.entries.count == 1)
        #expect(server.requests.count == 6, "signed by this machine's clock again")
    }

    @Test("without a Date the rejection is told, with what to do")
    func noDate() async throws {
        let server = Script(.answer(status: 400, body: Self.skews[0])).server()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        let error = await #expect(throws: DynamoDBError.self) { try await client.scan(scanRequest) }
        #expect(server.requests.count == 2)
        #expect(
            error?.hint
                == "Check this machine's clock: signatures are good for a few minutes only."
        )
    }

    @Test("a clock that is right is not corrected")
    func rightClock() async throws {
        let server = Script(
            .answer(headers: ["Date: Thu, 01 Jan 1970 00:00:00 GMT"], body: onePage)
        ).server()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        #expect(client.configuration.clock.skewMilliseconds == nil)
        _ = try await client.scan(scanRequest)
        #expect(client.configuration.clock.skewMilliseconds == 0)
    }
}
