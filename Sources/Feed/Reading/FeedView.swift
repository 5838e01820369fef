import ItemQuery
import ReplicaStore
import Synchronization
import TableModel

/// How a feed appears to its reader: all that the bytes of its frames depend on beside the place in the index.
struct FeedViewKey: Hashable, Sendable {
    var representation = ItemRepresentation()
    var filter: ItemFilter?
    var operation: FeedOperation?
    var mode = FeedMode.latest
    var difference = FeedDifference.none
    var encoding = FeedEncoding.events

    init(_ request: FeedRequest, schema: KeySchema) throws(FeedFilterError) {
        representation = request.representation
        operation = request.operation
        mode = request.mode
        difference = request.mode == .all ? request.difference : .none
        encoding = request.encoding
        filter = try request.filter?.resolve(schema)
        // A filter that everything passes costs nothing.
        if let filter, filter.predicate == nil, filter.keys.lower == nil, filter.keys.upper == nil { self.filter = nil }
    }
}

/// A view that is in use, with a number that stands for it in the keys of shared frames.
final class FeedView: Sendable {
    let key: FeedViewKey
    let number: UInt64
    /// How many times an item's bytes are looked at beside being written.
    private let weight: Int

    init(key: FeedViewKey, number: UInt64) {
        self.key = key
        self.number = number
        weight =
            (key.filter?.predicate?.operandCount ?? 0) + (key.representation.fields == nil ? 0 : 1)
            + (key.difference == .none ? 0 : 1)
    }

    /// What looking at a state costs, in changes (see `FeedLimits.visitBytes`).
    @inline(__always)
    func cost(of record: ItemRecord) -> Int {
        weight == 0 ? 1 : 1 + record.withPackedItem { $0.count } * weight / FeedLimits.visitBytes
    }

    /// Whether an item can leave the filter while it exists. A key never changes, so it stays within its range.
    var hasLeaveEvents: Bool { key.filter?.predicate != nil }

    /// Whether a key may be told of at all.
    @inline(__always)
    func covers(_ record: ItemRecord) -> Bool {
        guard let filter = key.filter else { return true }
        return record.withKeyBytes { filter.keys.contains($0) }
    }

    /// Whether a state of a covered key belongs to the filter; a removed item never does.
    @inline(__always)
    func matches(_ record: ItemRecord) -> Bool {
        if record.isTombstone { return false }
        guard let predicate = key.filter?.predicate else { return true }
        return record.withPackedItem { predicate.matches($0) }
    }

    func tells(_ operation: FeedOperation) -> Bool { key.operation == nil || key.operation == operation }
}

/// The views in use, so that readers who ask for the same share frames. A view goes with its last reader.
final class FeedViews: Sendable {
    private struct State {
        var views: [FeedViewKey: (view: FeedView, readers: Int)] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// The view of `key`; to be given back with `release`.
    func take(_ key: FeedViewKey) -> FeedView {
        state.withLock { state in
            if var found = state.views[key] {
                found.readers += 1
                state.views[key] = found
                return found.view
            }
            state.next += 1
            let view = FeedView(key: key, number: state.next)
            state.views[key] = (view, 1)
            return view
        }
    }

    func release(_ view: FeedView) {
        state.withLock { state in
            guard var found = state.views[view.key] else { return }
            found.readers -= 1
            state.views[view.key] = found.readers > 0 ? found : nil
        }
    }

    /// How many differ.
    var count: Int { state.withLock { $0.views.count } }
}
