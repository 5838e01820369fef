import Basics
import ReplicaStore

/// The next step of a follower's cursor.
enum ReplicaStep: Equatable {
    /// The follower must forget what it has; the cursor starts over.
    case reset(ResetReason)
    /// The follower came from a replica that counts in other seqs, and continues here.
    case moved(from: Position)
    /// The contents have another epoch, and continue those that the follower has.
    case renamed
    /// The follower may hold newer states than the replica has: nothing may be sent.
    case behind
    /// Deliver changes after `seq`.
    case changes(FrameKind)
    /// Nothing newer is published.
    case idle
}

/// A follower's place in the feed.
///
/// It reads rows of the index until it holds some snapshot exactly, and then every step, without a gap. Where the history has lost the next
/// step it reads rows again. In the index the base of a snapshot needs no mark: tombstones and real causes are told from the first row on.
struct ReplicaCursor {
    private(set) var epoch: Epoch
    private(set) var seq: UInt64 = 0
    /// The position of another replica that is to be placed; nil once it is.
    private(set) var moving: Position?
    /// Reads the index, and not the history.
    private(set) var readsRows = true
    /// The greatest head that rows were read from, or that the follower may have seen. From there on what it holds is exact: in between, a key
    /// that changed meanwhile has left its place in the index.
    private var newestHead: UInt64 = 0
    /// The least head that rows of this pass were read from, in a pass from 0: what the follower holds was there then, so it needs the removals
    /// since then alone. Nil in other passes.
    private var oldestHead: UInt64?
    /// After a move: the follower is given what it may have seen on the other replica, up to here; 0 afterwards.
    private var seen: UInt64 = 0
    private var pendingReset: ResetReason?
    /// The follower was told to forget what it has when the contents were withdrawn.
    private var hasForgotten = false
    /// Milliseconds; see `FeedLimits.resumeOverlap`.
    private let overlap: Int64

    /// Places a cursor at `start`; from the first row for anything but a position.
    init(start: FeedStart, snapshot: StoreSnapshot, overlap: Duration) {
        self.overlap = overlap.wholeMilliseconds
        epoch = snapshot.position.epoch
        restart(at: snapshot)
        guard case .position(let position) = start else { return }
        pendingReset = place(at: position, in: snapshot)
    }

    /// Whether the next row is the first of a pass from 0.
    var isAtStart: Bool {
        hasForgotten || (readsRows && seq == 0 && moving == nil && pendingReset == nil)
    }

    /// Whether what the follower holds is exactly `snapshot`.
    func holds(_ snapshot: StoreSnapshot) -> Bool {
        moving == nil && pendingReset == nil && epoch == snapshot.position.epoch && seq == snapshot.position.seq
            && seq >= newestHead
    }

    /// The follower's place, where it can resume there exactly; nil elsewhere.
    func position(in snapshot: StoreSnapshot) -> Position? {
        guard moving == nil, pendingReset == nil, !readsRows, seq >= newestHead, epoch == snapshot.position.epoch else {
            return nil
        }
        return snapshot.position(at: seq, readsIndex: false)
    }

    /// Goes on from `position`, or later (`moving`); returns why that cannot be.
    private mutating func place(at given: Position, in snapshot: StoreSnapshot) -> ResetReason? {
        let position = snapshot.own(given)
        moving = nil
        guard position.epoch == snapshot.position.epoch else {
            if let reason = Self.obstacle(to: snapshot.placement(of: position, overlap: overlap)) { return reason }
            moving = position
            return nil
        }
        let head = snapshot.position.seq
        if position.seq > head {
            guard snapshot.isCopy else { return .futurePosition }
            moving = position
            return nil
        }
        let hasSteps = position.seq >= snapshot.history.floor
        guard hasSteps || position.seq >= snapshot.horizon else { return .positionGone }
        if let high = snapshot.foreignHigh(of: position), !snapshot.reaches(high) {
            moving = position
            return nil
        }
        (epoch, seq, readsRows) = (snapshot.position.epoch, position.seq, !hasSteps)
        // A pass of rows may have been broken off there, which may have read from any snapshot up to this one.
        (newestHead, oldestHead, seen) = (head, nil, 0)
        return nil
    }

    private static func obstacle(to placement: Placement) -> ResetReason? {
        switch placement {
        case .after, .behind: nil
        case .impossible(.otherStream): .otherStream
        case .impossible(.unknownTimes), .impossible(.younger): .otherEpoch
        case .impossible(.forgotten): .positionGone
        }
    }

    /// Places `moving` as soon as this replica has what the follower may hold; nil once that is done without a word.
    private mutating func placeMoving(_ given: Position, in snapshot: StoreSnapshot) -> ReplicaStep? {
        if let reason = place(at: given, in: snapshot) {
            restart(at: snapshot)
            return .reset(reason)
        }
        guard let position = moving else { return nil }
        guard position.epoch != snapshot.position.epoch,
            case .after(let seq, let seen) = snapshot.placement(of: position, overlap: overlap)
        else { return .behind }
        moving = nil
        hasForgotten = false
        (epoch, self.seq, self.seen) = (snapshot.position.epoch, seq, seen)
        (readsRows, newestHead, oldestHead) = (true, seen, nil)
        return .moved(from: position)
    }

    private mutating func restart(at snapshot: StoreSnapshot) {
        epoch = snapshot.position.epoch
        (seq, seen, newestHead, oldestHead, readsRows) = (0, 0, 0, .max, true)
        (moving, pendingReset) = (nil, nil)
    }

    /// What to do next against the newest snapshot.
    mutating func next(in snapshot: StoreSnapshot) -> ReplicaStep {
        if let reason = pendingReset {
            pendingReset = nil
            return .reset(reason)
        }
        if let moving, let step = placeMoving(moving, in: snapshot) { return step }
        let head = snapshot.position
        if hasForgotten {
            hasForgotten = false
            restart(at: snapshot)
        } else if head.epoch != epoch {
            if snapshot.continues(epoch, at: seq) {
                epoch = head.epoch
                return .renamed
            }
            restart(at: snapshot)
            return .reset(.rebuilt)
        }
        if seq >= seen { seen = 0 }
        if readsRows, seq >= newestHead, oldestHead != .max || seq == head.seq { settle() }
        guard seq < head.seq else { return .idle }
        if !readsRows, snapshot.history.floor > seq { (readsRows, oldestHead) = (true, nil) }
        guard readsRows else { return .changes(.steps) }
        if snapshot.horizon > max(seq, oldestHead ?? 0) {
            restart(at: snapshot)
            return .reset(.positionGone)
        }
        return .changes(
            seen > 0
                ? .movedRows(seen: seen, high: nil, hasRows: true)
                : .rows(base: 0, settled: 0, end: .max)
        )
    }

    /// What the follower holds is exact: from here on it needs every step.
    private mutating func settle() { (readsRows, oldestHead) = (false, nil) }

    /// The follower has been told to forget what it has: it needs no reset when there are contents again.
    mutating func forget() {
        hasForgotten = true
        // Nothing of its old position counts any longer, whatever is published next.
        (moving, pendingReset) = (nil, nil)
    }

    /// Moves behind what has been delivered: changes up to `end`, read from a snapshot whose head was `asOf`.
    mutating func advance(to end: UInt64, asOf: UInt64) {
        seq = max(seq, end)
        guard readsRows else { return }
        newestHead = max(newestHead, asOf)
        oldestHead = oldestHead.map { min($0, asOf) }
        if seq >= newestHead { settle() }
    }
}
