import Testing

@testable import API
@testable import HTTPServer

/// The URLs that reusable tickets are for.
@Suite struct TicketReferenceTests {
    private let streams = API.operations.filter(\.takesTicket)

    private func reference(_ url: String) throws(Problem) -> TicketReference {
        try TicketReference(url, among: streams)
    }

    /// A request for such a URL.
    private func asked(_ query: String, _ pattern: String = "/v1/events") throws -> TicketTarget {
        let request = try #require(HTTPRequest(testing: query, path: pattern))
        return TicketTarget(
            pattern: pattern,
            parameters: try request.queryParameters(except: IgnoredParameters.contains)
        )
    }

    @Test("the streams are the routes that take tickets")
    func routes() { #expect(streams.map(\.pattern) == ["/v1/changes", "/v1/events"]) }

    @Test(
        "a request for the URL has the target of the reference, also with what browsers and polyfills add",
        arguments: [
            ("events", ""), ("events", "ticket=x"), ("/v1/events", "ticket=x&last_event_id=a.1"),
            ("events?pk=a", "pk=a&ticket=x"), ("/v1/events?pk=a", "pk=a&ticket=x&lastEventId=a.1"),
            ("events?pk=a&_=1", "pk=a&_=2&utm_source=x"), ("events?pk=a", "ticket=x&pk=a"),
            ("events?where=name%20=%20'x'", "where=name+%3D+%27x%27&ticket=x"), ("events?", "ticket=x"),
            ("events?pk=", "pk&ticket=x"),
        ]
    )
    func same(_ url: String, _ query: String) throws {
        #expect(try reference(url).target == (try asked(query)))
    }

    @Test(
        "any other query is another target",
        arguments: [
            ("events?pk=a", "ticket=x"), ("events?pk=a", "pk=b"), ("events?pk=a", "pk=a&sk=b"), ("events", "pk=a"),
            ("events?pk=a&sk=b", "pk=ask=b"), ("events?pk=a", "pk=a&pk=a"), ("events?pk=a&op=put", "pk=a%26op%3Dput"),
            ("events?since=0", "since=now"),
        ]
    )
    func different(_ url: String, _ query: String) throws {
        #expect(try reference(url).target.mark != (try asked(query)).mark)
    }

    @Test("the same query of another path is another target")
    func path() throws {
        #expect(try reference("events?pk=a").target.mark != (try asked("pk=a", "/v1/changes")).mark)
    }

    @Test(
        "the reference that comes back is relative to that of the request for it",
        arguments: [
            ("events", "events?ticket=T"), ("events?", "events?ticket=T"), ("/v1/events?pk=a", "events?pk=a&ticket=T"),
            ("changes?pk=%41", "changes?pk=%41&ticket=T"),
        ]
    )
    func text(_ url: String, _ expected: String) throws { #expect(try reference(url).text(with: "T") == expected) }

    @Test(
        "a URL that no ticket can be for is a 400 that says why",
        arguments: [
            ("items", "has the path 'items', which takes no ticket"), ("", "has the path ''"),
            ("https://a.example/v1/events", "without a host"), ("/tc/v1/events", "takes no ticket"),
            ("../v1/events", "takes no ticket"), ("events?pk=a b", "percent-encode it"),
            ("events#x", "percent-encode it"), ("events?pk=é", "percent-encode it"),
            ("events?colour=red", "has the unknown parameter 'colour'"), ("events?pk=%4", "has a % without two"),
            ("events?pk=%zz", "has a % without two"), ("events?pk=%FF", "not UTF-8"), ("events?pk=%00", "has %00"),
            ("events?ticket=s3cret", "has a ticket already"), ("events?%74icket=s3cret", "has a ticket already"),
            ("events?access_token=s3cret", "has the unknown parameter 'access_token'"),
        ]
    )
    func refused(_ url: String, _ fault: String) throws {
        do throws(Problem) {
            _ = try reference(url)
            Issue.record("\(url) was taken")
        } catch {
            #expect(error.status == 400 && error.kind == .invalidBody)
            #expect(error.detail.contains(fault), "\(error.detail)")
            #expect(!error.detail.contains("s3cret"))
        }
    }

    @Test("a URL has a greatest length")
    func long() throws {
        let longest = "events?pk=" + String(repeating: "a", count: AuthenticationLimits.ticketURLBytes - 10)
        _ = try reference(longest)
        #expect(throws: Problem.self) { try reference(longest + "a") }
    }
}
