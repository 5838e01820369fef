import Glibc
import Synchronization
import Testing

@testable import HTTPServer

@Suite struct RefusalResponsesTests {
    private final class MovedClock: Sendable {
        let now = Mutex<Instant>(5_000_000_000)
    }

    @Test("M50: tells only so many in a second why they are refused, and closes on the others without a word")
    func refusalAnswers() throws {
        let observer = RecordingObserver()
        let clock = MovedClock()
        var limits = HTTPServerLimits()
        limits.refusalAnswersPerSecond = 2
        let responses = RefusalResponses(
            HTTPServerConfiguration(handler: echo, observer: observer, limits: limits, notes: .requestID),
            clock: { clock.now.withLock { $0 } }
        )
        /// What a client reads that is refused.
        func told() throws -> String {
            var ends: [Int32] = [0, 0]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
            responses.tell(
                AcceptedConnection(testing: ends[0], address: 0x0A00_0001),
                "no place"
            )
            close(ends[0])
            defer { close(ends[1]) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(ends[1], &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
        for _ in 0..<2 {
            let text = try told()
            #expect(text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\nDate: ") && text.hasSuffix("\r\n\r\nno place"))
            #expect(text.contains("\r\nX-Request-Id: "))
        }
        #expect(try told().isEmpty)
        clock.now.withLock { $0 = 6_000_000_000 }
        #expect(try !told().isEmpty)
        #expect(observer.current.rejected.map(\.reason) == ["no place", "no place", "no place"])
        #expect(observer.current.rejected.allSatisfy { $0.address == "10.0.0.1" && $0.id?.utf8.count == 32 })
    }
}
