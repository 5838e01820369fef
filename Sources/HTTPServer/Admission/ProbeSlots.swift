import Synchronization

/// Counts the connections beyond the limits that may turn out to be health probes: in all, and of one address.
final class ProbeSlots: Sendable {
    /// One connection's slot, given back with the last reference.
    final class Slot: Sendable {
        private let slots: ProbeSlots
        private let addressKey: UInt64

        fileprivate init(of slots: ProbeSlots, _ addressKey: UInt64) {
            self.slots = slots
            self.addressKey = addressKey
        }

        deinit { slots.giveBack(addressKey) }
    }

    private struct Counts {
        var total = 0
        var ofAddress: [UInt64: Int] = [:]
        /// How many addresses have so many slots, by that number: so the most that one has is known without a look at all.
        var addresses: [Int]

        mutating func change(_ addressKey: UInt64, by difference: Int) {
            let before = ofAddress[addressKey, default: 0]
            let after = before + difference
            total += difference
            if before > 0 { addresses[before] -= 1 }
            if after > 0 { addresses[after] += 1 }
            ofAddress[addressKey] = after > 0 ? after : nil
        }
    }

    private let limit: Int
    private let addressLimit: Int
    private let counts: Mutex<Counts>

    /// `limit` slots in all, of which one address gets `addressLimit`.
    init(limit: Int, addressLimit: Int) {
        self.limit = limit
        self.addressLimit = addressLimit
        counts = Mutex(Counts(addresses: Array(repeating: 0, count: max(0, addressLimit) + 1)))
    }

    /// A slot for a connection of this address; nil where it has as many as it may, or none is free.
    func take(_ addressKey: UInt64) -> Slot? {
        let isTaken = counts.withLock { counts in
            let own = counts.ofAddress[addressKey, default: 0]
            guard counts.total < limit, own < addressLimit else { return false }
            counts.change(addressKey, by: 1)
            return true
        }
        return isTaken ? Slot(of: self, addressKey) : nil
    }

    /// Which of the connections that wait, the oldest first, makes way for a new one: the oldest of the same address where that has all it
    /// may have, otherwise the oldest of the address that has most. So neither one address nor many keep a slot from a new connection.
    func victim(among waiting: some Sequence<UInt64>, for addressKey: UInt64) -> Int? {
        counts.withLock { counts in
            let isOwn = counts.ofAddress[addressKey, default: 0] >= addressLimit
            let most = counts.addresses.lastIndex { $0 > 0 } ?? 0
            var found: (index: Int, count: Int)?
            for (index, key) in waiting.enumerated() {
                if isOwn {
                    if key == addressKey { return index }
                    continue
                }
                let count = counts.ofAddress[key, default: 0]
                if count > found?.count ?? 0 { found = (index, count) }
                if count == most { break }
            }
            return found?.index
        }
    }

    private func giveBack(_ addressKey: UInt64) {
        counts.withLock { $0.change(addressKey, by: -1) }
    }
}
