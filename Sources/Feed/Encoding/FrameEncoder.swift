import ReplicaStore
import TableModel

/// Encodes changes until one of the bounds is reached.
struct FrameEncoder {
    /// The bounds of a frame.
    struct Bounds {
        var bytes: Int
        var visited: Int
        var count = Int.max
    }

    private let view: FeedView
    private let snapshot: StoreSnapshot
    private let envelope: ChangeEnvelope
    private let bounds: Bounds
    private let leaves: LeaveRule
    private var bytes: [UInt8] = []
    private var count = 0
    private var visited = 0
    private var last: UInt64

    /// The changes after `start` as `view` shows them.
    static func encode(
        after start: UInt64,
        kind: FrameKind,
        view: FeedView,
        in snapshot: StoreSnapshot,
        bounds: Bounds,
        now: Duration
    ) -> FeedFrame {
        var encoder = FrameEncoder(start: start, view: view, snapshot: snapshot, kind: kind, bounds: bounds)
        switch kind {
        case .rows(let base, _, let end): encoder.appendRows(after: start, base: base, end: end)
        case .steps: encoder.appendSteps(after: start)
        case .movedRows(let seen, _, let hasRows):
            encoder.appendRows(after: start, base: 0, end: seen, withoutUntouched: hasRows)
        case .movedSteps(let seen, let high): encoder.appendSteps(after: start, end: seen, repeatsUpTo: high)
        }
        return FeedFrame(
            bytes: encoder.bytes,
            end: encoder.last,
            asOf: snapshot.position.seq,
            count: encoder.count,
            visited: encoder.visited,
            madeAt: now
        )
    }

    private init(start: UInt64, view: FeedView, snapshot: StoreSnapshot, kind: FrameKind, bounds: Bounds) {
        self.view = view
        self.snapshot = snapshot
        self.bounds = bounds
        var envelope = ChangeEnvelope(snapshot: snapshot, view: view)
        envelope.high = kind.high
        if case .rows = kind { envelope.readsIndex = true } else { envelope.readsIndex = view.key.mode == .latest }
        envelope.isForFollowers = view.key.mode == .replica
        envelope.hasWatermarks = !envelope.isForFollowers
        self.envelope = envelope
        var settled: UInt64 = 0
        if case .rows(_, let known, _) = kind { settled = known }
        var seen = start
        if case .movedRows(let end, _, _) = kind { seen = end }
        leaves = LeaveRule(view: view, history: snapshot.history, start: seen, settled: settled)
        last = snapshot.position.seq
    }

    private mutating func appendRows(
        after start: UInt64,
        base: UInt64,
        end: UInt64,
        withoutUntouched: Bool = false
    ) {
        var encoder = self
        encoder.last = min(encoder.last, end)
        snapshot.forEachChange(after: start) { record in
            guard record.seq <= end else { return false }
            if withoutUntouched, record.cause == .snapshot {
                encoder.visited += 1
            } else {
                encoder.visited += encoder.view.cost(of: record)
                encoder.appendRow(record, base: base)
            }
            return encoder.goesOn(after: record.seq)
        }
        self = encoder
    }

    private mutating func appendRow(_ record: ItemRecord, base: UInt64) {
        let isRow = record.seq <= base
        if isRow, record.isTombstone, !record.isUnreadable { return }
        guard view.covers(record) else { return }
        if view.matches(record) {
            guard view.tells(.put) else { return }
            begin(record.seq)
            envelope.appendPut(record, cause: isRow ? .snapshot : record.cause, to: &bytes)
            end()
        } else if view.tells(.remove),
            record.isUnreadable || (!isRow && leaves.mustTell(record, visited: &visited))
        {
            // An item that cannot be read is always told of: it may be in the filter, and it is not absent.
            begin(record.seq)
            envelope.appendRemove(record, cause: record.isTombstone ? record.cause : .filter, to: &bytes)
            end()
        }
    }

    private mutating func appendSteps(after start: UInt64, end: UInt64 = .max, repeatsUpTo high: Int64 = .min) {
        var encoder = self
        encoder.last = min(encoder.last, end)
        snapshot.history.forEachStep(after: start) { step in
            guard step.new.seq <= end else { return false }
            encoder.visited += encoder.view.cost(of: step.new) + (step.old.map(encoder.view.cost) ?? 0)
            encoder.appendStep(step, isRepeat: step.new.at <= high)
            return encoder.goesOn(after: step.new.seq)
        }
        self = encoder
    }

    private mutating func appendStep(_ step: ChangeStep, isRepeat: Bool) {
        let record = step.new
        guard view.covers(record) else { return }
        let wasThere = step.old.map(view.matches) ?? false
        if view.matches(record) {
            guard view.tells(.put) else { return }
            begin(record.seq)
            envelope.appendPut(
                record,
                cause: record.cause,
                step: step,
                isKnown: wasThere,
                isRepeat: isRepeat,
                to: &bytes
            )
            end()
        } else if view.tells(.remove), wasThere || !view.hasLeaveEvents || record.isUnreadable {
            begin(record.seq)
            let cause = record.isTombstone ? record.cause : .filter
            envelope.appendRemove(record, cause: cause, step: step, isRepeat: isRepeat, to: &bytes)
            end()
        }
    }

    /// Opens an event, which `end` closes.
    private mutating func begin(_ seq: UInt64) {
        guard view.key.encoding == .events else { return }
        bytes += "id: ".utf8
        envelope.appendID(seq, to: &bytes)
        bytes += "\ndata: ".utf8
    }

    private mutating func end() {
        bytes.append(UInt8(ascii: "\n"))
        if view.key.encoding == .events { bytes.append(UInt8(ascii: "\n")) }
        count += 1
    }

    /// Whether there is room for more; if not the frame ends at `seq`.
    private mutating func goesOn(after seq: UInt64) -> Bool {
        let isBoundary = envelope.isForFollowers && ReplicaBoundary.ends(at: seq)
        if !isBoundary, bytes.count < bounds.bytes, count < bounds.count, visited < bounds.visited { return true }
        last = seq
        return false
    }
}
