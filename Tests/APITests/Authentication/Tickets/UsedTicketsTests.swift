import Testing

@testable import API

/// The memory of used tickets: bounded, fair, and never a second use, whatever the clock does.
@Suite struct UsedTicketsTests {
    private static let now: Int64 = 1_700_000_000_000

    private func ticket(_ number: UInt64, of token: UInt64 = 1, endsIn seconds: Int64 = 60) -> SealedTicket {
        SealedTicket(
            kind: .single,
            tokenID: token,
            end: Self.now + 1000 * seconds,
            mark: TicketMark(high: token, low: number)
        )
    }

    @Test("a ticket is accepted once, until the second in which it ends is over")
    func once() {
        var used = UsedTickets()
        #expect(used.use(ticket(1), now: Self.now) == .accepted)
        #expect(used.use(ticket(1), now: Self.now) == .used)
        #expect(used.use(ticket(1), now: Self.now + 59_999) == .used)
        #expect(used.use(ticket(2, endsIn: 70), now: Self.now + 61_000) == .accepted)
        #expect(used.count == 1)
    }

    @Test("a ticket that is forgotten is not accepted when the clock is set back")
    func clockSetBack() {
        var used = UsedTickets()
        #expect(used.use(ticket(1), now: Self.now) == .accepted)
        #expect(used.use(ticket(2, endsIn: 100), now: Self.now + 61_000) == .accepted)
        #expect(used.count == 1)
        #expect(used.use(ticket(1), now: Self.now + 5_000) == .forgotten)
        // A new one is, at once.
        #expect(used.use(ticket(3, endsIn: 65), now: Self.now + 5_000) == .accepted)
    }

    @Test("a clock that was far ahead refuses no new tickets once it is right, nor fills the memory for ever")
    func clockFarAhead() {
        var used = UsedTickets()
        let year: Int64 = 31_536_000
        #expect(used.use(ticket(1, endsIn: year), now: Self.now + 1000 * (year - 60)) == .accepted)
        #expect(used.use(ticket(2, endsIn: year + 90), now: Self.now + 1000 * (year + 30)) == .accepted)
        #expect(used.use(ticket(3), now: Self.now) == .accepted)
        #expect(used.count == 1)
    }

    @Test("one token takes its share, all tokens the total, and each has a reserve")
    func bounds() {
        var used = UsedTickets()
        for number in 0..<UInt64(AuthenticationLimits.usedTicketsPerToken) {
            #expect(used.use(ticket(number), now: Self.now) == .accepted)
        }
        let next = UInt64(AuthenticationLimits.usedTicketsPerToken)
        #expect(used.use(ticket(next), now: Self.now) == .share)
        let tokens = UInt64(AuthenticationLimits.usedTickets / AuthenticationLimits.usedTicketsPerToken)
        for token in 2...tokens {
            for number in 0..<next { #expect(used.use(ticket(number, of: token), now: Self.now) == .accepted) }
        }
        #expect(used.count == AuthenticationLimits.usedTickets)
        let reserve = UInt64(AuthenticationLimits.usedTicketsReserved)
        for number in 0..<reserve { #expect(used.use(ticket(number, of: 100), now: Self.now) == .accepted) }
        #expect(used.use(ticket(reserve, of: 100), now: Self.now) == .total)
        // None of them is accepted twice for lack of room.
        #expect(used.use(ticket(0), now: Self.now) == .used)
        // When they have ended, there is room again.
        #expect(used.use(ticket(next, endsIn: 120), now: Self.now + 61_000) == .accepted)
        #expect(used.count == 1)
    }
}
