import ReplicaStore
import TableModel

/// One reader of the feed: its place, its view, and how many changes it still wants. What streams and pages have in common.
struct FeedReader {
    /// What comes next.
    enum Step {
        case reset(ResetReason)
        /// The reader came from another replica with this position.
        case moved(from: Position)
        /// The reader may hold newer states than the replica has.
        case behind
        case ready
        /// Changes, which have been counted as read; `isNew` when nobody had asked for them yet.
        case frame(FeedFrame, isNew: Bool)
        case idle
    }

    private let hub: FeedHub
    private let request: FeedRequest
    private var schema: KeySchema
    private var view: FeedView
    private var cursor: FeedCursor
    /// Data events that are still wanted.
    private(set) var remaining: Int

    /// Places a reader at the newest snapshot. It must be closed.
    init(
        hub: FeedHub,
        request: FeedRequest,
        snapshot: StoreSnapshot,
        now: Duration
    ) throws(FeedFilterError) {
        self.hub = hub
        self.request = request
        schema = snapshot.keySchema
        view = hub.views.take(try FeedViewKey(request, schema: snapshot.keySchema))
        cursor = FeedCursor(
            request: request,
            snapshot: snapshot,
            base: hub.frames.base(for: snapshot, now: now),
            overlap: hub.limits.resumeOverlap
        )
        position = cursor.position(in: snapshot)
        remaining = request.limit ?? .max
    }

    /// Where the reader stands: everything up to it has been read.
    private(set) var position: Position
    /// Whether the head as of the beginning has been reached.
    var isReady: Bool { cursor.isReady }

    /// Reads the filter anew when the table has been replaced by one with another key.
    mutating func adapt(to snapshot: StoreSnapshot) throws(FeedFilterError) {
        guard snapshot.position.epoch != cursor.epoch, snapshot.keySchema != schema else { return }
        let key = try FeedViewKey(request, schema: snapshot.keySchema)
        hub.views.release(view)
        view = hub.views.take(key)
        schema = snapshot.keySchema
    }

    /// The subscriber has been told to forget what it has.
    mutating func forget() { cursor.forget() }

    /// Gives back what is shared. Nothing may be read afterwards.
    func close() { hub.views.release(view) }

    /// Gives the position of a reader that has read all of `snapshot` its newest watermarks.
    mutating func stand(in snapshot: StoreSnapshot) {
        if snapshot.continues(cursor.epoch, at: cursor.seq) { position = cursor.position(in: snapshot) }
    }

    /// What comes next in the newest snapshot.
    mutating func next(in snapshot: StoreSnapshot, now: Duration) -> Step {
        defer { position = cursor.position(in: snapshot) }
        let frames = hub.frames
        switch cursor.next(in: snapshot, base: { frames.base(for: $0, now: now) }) {
        case .reset(let reason): return .reset(reason)
        case .moved(let position): return .moved(from: position)
        case .behind: return .behind
        case .ready: return .ready
        case .idle: return .idle
        case .changes(let kind):
            let (frame, isNew) = nextFrame(kind, in: snapshot, now: now)
            cursor.advance(to: frame.end, asOf: frame.asOf)
            remaining -= frame.count
            return .frame(frame, isNew: isNew)
        }
    }

    /// The shared frame at the cursor, or an own one when that would deliver more than is wanted.
    private func nextFrame(_ kind: FrameKind, in snapshot: StoreSnapshot, now: Duration) -> (
        frame: FeedFrame, isNew: Bool
    ) {
        let shared = hub.frames.frame(after: cursor.seq, kind: kind, view: view, in: snapshot, now: now)
        if shared.frame.count <= remaining { return shared }
        let own = FrameEncoder.encode(
            after: cursor.seq,
            kind: kind,
            view: view,
            in: snapshot,
            bounds: FrameEncoder.Bounds(
                bytes: hub.limits.frameBytes,
                visited: hub.limits.visitedPerFrame,
                count: remaining
            ),
            now: now
        )
        return (own, true)
    }
}
