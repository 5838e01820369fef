/// Counts what is in use, in all and by each holder, against bounds. A value: its owner guards it.
package struct PermitCounts: Sendable {
    /// The bound that refused a permit.
    package enum Refusal: Error, Sendable, Hashable {
        /// All permits are in use.
        case total
        /// The holder has as many as one may have.
        case holder
    }

    /// Permits that may be in use at once.
    package let limit: Int
    /// Permits that one holder may have at once.
    package let perHolder: Int
    /// Permits in use.
    package private(set) var count = 0
    private var counts: [UInt64: Int] = [:]

    /// None in use. Without a bound for each holder nothing is remembered of holders.
    package init(limit: Int = .max, perHolder: Int = .max) {
        self.limit = limit
        self.perHolder = perHolder
    }

    /// Holders that have a permit, where they are bounded.
    package var holderCount: Int { counts.count }

    /// Counts one more permit for a holder.
    package mutating func take(for holder: UInt64) throws(Refusal) {
        guard count < limit else { throw .total }
        guard perHolder == .max || counts[holder, default: 0] < perHolder else { throw .holder }
        takeBeyondLimits(for: holder)
    }

    /// Counts one more permit whatever the bounds say: the caller is about to give one back.
    package mutating func takeBeyondLimits(for holder: UInt64) {
        count += 1
        if perHolder < .max { counts[holder, default: 0] += 1 }
    }

    /// Takes back a permit of a holder. One that the holder does not have, where holders are bounded, changes nothing.
    package mutating func release(for holder: UInt64) {
        if perHolder < .max {
            guard let own = counts[holder] else { return }
            counts[holder] = own > 1 ? own - 1 : nil
        }
        count -= 1
    }
}
