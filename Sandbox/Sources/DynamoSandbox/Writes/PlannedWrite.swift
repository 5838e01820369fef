import TableModel

/// A write that has passed every check: what it will change, and how the item was.
struct PlannedWrite: Sendable {
    let table: String
    let key: OrderKey
    let keyAttributes: Attributes
    let old: StoredItem?
    let new: StoredItem?
    let oldAttributes: Attributes?
    let newAttributes: Attributes?
    /// The paths that an update names, for UPDATED_OLD and UPDATED_NEW.
    var updatedPaths: [DocumentPath] = []

    /// Write units: one per KB of the larger of both items, at least one.
    var capacityUnits: Int {
        max(1, (max(old?.size ?? 0, new?.size ?? 0) + 1_023) / 1_024)
    }
}

extension Engine {
    /// Carries a planned write out. Nothing happens, and nothing is recorded, when it changes nothing.
    mutating func commit(_ write: PlannedWrite, now: Int64, byTimeToLive: Bool = false) {
        guard write.old?.item != write.new?.item else { return }
        if let new = write.new {
            tables[write.table]?.items.set(write.key, new)
        } else {
            tables[write.table]?.items.remove(write.key)
        }
        tables[write.table]?.bytes += (write.new?.size ?? 0) - (write.old?.size ?? 0)
        if let lag = settings.replicaLag {
            tables[write.table]?.remember(write.key, write.old, now: now, lag: lag)
        }
        record(write, now: now, byTimeToLive: byTimeToLive)
    }
}
