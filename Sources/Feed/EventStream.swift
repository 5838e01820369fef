package import HTTPServer
import ReplicaStore

/// The feed as server-sent events: one subscriber's stream, from its place in the index and nothing else.
///
/// There is no queue a subscriber: what it has not read yet is read from the newest snapshot when its socket takes more, so a
/// slow reader costs no memory and is conflated to the newest state of each key.
package final class EventStream: StreamingBody {
    private enum Admission { case unasked, admitted, refused }

    private let hub: FeedHub
    private let request: FeedRequest
    private var cursor: FeedCursor?
    private var admission = Admission.unasked
    private var startedAt: Duration = .zero
    /// When the last byte was produced.
    private var spokeAt: Duration = .zero
    private var remaining: Int
    private var isDraining = false
    private var isWithdrawn = false

    package init(hub: FeedHub, request: FeedRequest) {
        self.hub = hub
        self.request = request
        self.remaining = request.limit ?? .max
    }

    package func drain() { isDraining = true }

    package func finished(_ reason: StreamEnd) {
        if admission == .admitted { hub.leave(stalled: reason == .stalled) }
        admission = .refused
    }

    package func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        if admission == .unasked {
            startedAt = now
            spokeAt = now
            ControlEvent.appendRetry(hub.limits.retryMilliseconds, to: &output)
            admission = hub.enter() ? .admitted : .refused
        }
        guard admission == .admitted else {
            ControlEvent.appendBusy("overloaded", detail: "all places for subscribers are taken", to: &output)
            return .end
        }
        if isDraining { return sayGoodbye("draining", to: &output) }
        if let timeout = request.timeout, now - startedAt >= timeout { return sayGoodbye("timeout", to: &output) }
        guard let snapshot = hub.store.snapshot else {
            return cursor == nil
                ? waitForReady(into: &output, now: now) : waitForRebuild(into: &output, now: now)
        }
        isWithdrawn = false
        if cursor == nil { greet(snapshot, into: &output, now: now) }
        return follow(snapshot, into: &output, budget: budget, now: now)
    }

    /// Nothing is published yet. The answer stays 200 and open: a browser's `EventSource` never retries after any other status.
    private func waitForReady(into output: inout [UInt8], now: Duration) -> StreamStep {
        // Only the first call has something in `output`: the `retry` field that this event completes.
        if !output.isEmpty || now - spokeAt >= request.heartbeat {
            ControlEvent.appendBusy("syncing", detail: hub.conditions().reason, to: &output)
            spokeAt = now
        }
        return .wait(until: deadline)
    }

    /// What this subscriber was following has been withdrawn: it must forget that, and wait.
    private func waitForRebuild(into output: inout [UInt8], now: Duration) -> StreamStep {
        if !isWithdrawn {
            isWithdrawn = true
            cursor?.forget()
            hub.countReset(.rebuilt)
            ControlEvent.appendReset(.rebuilt, to: &output)
            ControlEvent.appendBusy("rebuilding", detail: hub.conditions().reason, to: &output)
            spokeAt = now
        } else if now - spokeAt >= request.heartbeat {
            ControlEvent.appendBusy("rebuilding", detail: hub.conditions().reason, to: &output)
            spokeAt = now
        }
        return .wait(until: deadline)
    }

    private func greet(_ snapshot: StoreSnapshot, into output: inout [UInt8], now: Duration) {
        ControlEvent.appendHello(
            position: snapshot.position,
            wallMilliseconds: hub.wallMilliseconds(),
            to: &output
        )
        cursor = FeedCursor(request: request, snapshot: snapshot, base: hub.frames.base(for: snapshot, now: now))
    }

    private func follow(
        _ snapshot: StoreSnapshot,
        into output: inout [UInt8],
        budget: Int,
        now: Duration
    ) -> StreamStep {
        let before = output.count
        var delivery = (events: 0, encoded: 0, shared: 0)
        defer {
            if output.count > before { spokeAt = now }
            if delivery.events > 0 {
                hub.countDelivery(
                    events: delivery.events,
                    bytes: output.count - before,
                    encoded: delivery.encoded,
                    shared: delivery.shared
                )
            }
        }
        while output.count < budget {
            let hub = hub
            switch cursor?.next(in: snapshot, base: { hub.frames.base(for: $0, now: now) }) {
            case .reset(let reason):
                hub.countReset(reason)
                ControlEvent.appendReset(reason, to: &output)
            case .ready:
                appendMark(ControlEvent.appendReady, snapshot, to: &output)
            case .changes(let kind):
                let (frame, isNew) = nextFrame(kind, in: snapshot)
                output += frame.bytes
                cursor?.advance(to: frame.end)
                delivery.events += frame.count
                if isNew { delivery.encoded += 1 } else { delivery.shared += 1 }
                remaining -= frame.count
                if remaining <= 0 { return sayGoodbye("limit", to: &output) }
            case .idle, nil:
                if output.isEmpty, now - spokeAt >= request.heartbeat {
                    appendMark(ControlEvent.appendBookmark, snapshot, to: &output)
                }
                return .wait(until: output.isEmpty ? deadline : deadline(spokeAt: now))
            }
        }
        return .again
    }

    /// The shared frame at the cursor, or an own one when that would deliver more events than were asked for.
    private func nextFrame(_ kind: FrameKind, in snapshot: StoreSnapshot) -> (frame: FeedFrame, isNew: Bool) {
        let start = cursor?.seq ?? 0
        let shared = hub.frames.frame(after: start, kind: kind, format: request.format, in: snapshot)
        if shared.frame.count <= remaining { return shared }
        let own = FeedFrame.encode(
            after: start,
            kind: kind,
            format: request.format,
            in: snapshot,
            byteLimit: hub.limits.frameBytes,
            countLimit: remaining
        )
        return (own, true)
    }

    private func appendMark(
        _ append: (Position, FeedConditions, Int, inout [UInt8]) -> Void,
        _ snapshot: StoreSnapshot,
        to output: inout [UInt8]
    ) {
        guard let cursor else { return }
        append(Position(epoch: cursor.epoch, seq: cursor.seq), hub.conditions(), snapshot.itemCount, &output)
    }

    private func sayGoodbye(_ reason: String, to output: inout [UInt8]) -> StreamStep {
        if reason == "draining" {
            // Spread: clients that all come back at once would meet the next server all at once.
            let retry = hub.limits.retryMilliseconds
            ControlEvent.appendRetry(retry + Int.random(in: 0...(retry * 4)), to: &output)
        }
        ControlEvent.appendBye(reason, to: &output)
        return .end
    }

    private var deadline: Duration? { deadline(spokeAt: spokeAt) }

    private func deadline(spokeAt: Duration) -> Duration {
        let heartbeat = spokeAt + request.heartbeat
        guard let timeout = request.timeout else { return heartbeat }
        return min(heartbeat, startedAt + timeout)
    }
}
