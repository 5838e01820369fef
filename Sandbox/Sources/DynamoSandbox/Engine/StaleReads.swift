import Basics
import TableModel

/// An item before its last write, for reads that ask for no consistency.
struct PastItem: Sendable {
    /// Nil when there was none.
    let item: StoredItem?
    /// When the write came: milliseconds since 1970 UTC.
    let replacedAt: Int64
}

extension Table {
    /// Keeps what a write replaces; of several writes within the lag the oldest state stays visible.
    mutating func remember(_ key: OrderKey, _ old: StoredItem?, now: Int64, lag: Duration) {
        if let past = past[key], now - past.replacedAt < lag.wholeMilliseconds { return }
        past[key] = PastItem(item: old, replacedAt: now)
    }

    /// The item as a read sees it.
    func visible(_ key: OrderKey, _ current: StoredItem?, consistent: Bool, now: Int64, lag: Duration?) -> StoredItem? {
        guard !consistent, let lag, let past = past[key], now - past.replacedAt < lag.wholeMilliseconds else {
            return current
        }
        return past.item
    }
}
