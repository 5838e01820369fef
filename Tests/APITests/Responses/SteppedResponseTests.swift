import HTTPServer
import ServiceTools
import TableModel
import Testing

@testable import API

/// Answers that take several steps are those that one step gives.
@Suite struct SteppedResponseTests {
    /// A table of rows of some hundred bytes. Steps as small as they can be, or as large.
    private func table(_ isSmall: Bool) throws -> ServiceFixture {
        let fixture = try ServiceFixture(limits: {
            $0.pageBytes = 40_000
            $0.stepRecords = isSmall ? 1 : .max
            $0.stepWork = isSmall ? 1 : .max
            $0.stepBytes = isSmall ? 700 : .max
        })
        var items: [[AttributeName: AttributeValue]] = []
        for row in 0..<300 {
            let text = String(repeating: "tea \(row) ", count: 20)
            items.append(["id": .string("row-\(row)"), "n": .number("\(row)"), "text": .string(text)])
        }
        try fixture.publish(items, schema: ServiceFixture.single)
        return fixture
    }

    @Test(
        "a page is the same in small steps and in one",
        arguments: [
            "", "?limit=7", "?limit=1000", "?where=n%20%3C%205", "?where=n%20%3C%20-1", "?order=desc&limit=50",
            "?fields=n&limit=299",
            "?limit=300", "?limit=301",
        ]
    )
    func pages(query: String) async throws {
        let (small, large) = (try table(true), try table(false))
        let left = try small.request("/v1/items\(query)")
        let right = try large.request("/v1/items\(query)")
        #expect(left.status == 200 && left.body == right.body)
        #expect(left["etag"] == right["etag"] && left["link"] == right["link"])
        let fresh = try small.request("/v1/items\(query)", fields: ["If-None-Match: \(left["etag"] ?? "")"])
        #expect(fresh.status == 304)
        await small.stop()
        await large.stop()
    }

    @Test("a body compressed in pieces is the body, with the fields that one compressed at once has")
    func gzip() async throws {
        let (small, large) = (try table(true), try table(false))
        let plain = try large.request("/v1/items?limit=100")
        for fixture in [small, large] {
            let answer = try fixture.request("/v1/items?limit=100", fields: ["Accept-Encoding: gzip"])
            #expect(answer.status == 200)
            #expect(answer["content-encoding"] == "gzip")
            #expect(answer["content-length"] == "\(answer.bytes.count)")
            #expect(answer["link"] == plain["link"])
            #expect(ContentCodingTests.inflated(answer.bytes) == plain.body)
            let head = try fixture.request("/v1/items?limit=100", method: "HEAD", fields: ["Accept-Encoding: gzip"])
            #expect(head["content-length"] == answer["content-length"] && head.bytes.isEmpty)
        }
        await small.stop()
        await large.stop()
    }

    @Test("what steps hold is given back when the client has gone")
    func givesBack() {
        final class Held: Sendable {}
        weak var held: Held?
        var answer: (any PendingResponse)?
        do {
            let object = Held()
            held = object
            let response = SteppedResponse.response { () -> HTTPResponse? in
                withExtendedLifetime(object) { nil }
            }
            guard case .pending(let pending) = response.body else {
                Issue.record("it is not pending")
                return
            }
            answer = pending
        }
        #expect(held != nil)
        guard case .again = answer?.poll(now: .zero) else {
            Issue.record("it does not ask for another step")
            return
        }
        answer?.finished(.clientGone)
        #expect(held == nil)
    }
}
