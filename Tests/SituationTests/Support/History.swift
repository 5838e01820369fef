import Synchronization

/// Every write of a test's table, in order: what a reader may have seen of a key, and what must come after it.
final class History: Sendable {
    struct Write: Sendable {
        /// The value of the item's attribute `n`; the writes of a table are numbered from 1.
        let number: Int
        let isPut: Bool
    }

    private let state = Mutex<(count: Int, writes: [String: [Write]])>((0, [:]))

    /// Numbers a write and lets `body` do it, so that the numbers have the order of the table's writes.
    func write(_ key: String, isPut: Bool, _ body: (Int) throws -> Void) rethrows {
        try state.withLock { state in
            state.count += 1
            try body(state.count)
            state.writes[key, default: []].append(Write(number: state.count, isPut: isPut))
        }
    }

    /// The first removal of a key with a number greater than `number`; nil when there is none.
    func removal(of key: String, after number: Int) -> Int? {
        state.withLock { state in
            state.writes[key]?.first { !$0.isPut && $0.number > number }?.number
        }
    }

    func wrote(_ key: String, _ number: Int) -> Bool {
        state.withLock { state in state.writes[key]?.contains { $0.isPut && $0.number == number } ?? false }
    }
}

/// A reader who forgets nothing: no key may go back, no position come twice.
struct Witness {
    private(set) var violations: [String] = []
    private var epoch: String?
    private var seq: UInt64 = 0
    private var seen: [String: Int] = [:]

    /// Takes one state of a key as it was told: `number` of the write that put it, nil for a removal.
    mutating func take(_ key: String, _ number: Int?, epoch: String, seq: UInt64, _ history: History) {
        if epoch != self.epoch {
            self.epoch = epoch
            self.seq = 0
        }
        if seq <= self.seq { violations.append("\(key): position \(seq) after \(self.seq)") }
        self.seq = seq
        let before = seen[key] ?? 0
        guard let number = number ?? history.removal(of: key, after: before) ?? history.removal(of: key, after: 0)
        else {
            violations.append("\(key) is gone although nobody removed it")
            return
        }
        if number < before { violations.append("\(key) went back from write \(before) to \(number)") }
        seen[key] = max(before, number)
    }
}
