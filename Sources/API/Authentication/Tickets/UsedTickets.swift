import Basics

/// The tickets of one use that a replica has accepted, until they end: none opens a second stream. Bounded, and fair among tokens.
struct UsedTickets: Sendable {
    enum Outcome: Sendable, Hashable {
        case accepted
        /// It was used before.
        case used
        /// It ended before a ticket that is forgotten by now, so it may have been used.
        case forgotten
        /// The token has used as many as one token may.
        case share
        /// All tokens have used as many as there may be.
        case total
    }

    /// Tickets that end in the same second.
    private struct Second: Sendable {
        var marks: Set<TicketMark> = []
        var counts: [UInt64: Int] = [:]
    }

    private var seconds: [Int64: Second] = [:]
    /// By the token's id.
    private var counts: [UInt64: Int] = [:]
    private(set) var count = 0
    private var cleanedAt: Int64 = .min
    /// Tickets that ended before this time may be forgotten. The clock may be set back after they were.
    private var horizon: Int64 = .min

    /// Accepts a ticket that has not ended, and remembers it. `now` is in milliseconds since 1970 UTC.
    mutating func use(_ ticket: SealedTicket, now: Int64) -> Outcome {
        clean(now)
        let second = Self.second(ticket.end)
        if seconds[second]?.marks.contains(ticket.mark) == true { return .used }
        guard ticket.end >= horizon else { return .forgotten }
        let share = counts[ticket.tokenID, default: 0]
        if share >= AuthenticationLimits.usedTicketsReserved {
            guard share < AuthenticationLimits.usedTicketsPerToken else { return .share }
            guard count < AuthenticationLimits.usedTickets else { return .total }
        }
        seconds[second, default: Second()].marks.insert(ticket.mark)
        seconds[second, default: Second()].counts[ticket.tokenID, default: 0] += 1
        counts[ticket.tokenID, default: 0] += 1
        count += 1
        return .accepted
    }

    private static func second(_ milliseconds: Int64) -> Int64 { milliseconds / 1000 }

    /// Forgets the tickets that have ended, once a second.
    private mutating func clean(_ now: Int64) {
        let current = Self.second(now)
        // Were it kept, no new ticket would work before the clock reads that time again.
        if horizon > now + AuthenticationLimits.ticketLifetime.wholeMilliseconds { horizon = .min }
        guard current != cleanedAt else { return }
        cleanedAt = current
        let last = current + AuthenticationLimits.usedTicketHorizon.wholeSeconds
        for second in seconds.keys where second < current || second > last {
            if second < current { horizon = max(horizon, (second + 1) * 1000) }
            guard let old = seconds.removeValue(forKey: second) else { continue }
            count -= old.marks.count
            for (token, number) in old.counts {
                let left = counts[token, default: 0] - number
                counts[token] = left > 0 ? left : nil
            }
        }
    }
}
