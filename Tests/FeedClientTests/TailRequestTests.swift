import Testing

@testable import FeedClient

@Suite struct TailRequestTests {
    @Test("asks for what is left of limit and timeout, and for a snapshot only once")
    func remains() throws {
        var request = TailRequest(try FeedAddress("http://a"))
        request.parameters = [TailRequest.Parameter("pk", "b")]
        request.snapshot = "always"
        request.limit = 5
        request.timeout = .seconds(10)
        #expect(
            request.url(written: 0, elapsed: .zero, isResuming: false)
                == "http://a/v1/events?pk=b&snapshot=always&limit=5&timeout=10000ms"
        )
        #expect(
            request.url(written: 2, elapsed: .milliseconds(9_900), isResuming: true)
                == "http://a/v1/events?pk=b&limit=3&timeout=100ms"
        )
        #expect(!request.isOver(written: 4, elapsed: .seconds(9)))
        #expect(request.isOver(written: 5, elapsed: .zero))
        #expect(request.isOver(written: 0, elapsed: .seconds(10)))
    }
}
