/// A loop's connections by slot. A slot's generation grows with each use, so an event for a closed connection never
/// reaches the one that took over its slot or its descriptor number.
struct ConnectionTable {
    private var slots: [Connection?] = []
    private var generations: [UInt32] = []
    private var free: [Int] = []
    private(set) var count = 0

    /// The token of the next connection.
    mutating func reserve() -> UInt64 {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = slots.count
            slots.append(nil)
            generations.append(0)
        }
        return UInt64(generations[slot]) << 32 | UInt64(slot)
    }

    mutating func insert(_ connection: Connection) {
        slots[Self.slot(connection.token)] = connection
        count += 1
    }

    /// Gives back a token, with or without a connection on it.
    mutating func remove(_ token: UInt64) {
        let slot = Self.slot(token)
        if slots[slot] != nil { count -= 1 }
        slots[slot] = nil
        // The generation stays below the loop's own token.
        generations[slot] = generations[slot] == .max - 1 ? 0 : generations[slot] + 1
        free.append(slot)
    }

    subscript(token: UInt64) -> Connection? {
        let slot = Self.slot(token)
        guard slot < slots.count, let connection = slots[slot], connection.token == token else { return nil }
        return connection
    }

    /// The connections now, for walks that change the table.
    var all: [Connection] { slots.compactMap { $0 } }

    /// The connections now, without a copy of the table: `body` must not change it.
    func forEach(_ body: (Connection) -> Void) {
        for case let connection? in slots { body(connection) }
    }

    private static func slot(_ token: UInt64) -> Int { Int(token & 0xFFFF_FFFF) }
}
