import ReplicaStore

/// What a cursor does next.
enum FeedStep: Equatable {
    /// The subscriber must forget what it has; the cursor starts over.
    case reset(ResetReason)
    /// Deliver changes after `seq`.
    case changes(FrameKind)
    /// The head as of connecting (or as of the reset) has been reached.
    case ready
    /// Nothing newer is published.
    case idle
}

/// How a run of changes is encoded.
enum FrameKind: Hashable {
    /// Rows of a snapshot: removals up to `base` are left out, since the subscriber never saw those items.
    case snapshot(base: UInt64)
    /// Every change, removals included.
    case changes
}

/// A subscriber's place in the by-seq index: the whole of its state, whatever it has still to read.
///
/// A snapshot is "after 0", a resume "after N", live the tail. A slow reader meets only the newest state of each key.
struct FeedCursor {
    private(set) var epoch: Epoch
    private(set) var seq: UInt64
    private var kind: FrameKind
    /// The head when this run began; reaching it is `ready`.
    private var target: UInt64
    private var isReadyTold = false
    private var pendingReset: ResetReason?
    private let wantsSnapshot: Bool
    /// The subscriber was told to forget what it has when the contents were withdrawn.
    private var hasForgotten = false

    /// Places a cursor. `base` is at most the snapshot's seq: removals up to it need not be told to a newcomer.
    init(request: FeedRequest, snapshot: StoreSnapshot, base: UInt64) {
        let head = snapshot.position
        epoch = head.epoch
        target = head.seq
        wantsSnapshot = request.snapshot != .never
        seq = head.seq
        kind = .changes
        var resumable = false
        switch request.start {
        case .unsaid: break
        case .now: resumable = true
        case .zero:
            if request.snapshot == .never {
                // All that the index still tells, removals included: what `since=0` without a snapshot can only mean.
                seq = 0
                resumable = true
            }
        case .unreadable: pendingReset = .unreadablePosition
        case .position(let position):
            if let reason = Self.obstacle(to: position, in: snapshot) {
                pendingReset = reason
            } else {
                seq = position.seq
                resumable = true
            }
        }
        let startsOver = request.snapshot == .always || (request.snapshot == .auto && !resumable)
        if startsOver { restart(at: snapshot, base: base) }
    }

    /// Why a feed cannot go on from `position`; nil when it can.
    private static func obstacle(to position: Position, in snapshot: StoreSnapshot) -> ResetReason? {
        if position.epoch != snapshot.position.epoch { return .otherEpoch }
        if position.seq > snapshot.position.seq { return .futurePosition }
        if position.seq < snapshot.horizon { return .positionGone }
        return nil
    }

    private mutating func restart(at snapshot: StoreSnapshot, base: UInt64) {
        epoch = snapshot.position.epoch
        target = snapshot.position.seq
        isReadyTold = false
        seq = wantsSnapshot ? 0 : snapshot.position.seq
        kind = wantsSnapshot ? .snapshot(base: base) : .changes
    }

    /// What to do next against the newest snapshot. `base` is asked for only when the cursor starts over.
    mutating func next(in snapshot: StoreSnapshot, base: (StoreSnapshot) -> UInt64) -> FeedStep {
        if let reason = pendingReset {
            pendingReset = nil
            return .reset(reason)
        }
        if snapshot.position.epoch != epoch {
            restart(at: snapshot, base: base(snapshot))
            if !hasForgotten { return .reset(.rebuilt) }
            hasForgotten = false
        }
        if snapshot.horizon > neededHorizon {
            restart(at: snapshot, base: base(snapshot))
            return .reset(.positionGone)
        }
        if seq >= target, !isReadyTold {
            isReadyTold = true
            kind = .changes
            return .ready
        }
        return seq < snapshot.position.seq ? .changes(kind) : .idle
    }

    /// The newest horizon with which every removal that this subscriber must hear of can still be told.
    private var neededHorizon: UInt64 {
        switch kind {
        case .snapshot(let base): max(seq, base)
        case .changes: seq
        }
    }

    /// The subscriber has been told to forget what it has: it needs no reset when there are contents again.
    mutating func forget() {
        hasForgotten = true
        pendingReset = nil
    }

    /// Moves behind what has been delivered.
    mutating func advance(to newSeq: UInt64) { seq = max(seq, newSeq) }
}
