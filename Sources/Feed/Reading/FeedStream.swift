package import Basics
package import HTTPServer
package import ReplicaStore
import TableModel

/// The feed as a stream, server-sent events or NDJSON: one subscriber's, from its place in the index and nothing else.
///
/// There is no queue a subscriber: what it has not read yet is read from the newest snapshot when its socket takes more, so a
/// slow reader costs no memory and is conflated to the newest state of each key.
package final class FeedStream: FeedBody {
    let hub: FeedHub
    let request: FeedRequest
    private let permit: Permit?
    var reader: FeedReader?
    private var wire: FeedOutput
    private var startedAt: Duration?
    /// When the last byte was produced.
    private var spokeAt: Duration = .zero
    /// When the stream ends for its age.
    private var endsAt: Duration?
    /// Before this time changes are gathered.
    private var gathersUntil: Duration = .zero
    private var delivery = FeedHub.Delivery()
    /// Since when the replica is behind the subscriber; nil while it is not.
    private var behindSince: Duration?
    private var isDraining = false
    private var withdrawal: ByeReason?
    private var isWithdrawn = false

    /// Without a `place` (see `FeedHub.admit`) the stream says `busy` and ends.
    package init(hub: FeedHub, request: FeedRequest, permit: Permit?) {
        self.hub = hub
        self.request = request
        self.permit = permit
        wire = FeedOutput(isCompressed: request.isCompressed)
    }

    /// Why a feed cannot go on from where `request` asks, which a stream answers with `reset`; nil when it can.
    package static func obstacle(
        to request: FeedRequest,
        in snapshot: StoreSnapshot,
        overlap: Duration
    ) -> ResetReason? {
        FeedCursor(request: request, snapshot: snapshot, base: 0, overlap: overlap).pendingReset
    }

    package func drain() { isDraining = true }

    package func withdraw(_ reason: ByeReason) { withdrawal = reason }

    package func finished(_ reason: StreamEnd) {
        reader?.close()
        reader = nil
        permit?.release()
        if permit != nil, reason == .stalled { hub.countStalled() }
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
        let isFirst = startedAt == nil
        if isFirst { begin(&output, now) }
        guard permit != nil else {
            say(.busy(.overloaded, detail: "all places for subscribers are taken"), &output)
            return .end
        }
        if let withdrawal { return sayGoodbye(withdrawal, &output) }
        if isDraining { return sayGoodbye(.draining, spread: FeedLimits.drainSpread, &output) }
        if let startedAt, let timeout = request.timeout, now - startedAt >= timeout {
            return sayGoodbye(.timeout, &output)
        }
        if let endsAt, now >= endsAt {
            hub.countAged()
            return sayGoodbye(.age, &output)
        }
        guard let snapshot = hub.store.snapshot else {
            waitForContents(isFirst: isFirst, &output, now)
            return .wait(until: nil)
        }
        isWithdrawn = false
        if let error = prepare(snapshot, &output, now) {
            say(.bye(.invalidFilter, detail: error.detail), &output)
            return .end
        }
        return follow(snapshot, &output, budget, now)
    }

    private func begin(_ output: inout [UInt8], _ now: Duration) {
        startedAt = now
        spokeAt = now
        if let age = hub.limits.maximumStreamAge { endsAt = now + age * Double.random(in: 0.8...1) }
        appendRetry(times: permit == nil ? FeedLimits.overloadSpread : FeedLimits.retrySpread, &output)
    }

    /// Nothing is published. The answer stays 200 and open: a browser's `EventSource` never retries after any other status. Who was
    /// following something must forget it.
    private func waitForContents(isFirst: Bool, _ output: inout [UInt8], _ now: Duration) {
        let isNews = reader != nil && !isWithdrawn
        if isNews {
            isWithdrawn = true
            reader?.forget()
            hub.countReset(.rebuilt)
            say(.reset(.rebuilt), &output)
        }
        guard isFirst || isNews || now - spokeAt >= request.heartbeat else { return }
        say(.busy(reader == nil ? .syncing : .rebuilding, detail: hub.conditions().reason), &output)
    }

    /// Places the reader, or fits it to another key schema; returns why its filter does not fit.
    private func prepare(
        _ snapshot: StoreSnapshot,
        _ output: inout [UInt8],
        _ now: Duration
    ) -> FeedFilterError? {
        do throws(FeedFilterError) {
            if reader != nil {
                try reader?.adapt(to: snapshot)
            } else {
                reader = try FeedReader(hub: hub, request: request, snapshot: snapshot, now: now)
                say(.hello(position: snapshot.position, wallMilliseconds: hub.wallMilliseconds()), &output)
            }
            return nil
        } catch {
            return error
        }
    }

    private func follow(
        _ snapshot: StoreSnapshot,
        _ output: inout [UInt8],
        _ budget: Int,
        _ now: Duration
    ) -> StreamStep {
        var visited = 0
        while output.count < budget, visited < hub.limits.visitedPerTurn {
            if isGathering(now) {
                sayBookmark(snapshot, &output, now)
                return .wait(until: nil)
            }
            let step = reader?.next(in: snapshot, now: now)
            if case .behind = step { return waitForReplica(snapshot, &output, now) }
            behindSince = nil
            switch step {
            case .reset(let reason):
                hub.countReset(reason)
                say(.reset(reason), &output)
            case .behind: return .wait(until: nil)
            case .moved(let position):
                hub.countMove()
                say(.moved(from: position, overlap: hub.limits.resumeOverlap), &output)
            case .ready: sayMark(ControlEvent.ready, snapshot, &output)
            case .frame(let frame, let isNew):
                wire.append(frame, to: &output)
                visited += frame.visited
                delivery.events += frame.count
                if isNew { delivery.encoded += 1 } else { delivery.shared += 1 }
                if let reader, reader.remaining <= 0 { return sayGoodbye(.limit, &output) }
            case .idle, nil:
                if request.batch > .zero, delivery.events > 0 {
                    // On a grid, so that all who gather for the same time share frames.
                    gathersUntil = request.batch * (Int(saturating: (now / request.batch).rounded(.down)) + 1)
                }
                sayBookmark(snapshot, &output, now)
                return .wait(until: nil)
            }
        }
        return .again
    }

    /// The subscriber came from another replica and may hold newer states than this one has: anything sent now could take it back in time.
    /// Nothing it hears has an id.
    private func waitForReplica(_ snapshot: StoreSnapshot, _ output: inout [UInt8], _ now: Duration) -> StreamStep {
        let since = behindSince ?? now
        behindSince = since
        let isOver = now - since >= hub.limits.placementPatience
        guard isOver || (output.isEmpty && now - spokeAt >= request.heartbeat) else { return .wait(until: nil) }
        // Others may be further, so the client comes back soon, and a balancer may send it there.
        if isOver { appendRetry(times: FeedLimits.overloadSpread, &output) }
        say(.busy(.behind, detail: Self.behindDetail), &output)
        return isOver ? .end : .wait(until: nil)
    }

    /// Why nothing can be sent to a subscriber that is ahead.
    package static let behindDetail =
        "the position is another replica's, and this one has not yet reached all that the subscriber may have seen there"

    /// A subscriber that has the head waits for its batch to fill.
    private func isGathering(_ now: Duration) -> Bool { reader?.isReady == true && now < gathersUntil }

    private func sayBookmark(_ snapshot: StoreSnapshot, _ output: inout [UInt8], _ now: Duration) {
        guard output.isEmpty, now - spokeAt >= request.heartbeat else { return }
        sayMark(ControlEvent.bookmark, snapshot, &output)
    }

    private func sayMark(
        _ make: (Position, FeedConditions, Int?) -> ControlEvent,
        _ snapshot: StoreSnapshot,
        _ output: inout [UInt8]
    ) {
        guard let reader else { return }
        say(make(reader.position, hub.conditions(), request.tellsItemCount ? snapshot.itemCount : nil), &output)
    }

    /// `spread` is up to how many times the usual wait clients come back: all at once they would meet the next server all at once.
    private func sayGoodbye(_ reason: ByeReason, spread: Int = 0, _ output: inout [UInt8]) -> StreamStep {
        if spread > 0 { appendRetry(times: spread, &output) }
        if let snapshot = hub.store.snapshot { reader?.stand(in: snapshot) }
        // While it catches up a limit may cut a run short, but everything up to the position has been delivered.
        say(.bye(reason, at: reader.flatMap { $0.isReady ? $0.position : nil }), &output)
        return .end
    }

    private func say(_ event: ControlEvent, _ output: inout [UInt8]) {
        var bytes: [UInt8] = []
        event.append(request.encoding, to: &bytes)
        wire.append(bytes, to: &output)
    }

    private func appendRetry(times: Int, _ output: inout [UInt8]) {
        let milliseconds = hub.retryHints.milliseconds(from: hub.limits.retryMilliseconds, times: times)
        var bytes: [UInt8] = []
        ControlEvent.appendRetry(milliseconds, request.encoding, to: &bytes)
        wire.append(bytes, to: &output)
    }

    /// When there is something to do though nothing new is published. A batch that is over needs no look: what was gathered is
    /// delivered, and what comes next wakes the stream.
    private func deadline(after now: Duration) -> Duration {
        var deadline = spokeAt + request.heartbeat
        if let timeout = request.timeout, let startedAt { deadline = min(deadline, startedAt + timeout) }
        if let endsAt { deadline = min(deadline, endsAt) }
        if gathersUntil > now { deadline = min(deadline, gathersUntil) }
        if behindSince != nil { deadline = min(deadline, now + FeedLimits.placementPause) }
        return deadline
    }
}
