import Digest
import Synchronization
import TestTools
import Testing

@testable import API

@Suite struct TicketStoreTests {
    private final class Clock: Sendable {
        private let time = Mutex(Duration.seconds(1000))
        var now: Duration { time.withLock { $0 } }
        func advance(_ duration: Duration) { time.withLock { $0 += duration } }
    }

    private let token = AccessToken(name: "n", digest: SHA256Digest("x".utf8), scopes: [.stream], keys: nil)

    @Test("a ticket is good once")
    func once() throws {
        let office = TicketStore(continuous: { .zero })
        let first = try office.issue(for: token)
        let second = try office.issue(for: token)
        #expect(first != second)
        #expect(first.utf8.count == 43)
        #expect(office.redeem(first) == token)
        #expect(office.redeem(first) == nil)
        #expect(office.redeem(second) == token)
        #expect(office.redeem("") == nil)
    }

    @Test("a ticket expires while the machine is suspended")
    func suspended() throws {
        let clocks = SuspendableClocks()
        let office = TicketStore(continuous: { clocks.continuous })
        let ticket = try office.issue(for: token)
        clocks.suspend(for: .seconds(61))
        #expect(office.redeem(ticket) == nil)
    }

    @Test("a ticket is good for 60 seconds")
    func expiry() throws {
        let clock = Clock()
        let office = TicketStore(continuous: { clock.now })
        let early = try office.issue(for: token)
        let late = try office.issue(for: token)
        clock.advance(.milliseconds(59_999))
        #expect(office.redeem(early) == token)
        clock.advance(.milliseconds(1))
        #expect(office.redeem(late) == nil)
    }

    private func token(_ number: Int) -> AccessToken {
        AccessToken(name: "n\(number)", digest: SHA256Digest("x\(number)".utf8), scopes: [.stream], keys: nil)
    }

    @Test("one token takes its share, all tokens the total, and what expired counts no longer")
    func bounded() throws {
        let clock = Clock()
        let office = TicketStore(continuous: { clock.now })
        for number in 0..<(AuthenticationLimits.tickets / AuthenticationLimits.ticketsPerToken) {
            for _ in 0..<AuthenticationLimits.ticketsPerToken { _ = try office.issue(for: token(number)) }
            #expect(throws: TicketStore.Refusal.share) { try office.issue(for: token(number)) }
        }
        #expect(throws: TicketStore.Refusal.total) { try office.issue(for: token(100)) }
        clock.advance(AuthenticationLimits.ticketLifetime)
        _ = try office.issue(for: token(100))
        _ = try office.issue(for: token(0))
    }

    @Test("used tickets count no longer, however many are used within a ticket's life")
    func used() throws {
        let office = TicketStore(continuous: { .zero })
        for _ in 0..<(3 * AuthenticationLimits.ticketsPerToken) {
            let ticket = try office.issue(for: token)
            #expect(office.redeem(ticket) == token)
            #expect(office.redeem(ticket) == nil)
        }
    }
}
