import Digest
import Synchronization
import Testing

@testable import Service

@Suite struct TicketOfficeTests {
    private final class Clock: Sendable {
        private let time = Mutex(Duration.seconds(1000))
        var now: Duration { time.withLock { $0 } }
        func advance(_ duration: Duration) { time.withLock { $0 += duration } }
    }

    private let token = AccessToken(name: "n", digest: SHA256Digest("x".utf8), scopes: [.stream], keys: nil)

    @Test("a ticket is good once")
    func once() throws {
        let office = TicketOffice(monotonic: { .zero })
        let first = try #require(office.issue(for: token))
        let second = try #require(office.issue(for: token))
        #expect(first != second)
        #expect(first.utf8.count == 43)
        #expect(office.redeem(first) == token)
        #expect(office.redeem(first) == nil)
        #expect(office.redeem(second) == token)
        #expect(office.redeem("") == nil)
    }

    @Test("a ticket is good for 60 seconds")
    func expiry() throws {
        let clock = Clock()
        let office = TicketOffice(monotonic: { clock.now })
        let early = try #require(office.issue(for: token))
        let late = try #require(office.issue(for: token))
        clock.advance(.milliseconds(59_999))
        #expect(office.redeem(early) == token)
        clock.advance(.milliseconds(1))
        #expect(office.redeem(late) == nil)
    }

    @Test("only so many are given out within their life, used ones included")
    func bounded() throws {
        let clock = Clock()
        let office = TicketOffice(monotonic: { clock.now })
        for _ in 0..<AuthenticationLimits.tickets {
            let ticket = try #require(office.issue(for: token))
            #expect(office.redeem(ticket) != nil)
        }
        #expect(office.issue(for: token) == nil)
        clock.advance(AuthenticationLimits.ticketLifetime)
        #expect(office.issue(for: token) != nil)
    }
}
