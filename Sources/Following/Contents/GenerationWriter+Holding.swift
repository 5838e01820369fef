import ReplicaStore
import TableModel

extension GenerationWriter {
    /// Whether the newest state of a key is already this one.
    func holds(_ outcome: Change.Outcome, under key: ItemKey) -> Bool {
        let record = key.bytes.withUnsafeBytes { newestState(of: $0) }
        switch outcome {
        case .put(let item):
            guard let record, !record.isTombstone else { return false }
            return record.withPackedItem { held in item.packed.withUnsafeBytes { held.elementsEqual($0) } }
        case .remove: return record.map { $0.isTombstone && !$0.isUnreadable } ?? true
        case .unreadable: return record?.isUnreadable ?? false
        }
    }
}
