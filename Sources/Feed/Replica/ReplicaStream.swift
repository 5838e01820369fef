import Basics
package import HTTPServer
import ReplicaStore
import TableModel

/// The feed of a follower, which keeps the same contents with the same epoch and seqs: NDJSON.
///
/// It differs from `FeedStream` in what it promises: every step once rows are read, removals from the horizon on, and bookmarks by which the
/// follower can compare what it holds. It has no age, and a slow follower is given time: one that is cut off begins again, which costs more.
package final class ReplicaStream: FeedBody {
    private let hub: FeedHub
    private let request: FeedRequest
    private let permit: FollowerPermit
    /// Only a part of the keys is told.
    private let isPartial: Bool
    private var cursor: ReplicaCursor?
    private var view: FeedView?
    private var schema: KeySchema?
    private var wire: FeedOutput
    /// The chain that was told; nil before the first line.
    private var chain: [String]?
    /// When the source was last looked at.
    private var sourceAt: Duration = .zero
    /// When the last byte was produced.
    private var spokeAt: Duration = .zero
    private var bookmarkAt: Duration = .zero
    /// When a pass from 0 begins: together with those of others that joined meanwhile.
    private var joinsAt: Duration?
    private var isReady = false
    /// The line `contents` must be sent before the next change.
    private var owesContents = true
    private var isBusySaid = false
    private var delivery = FeedHub.Delivery()
    /// Since when the replica is behind the follower; nil while it is not.
    private var behindSince: Duration?
    private var isDraining = false
    private var withdrawal: ByeReason?
    private var isWithdrawn = false

    /// With `isPartial` the request's filter hides some of the keys.
    package init(hub: FeedHub, request: FeedRequest, permit: FollowerPermit, isPartial: Bool) {
        self.hub = hub
        self.request = request
        self.permit = permit
        self.isPartial = isPartial
        wire = FeedOutput(isCompressed: request.isCompressed)
    }

    package func drain() { isDraining = true }

    package func withdraw(_ reason: ByeReason) { withdrawal = reason }

    package var stallLimit: Duration? { hub.limits.replicaStallTimeout }

    package func finished(_ reason: StreamEnd) {
        if let view { hub.views.release(view) }
        view = nil
        cursor = nil
        permit.release()
        if reason == .stalled { hub.countStalled() }
    }

    package func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        let step = advance(&output, budget, now)
        if step == .end { wire.finish(&output) }
        if !output.isEmpty { spokeAt = now }
        if delivery.events > 0 {
            delivery.bytes = output.count
            delivery.savedBytes = wire.takeSavedBytes()
            hub.count(delivery)
            delivery = FeedHub.Delivery()
        }
        guard case .wait = step else { return step }
        return .wait(until: deadline(after: now))
    }

    private func advance(_ output: inout [UInt8], _ budget: Int, _ now: Duration) -> StreamStep {
        saySource(&output, now)
        if let withdrawal { return sayGoodbye(withdrawal, &output) }
        if isDraining { return sayGoodbye(.draining, spread: FeedLimits.drainSpread, &output) }
        guard let snapshot = hub.store.snapshot else {
            waitForContents(&output, now)
            return .wait(until: nil)
        }
        isWithdrawn = false
        isBusySaid = false
        do throws(FeedFilterError) { try prepare(snapshot, &output) } catch {
            say(.bye(.invalidFilter, detail: error.detail), &output)
            return .end
        }
        return follow(snapshot, &output, budget, now)
    }

    /// Says where the contents come from, first of all and when that has changed.
    private func saySource(_ output: inout [UInt8], _ now: Duration) {
        guard chain == nil || now - sourceAt >= hub.limits.replicaBookmarkInterval else { return }
        sourceAt = now
        let source = hub.source()
        guard source.chain != chain else { return }
        chain = source.chain
        wire.append(ReplicaLine.source(source), to: &output)
    }

    /// Nothing is published: a follower that held something must forget it.
    private func waitForContents(_ output: inout [UInt8], _ now: Duration) {
        if cursor != nil, !isWithdrawn {
            cursor?.forget()
            isWithdrawn = true
            startOver(.rebuilt, &output)
            isBusySaid = false
        }
        guard !isBusySaid || now - spokeAt >= request.heartbeat else { return }
        isBusySaid = true
        say(.busy(cursor == nil ? .syncing : .rebuilding, detail: hub.conditions().reason), &output)
    }

    private func startOver(_ reason: ResetReason, _ output: inout [UInt8]) {
        hub.countReset(reason)
        say(.reset(reason), &output)
        (isReady, owesContents, joinsAt) = (false, true, nil)
    }

    /// Places the cursor, or fits the view to another key schema.
    private func prepare(_ snapshot: StoreSnapshot, _ output: inout [UInt8]) throws(FeedFilterError) {
        if view == nil || snapshot.keySchema != schema {
            let fitting = hub.views.take(try FeedViewKey(request, schema: snapshot.keySchema))
            if let view { hub.views.release(view) }
            view = fitting
            schema = snapshot.keySchema
        }
        guard cursor == nil else { return }
        cursor = ReplicaCursor(start: request.start, snapshot: snapshot, overlap: hub.limits.resumeOverlap)
        say(.hello(position: snapshot.position, wallMilliseconds: hub.wallMilliseconds()), &output)
        sayContents(snapshot, &output)
    }

    private func sayContents(_ snapshot: StoreSnapshot, _ output: inout [UInt8]) {
        owesContents = false
        wire.append(ReplicaLine.contents(hub.source(), snapshot, isPartial: isPartial), to: &output)
    }

    private func follow(
        _ snapshot: StoreSnapshot,
        _ output: inout [UInt8],
        _ budget: Int,
        _ now: Duration
    ) -> StreamStep {
        var visited = 0
        while output.count < budget, visited < hub.limits.visitedPerTurn {
            if isJoining(now) { return .wait(until: nil) }
            let step = cursor?.next(in: snapshot) ?? .idle
            if step == .behind { return waitForReplica(snapshot, &output, now) }
            behindSince = nil
            switch step {
            case .behind: return .wait(until: nil)
            case .reset(let reason): startOver(reason, &output)
            case .moved(let position):
                hub.countMove()
                say(.moved(from: position, overlap: hub.limits.resumeOverlap), &output)
                owesContents = true
            case .renamed: owesContents = true
            case .changes(let kind): visited += deliver(kind, snapshot, &output, now)
            case .idle:
                sayMarks(snapshot, &output, now)
                return .wait(until: nil)
            }
            if owesContents { sayContents(snapshot, &output) }
        }
        return .again
    }

    /// Delivers a shared frame; returns how many changes were looked at for it.
    private func deliver(
        _ kind: FrameKind,
        _ snapshot: StoreSnapshot,
        _ output: inout [UInt8],
        _ now: Duration
    ) -> Int {
        guard let view, let start = cursor?.seq else { return 0 }
        if owesContents { sayContents(snapshot, &output) }
        joinsAt = nil
        let (frame, isNew) = hub.frames.frame(after: start, kind: kind, view: view, in: snapshot, now: now)
        cursor?.advance(to: frame.end, asOf: frame.asOf)
        wire.append(frame, to: &output)
        delivery.events += frame.count
        if isNew { delivery.encoded += 1 } else { delivery.shared += 1 }
        return frame.visited
    }

    /// Whether the stream still waits for others to begin a pass from 0 with.
    private func isJoining(_ now: Duration) -> Bool {
        guard cursor?.isAtStart == true, hub.limits.replicaJoinWindow > .zero else { return false }
        let moment = joinsAt ?? Self.next(of: hub.limits.replicaJoinWindow, after: now)
        joinsAt = moment
        return now < moment
    }

    /// The next multiple of `window`, the same for all streams of the process.
    private static func next(of window: Duration, after now: Duration) -> Duration {
        window * (Int(saturating: (now / window).rounded(.down)) + 1)
    }

    /// The follower may hold newer states than this replica has: anything sent now could take it back in time.
    private func waitForReplica(_ snapshot: StoreSnapshot, _ output: inout [UInt8], _ now: Duration) -> StreamStep {
        let since = behindSince ?? now
        behindSince = since
        let isOver = now - since >= hub.limits.placementPatience
        guard isOver || (output.isEmpty && now - spokeAt >= hub.limits.replicaBusyInterval) else {
            return .wait(until: nil)
        }
        var event = ControlEvent.busy(.behind, detail: FeedStream.behindDetail)
        if isOver { event = event.retrying(after: retry(times: FeedLimits.overloadSpread)) }
        say(event, &output)
        return isOver ? .end : .wait(until: nil)
    }

    /// Says that the follower holds exactly the snapshot, if it does: at once when that is new, then from time to time.
    private func sayMarks(_ snapshot: StoreSnapshot, _ output: inout [UInt8], _ now: Duration) {
        guard let cursor, cursor.holds(snapshot) else { return }
        guard !isReady || now - bookmarkAt >= hub.limits.replicaBookmarkInterval else { return }
        let names: [ControlEventName] = isReady ? [.bookmark] : [.ready, .bookmark]
        (isReady, bookmarkAt) = (true, now)
        let (source, lag) = (hub.source(), hub.conditions().lagMilliseconds)
        for name in names {
            wire.append(
                ReplicaLine.mark(name, snapshot, source, lagMilliseconds: lag, at: now, isPartial: isPartial),
                to: &output
            )
        }
    }

    /// `spread` is up to how many times the usual wait followers come back: all at once they would meet the next server all at once.
    private func sayGoodbye(_ reason: ByeReason, spread: Int = 0, _ output: inout [UInt8]) -> StreamStep {
        var position: Position?
        if isReady, let snapshot = hub.store.snapshot, let cursor { position = cursor.position(in: snapshot) }
        var event = ControlEvent.bye(reason, at: position)
        if spread > 0 { event = event.retrying(after: retry(times: spread)) }
        say(event, &output)
        return .end
    }

    private func say(_ event: ControlEvent, _ output: inout [UInt8]) {
        var bytes: [UInt8] = []
        event.append(.lines, to: &bytes)
        wire.append(bytes, to: &output)
    }

    /// Milliseconds after which the follower should come back.
    private func retry(times: Int) -> Int {
        hub.retryHints.milliseconds(from: hub.limits.retryMilliseconds, times: times)
    }

    /// When there is something to do though nothing new is published: a bookmark, another chain, the start of a pass.
    private func deadline(after now: Duration) -> Duration {
        let interval = hub.limits.replicaBookmarkInterval
        var deadline = now + interval
        if isReady { deadline = min(deadline, max(bookmarkAt + interval, now + .milliseconds(1))) }
        if let joinsAt, joinsAt > now { deadline = min(deadline, joinsAt) }
        return deadline
    }
}
