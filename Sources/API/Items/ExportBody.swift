import Basics
import Compression
import HTTPServer
import ItemQuery
import ReplicaStore

/// Items as NDJSON, one a line, from one snapshot: what is held is the snapshot, a key, and the piece that is being sent.
final class ExportBody: BulkBody {
    private var snapshot: StoreSnapshot?
    private var permit: Permit?
    private var walk: ItemWalk
    private let representation: ItemRepresentation
    private let limits: APILimits
    /// The last line, given the key at which the client's limit ended the export, and how many items could not be read.
    private let closing: (_ stoppedAt: [UInt8]?, _ unreadable: Int) -> [UInt8]
    private var unreadable = 0
    private var remaining: Int
    private let encoder: GzipEncoder?
    private var plain: [UInt8] = []
    private var pin: SnapshotPin?

    init(
        snapshot: StoreSnapshot,
        permit: Permit,
        query: ListQuery,
        limits: APILimits,
        isCompressed: Bool,
        pin: SnapshotPin?,
        closing: @escaping (_ stoppedAt: [UInt8]?, _ unreadable: Int) -> [UInt8]
    ) {
        self.snapshot = snapshot
        self.permit = permit
        walk = query.walk
        representation = query.filter.representation
        remaining = query.limit ?? .max
        self.limits = limits
        self.pin = pin
        self.closing = closing
        encoder = isCompressed ? GzipEncoder() : nil
    }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        guard let snapshot else { return .end }
        if pin?.isExceeded(now: now) == true { return .abort }
        guard let encoder else { return step(snapshot, budget, into: &output) }
        plain.removeAll(keepingCapacity: true)
        let step = step(snapshot, budget, into: &plain)
        plain.withUnsafeBytes { encoder.append($0, to: &output) }
        if step == .end { encoder.finish(into: &output) }
        return step
    }

    private func step(_ snapshot: StoreSnapshot, _ budget: Int, into output: inout [UInt8]) -> StreamStep {
        let step = walk.step(
            in: snapshot,
            budget: limits.exportBudget,
            unreadable: { _ in
                unreadable += 1
                return true
            }
        ) { record in
            if remaining == 0 || output.count >= budget { return false }
            remaining -= 1
            record.withPackedItem { representation.append($0, to: &output) }
            output.append(UInt8(ascii: "\n"))
            return true
        }
        if step != .finished, remaining > 0 { return .again }
        output += closing(step == .finished ? nil : walk.after, unreadable)
        return .end
    }

    /// An export goes on while the server drains, to the end of the grace: cut off it would be of no use.
    func drain() {}

    /// zlib keeps some 260 KB for each compressor.
    var keptBytes: Int { (encoder == nil ? 0 : 262_144) + plain.capacity }

    func mustEnd(now: Duration) -> Bool { pin?.isExceeded(now: now) == true }

    func finished(_ reason: StreamEnd) {
        snapshot = nil
        pin = nil
        permit = nil
    }
}
