import Basics
import ReplicaStore

/// What a cursor does next.
enum FeedStep: Equatable {
    /// The subscriber must forget what it has; the cursor starts over.
    case reset(ResetReason)
    /// The subscriber came from another replica with this position, and continues here.
    case moved(from: Position)
    /// The subscriber may hold newer states than the replica has: nothing may be sent.
    case behind
    /// Deliver changes after `seq`.
    case changes(FrameKind)
    /// What the subscriber holds is the replica's state at `seq`, which is not before the head as of connecting (or as of the
    /// reset).
    case ready
    /// Nothing newer is published.
    case idle
}

/// Where a run of changes is read from.
enum FrameKind: Hashable {
    /// The index: the newest state of each key whose seq is at most `end`.
    ///
    /// Up to `base` they are rows of a snapshot, and removals are left out, since the subscriber never saw those items. `settled`
    /// is a seq as of which the subscriber held the replica's exact state, or the base of its snapshot; 0 when that is not known.
    case rows(base: UInt64, settled: UInt64, end: UInt64)
    /// The history: every step.
    case steps
    /// For one who was placed here or resumes: the index up to `seen`, the head at that time. It may have seen any state up to there; on another
    /// replica, where `high` is given, none that is newer than that. With `hasRows`, rows that no record has touched are left out, since it
    /// has them.
    case movedRows(seen: UInt64, high: Int64?, hasRows: Bool)
    /// After a move, every step up to `seen`. Those that bear the time `high` or an earlier one may be repeats.
    case movedSteps(seen: UInt64, high: Int64)

    /// The newest time of a state that the subscriber may hold, whatever it has read here; nil where it holds what it has read here.
    var high: Int64? {
        switch self {
        case .rows, .steps: nil
        case .movedRows(_, let high, _): high
        case .movedSteps(_, let high): high
        }
    }
}

/// A subscriber's place in the feed: the whole of its state, whatever it has still to read.
///
/// A snapshot is "after 0", a resume "after N", live the tail. A slow reader of the index meets only the newest state of each key;
/// a reader of every step that falls behind the history starts over.
struct FeedCursor {
    private(set) var epoch: Epoch
    private(set) var seq: UInt64
    /// The head as of connecting has been reached.
    private(set) var isReady = false
    /// The position of another replica that is to be placed; nil once it is.
    private(set) var moving: Position?
    /// Up to here the subscriber is given what it may have seen on another replica; 0 afterwards.
    private var seen: UInt64 = 0
    /// The newest time of a state that it may have seen there; nil where it has only read here.
    private var high: Int64?
    /// It has all rows that no record has touched.
    private var hasRows = false
    /// Milliseconds; see `FeedLimits.resumeOverlap`.
    private let overlap: Int64
    private let mode: FeedMode
    private let wantsSnapshot: Bool
    /// Items may leave what the subscriber is told of.
    private let isFiltered: Bool
    /// Up to here the subscriber is being given a snapshot; 0 afterwards.
    private var base: UInt64 = 0
    /// In the mode `all`: rows up to here, steps after it.
    private var rowsEnd: UInt64 = 0
    /// See `FrameKind.rows`.
    private var settled: UInt64 = 0
    /// What the subscriber holds is exactly the state at `seq`: it has read to the head of some snapshot. In between it is not,
    /// since a key that changed meanwhile has left its old place in the index.
    private var isSettled = false
    /// The newest head that anything was read from since then. A shared frame may be older than the one before it, and at its end
    /// keys are missing that the newer snapshot had already moved on: only from this head on can the state be exact again.
    private var newestHead: UInt64 = 0
    /// The head when this run began: reaching it is `ready`.
    private var target: UInt64
    private(set) var pendingReset: ResetReason?
    /// The subscriber was told to forget what it has when the contents were withdrawn.
    private var hasForgotten = false

    /// Places a cursor. `base` is at most the snapshot's seq: removals up to it need not be told to a newcomer.
    init(request: FeedRequest, snapshot: StoreSnapshot, base: UInt64, overlap: Duration) {
        self.overlap = overlap.wholeMilliseconds
        let head = snapshot.position
        epoch = head.epoch
        seq = head.seq
        target = head.seq
        mode = request.mode
        wantsSnapshot = request.snapshot != .never
        isFiltered = request.filter != nil
        var isResumable = false
        switch request.start {
        case .unsaid: break
        case .now: isResumable = true
        case .zero:
            if request.snapshot == .never {
                // All that is still told: the index, removals included, or the steps that are kept.
                seq = mode == .latest ? 0 : snapshot.history.floor
                isResumable = true
            }
        case .unreadable: pendingReset = .unreadablePosition
        case .position(let position):
            if let reason = place(at: position, in: snapshot) { pendingReset = reason } else { isResumable = true }
        }
        if request.snapshot == .always || (request.snapshot == .auto && !isResumable) {
            restart(at: snapshot, base: base)
        }
    }

    /// Goes on from `position`; returns why that cannot be.
    private mutating func place(at given: Position, in snapshot: StoreSnapshot) -> ResetReason? {
        let position = snapshot.own(given)
        if position.epoch != snapshot.position.epoch {
            if let reason = obstacle(to: placement(of: position, in: snapshot), in: snapshot) { return reason }
            moving = position
            return nil
        }
        if position.seq > snapshot.position.seq {
            // Another copy, or the replica that it is a copy of, has given more than there is here yet.
            guard snapshot.isCopy else { return .futurePosition }
            moving = position
            return nil
        }
        if mode == .all {
            let history = snapshot.history
            if position.seq < history.floor {
                // Only a snapshot can have been broken off before the first step there ever was.
                guard history.origin == history.floor, position.seq >= snapshot.horizon else { return .overrun }
                rowsEnd = history.floor
            }
        } else if position.seq < snapshot.horizon {
            return .positionGone
        }
        epoch = position.epoch
        seq = position.seq
        // What the subscriber has read may come from any snapshot up to this one.
        newestHead = snapshot.position.seq
        if let high = snapshot.foreignHigh(of: position) {
            // It was cut off on its way to `seen`.
            if snapshot.reaches(high) { hold(high, in: snapshot, hasRows: false) } else { moving = position }
        } else if isFiltered, mode == .latest, seq < snapshot.position.seq {
            // Pages of a list, or frames from newer snapshots, may have shown it states from after its place.
            hold(nil, in: snapshot, hasRows: false)
        }
        return nil
    }

    private func placement(of position: Position, in snapshot: StoreSnapshot) -> Placement {
        snapshot.placement(of: position, overlap: overlap)
    }

    /// Why a position of another replica cannot be placed; nil when it can be, now or later.
    private func obstacle(to placement: Placement, in snapshot: StoreSnapshot) -> ResetReason? {
        switch placement {
        case .after(let seq, _): mode == .all && seq < snapshot.history.floor ? .overrun : nil
        case .behind: nil
        case .impossible(.otherStream): .otherStream
        case .impossible(.unknownTimes), .impossible(.younger): .otherEpoch
        case .impossible(.forgotten): .positionGone
        }
    }

    /// Places a position of another replica or of a copy, as soon as this one has reached what the subscriber may hold.
    private mutating func place(
        _ position: Position,
        in snapshot: StoreSnapshot,
        base: (StoreSnapshot) -> UInt64
    ) -> FeedStep {
        if snapshot.continues(position.epoch, at: position.seq) {
            moving = nil
            if let reason = place(at: position, in: snapshot) {
                restart(at: snapshot, base: base(snapshot))
                return .reset(reason)
            }
            guard moving == nil else { return .behind }
            target = snapshot.position.seq
            return next(in: snapshot, base: base)
        }
        let placement = placement(of: position, in: snapshot)
        if let reason = obstacle(to: placement, in: snapshot) {
            moving = nil
            restart(at: snapshot, base: base(snapshot))
            return .reset(reason)
        }
        guard case .after(let seq, _) = placement else { return .behind }
        moving = nil
        epoch = snapshot.position.epoch
        self.seq = seq
        hold(position.watermarks?.high ?? 0, in: snapshot, hasRows: true)
        target = snapshot.position.seq
        newestHead = snapshot.position.seq
        hasForgotten = false
        return .moved(from: position)
    }

    /// The subscriber may hold any state up to the snapshot's, whatever it has read here.
    private mutating func hold(_ high: Int64?, in snapshot: StoreSnapshot, hasRows: Bool) {
        seen = snapshot.position.seq
        self.high = high
        self.hasRows = hasRows
    }

    private mutating func restart(at snapshot: StoreSnapshot, base: UInt64) {
        epoch = snapshot.position.epoch
        target = snapshot.position.seq
        isReady = false
        moving = nil
        seen = 0
        if wantsSnapshot {
            seq = 0
            self.base = mode == .all && base < snapshot.history.floor ? target : base
            rowsEnd = self.base
            settled = self.base
            isSettled = false
            newestHead = 0
        } else {
            seq = target
            self.base = 0
            rowsEnd = 0
        }
    }

    /// The subscriber's place, with the times that `snapshot` knows of it.
    func position(in snapshot: StoreSnapshot) -> Position {
        if let moving { return moving }
        guard snapshot.continues(epoch, at: seq) else { return Position(epoch: epoch, seq: seq) }
        // The snapshot before the steps is read from the index in every mode.
        let readsIndex = mode == .latest || seq < rowsEnd
        return snapshot.position(at: seq, readsIndex: readsIndex, holding: seq < seen ? high : nil)
    }

    /// What to do next against the newest snapshot. `base` is asked for only when the cursor starts over.
    mutating func next(in snapshot: StoreSnapshot, base: (StoreSnapshot) -> UInt64) -> FeedStep {
        if let reason = pendingReset {
            pendingReset = nil
            return .reset(reason)
        }
        if let moving { return place(moving, in: snapshot, base: base) }
        if hasForgotten {
            hasForgotten = false
            restart(at: snapshot, base: base(snapshot))
        } else if snapshot.continues(epoch, at: seq) {
            epoch = snapshot.position.epoch
        } else {
            restart(at: snapshot, base: base(snapshot))
            return .reset(.rebuilt)
        }
        if let reason = obstacle(in: snapshot) {
            restart(at: snapshot, base: base(snapshot))
            return .reset(reason)
        }
        if seq >= self.base { self.base = 0 }
        if seq >= seen { seen = 0 }
        if seq == snapshot.position.seq { settle() }
        if !isReady, seq >= target, mode == .all ? seq >= rowsEnd : isSettled {
            isReady = true
            return .ready
        }
        guard seq < snapshot.position.seq else { return .idle }
        guard mode == .all else {
            let isMoved = seen > 0
            return .changes(
                isMoved
                    ? .movedRows(seen: seen, high: high, hasRows: hasRows)
                    : .rows(base: self.base, settled: settled, end: .max)
            )
        }
        if seq < rowsEnd { return .changes(.rows(base: self.base, settled: settled, end: rowsEnd)) }
        guard seen > 0, let high else { return .changes(.steps) }
        return .changes(.movedSteps(seen: seen, high: high))
    }

    /// Why the cursor cannot go on: something that it has still to tell is forgotten.
    private func obstacle(in snapshot: StoreSnapshot) -> ResetReason? {
        let readsRows = mode == .latest || seq < rowsEnd
        if readsRows, snapshot.horizon > max(seq, base) { return .positionGone }
        if mode == .all, snapshot.history.floor > max(seq, rowsEnd) { return .overrun }
        return nil
    }

    private mutating func settle() {
        isSettled = true
        settled = seq
    }

    /// The subscriber has been told to forget what it has: it needs no reset when there are contents again.
    mutating func forget() {
        hasForgotten = true
        pendingReset = nil
        // Nothing of its old position counts any longer, whatever is published next.
        moving = nil
    }

    /// Moves behind what has been delivered: changes up to `end`, read from a snapshot whose head was `asOf`.
    mutating func advance(to end: UInt64, asOf: UInt64) {
        // A row that was superseded meanwhile is told by its step, which comes up to this head.
        if mode == .all, seq < rowsEnd { target = max(target, asOf) }
        seq = max(seq, end)
        newestHead = max(newestHead, asOf)
        isSettled = end == newestHead
        if isSettled { settled = seq }
    }
}
