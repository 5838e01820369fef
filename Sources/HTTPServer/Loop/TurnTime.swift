import Basics

/// How much of a loop's turn is used. It is told the time and never reads a clock.
///
/// A turn has three bounds. New requests stop at half of it, so that work left from earlier turns always gets the rest; everything
/// stops at its end; and one connection hands over when its slice is over. A step that has begun is not interrupted, so each of
/// the three can be late by one step.
struct TurnTime {
    private let turn: Int64
    private let slice: Int64
    /// The last time that was told.
    private(set) var last: Instant
    private var begin: Instant
    private var sliceBegin: Instant

    init(_ limits: HTTPServerLimits, now: Instant) {
        turn = max(1, limits.turnTime.wholeNanoseconds)
        slice = max(1, limits.sliceTime.wholeNanoseconds)
        last = now
        begin = now
        sliceBegin = now
    }

    mutating func beginTurn(at now: Instant) {
        last = now
        begin = now
        sliceBegin = now
    }

    /// A connection's slice begins at the last time that was told.
    mutating func beginSlice() { sliceBegin = last }

    mutating func note(_ now: Instant) { last = now }

    /// New requests have used their part of the turn.
    var isRequestTimeUp: Bool { last - begin >= turn / 2 }
    var isTurnUp: Bool { last - begin >= turn }
    var isSliceUp: Bool { last - sliceBegin >= slice }
    /// The time since the slice began.
    var sliceUsed: Int64 { last - sliceBegin }
    /// A step that took so long makes its connection a costly one.
    var costly: Int64 { slice / 2 }
}
