import Basics
import Dispatch
import Glibc
import Synchronization

/// Looks at the request of each connection that no place is free for. A health probe is passed to an event loop; every other request is refused.
///
/// An orchestrator opens a connection for each probe and restarts a service that refuses them, so a server whose places are all in use
/// must not refuse these. The request is mostly there when its connection is accepted. A connection whose request is not may wait for
/// it, for `HTTPServerLimits.probeHeadTimeout` and in one of few slots; when these are full the next one takes the slot of one that waits.
/// A loop responds to the probe, so that a response says that loops turn.
///
/// The gate polls the connections that wait: they are few, and without any it does nothing.
final class ProbeGate: Sendable {
    /// A connection whose request is being read.
    private struct Candidate {
        var accepted: AcceptedConnection
        let reason: HTTPRefusal
        let due: Instant
        /// The present look has found something to read or the time up, and has not settled it yet.
        var isReady = false
        var slot: ProbeSlots.Slot?
        /// The address that `slot` counts for.
        var slotKey: UInt64 = 0
        var parser = RequestParser()
        /// Bytes read that the parser has not consumed.
        var input: [UInt8] = []
        /// Another reader has read them: the parser has not seen them.
        var isInputNew = false
    }

    private enum Finding {
        case probe(RequestHead)
        case other
        case incomplete

        var isOther: Bool {
            if case .other = self { return true }
            return false
        }
    }

    private struct State {
        /// The oldest first.
        var waiting: [Candidate] = []
        var isLookDue = false
        var isClosed = false
    }

    /// Between two looks at the connections that wait.
    private static let lookInterval = DispatchTimeInterval.milliseconds(5)
    private static let readBytes = 8_192

    private let handler: any HTTPHandler
    private let observer: (any HTTPServerObserver)?
    private let loops: [EventLoopHandle]
    /// Those of a probe's head.
    private let limits: HTTPServerLimits
    private let refusals: Refusals
    private let slots: ProbeSlots
    private let proxies: TrustedProxies
    private let timeout: Int64
    private let queue = DispatchQueue(label: "tablecast.http.probes")
    private let state = Mutex(State())

    /// `loops` respond to the probes.
    init(_ configuration: HTTPServerConfiguration, loops: [EventLoopHandle]) {
        handler = configuration.handler
        observer = configuration.observer
        proxies = configuration.proxies
        self.loops = loops
        var limits = configuration.limits
        limits.headBytes = min(limits.headBytes, limits.probeHeadBytes)
        self.limits = limits
        refusals = Refusals(configuration)
        slots = ProbeSlots(limit: limits.probeSlots, addressLimit: limits.probeSlotsPerAddress)
        timeout = limits.probeHeadTimeout.wholeNanoseconds
    }

    /// Takes over a connection that no place is free for. `input` has been read of it, behind its PROXY header. Called on any thread.
    func take(_ accepted: AcceptedConnection, _ reason: HTTPRefusal, input: [UInt8] = []) {
        // Without the room search, which counts against `HTTPServerLimits.roomSeekers` while it exists.
        let accepted = AcceptedConnection(descriptor: accepted.descriptor, origin: accepted.origin)
        guard limits.probeSlots > 0 else { return refusals.refuse(accepted, reason) }
        var candidate = Candidate(
            accepted: accepted,
            reason: reason,
            due: SystemClock.suspendingNanoseconds() + timeout
        )
        (candidate.input, candidate.isInputNew) = (input, !input.isEmpty)
        settle(candidate)
    }

    /// Refuses those that wait, and from now on makes none wait.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for candidate in waiting { refusals.refuse(candidate.accepted, candidate.reason) }
    }

    /// Reads what has come, and passes the connection on, refuses it or lets it wait. `isLast`: it has waited as long as it may.
    private func settle(_ candidate: Candidate, isLast: Bool = false) {
        var candidate = candidate
        let finding = read(&candidate)
        if candidate.slot == nil, !finding.isOther {
            candidate.slotKey = candidate.accepted.origin.countedKey
            candidate.slot = slot(for: candidate.slotKey)
        }
        switch finding {
        case .probe(let head):
            if let slot = candidate.slot {
                pass(candidate, head, slot)
                return
            }
        case .incomplete:
            if candidate.slot != nil, !isLast, wait(candidate) { return }
        case .other: break
        }
        refusals.refuse(candidate.accepted, candidate.reason)
    }

    private func read(_ candidate: inout Candidate) -> Finding {
        let before = candidate.input.count
        let isOpen = withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 1) { bytes in
            switch systemCall({ recv(candidate.accepted.descriptor, bytes.baseAddress, bytes.count, 0) }) {
            case .wouldBlock: return true
            case .failed, .done(0): return false
            case .done(let count):
                candidate.input.append(contentsOf: bytes[..<count])
                return true
            }
        }
        guard isOpen || candidate.isInputNew else { return .other }
        guard candidate.input.count > before || candidate.isInputNew else { return .incomplete }
        candidate.isInputNew = false
        if candidate.accepted.origin.awaitsHeader {
            switch candidate.input.withUnsafeBufferPointer({ ProxyHeader.read($0, limit: limits.proxyHeaderBytes) }) {
            case .incomplete: return .incomplete
            case .malformed: return .other
            case .complete(let header):
                candidate.accepted.origin.take(header, proxies)
                candidate.input.removeFirst(header.length)
            }
        }
        var consumed = 0
        let outcome = candidate.input.withUnsafeBufferPointer {
            candidate.parser.parse($0, consumed: &consumed, limits: limits)
        }
        switch outcome {
        case .incomplete:
            candidate.input.removeFirst(consumed)
            // A probe has no body.
            return candidate.parser.phase == .body ? .other : .incomplete
        case .complete(let head, let body):
            let request = HTTPRequest(head: head, body: body, peerAddress: candidate.accepted.origin.peerText)
            return body.isEmpty && handler.isProbe(request) ? .probe(head) : .other
        case .rejected: return .other
        }
    }

    /// A slot for a connection of this address, if need be that of one that waits: which is looked at once more, and then refused.
    private func slot(for addressKey: UInt64) -> ProbeSlots.Slot? {
        while true {
            if let slot = slots.take(addressKey) { return slot }
            let evicted = state.withLock { state -> Candidate? in
                let keys = state.waiting.lazy.map(\.slotKey)
                return slots.victim(among: keys, for: addressKey).map { state.waiting.remove(at: $0) }
            }
            guard let evicted else { return nil }
            settle(evicted, isLast: true)
        }
    }

    private func pass(_ candidate: Candidate, _ head: RequestHead, _ slot: ProbeSlots.Slot) {
        var accepted = candidate.accepted
        accepted.probe = AcceptedConnection.Probe(head: head, slot: slot)
        let least = loops.min {
            $0.connectionCount.load(ordering: .relaxed) < $1.connectionCount.load(ordering: .relaxed)
        }
        if let least, least.adopt(accepted) {
            observer?.probeAdmitted(candidate.reason)
        } else {
            closeDescriptor(accepted.descriptor)
        }
    }

    /// False once the gate is closed.
    private func wait(_ candidate: Candidate) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            let place = state.waiting.lastIndex { $0.due <= candidate.due }.map { $0 + 1 } ?? 0
            state.waiting.insert(candidate, at: place)
            planLook(&state)
            return true
        }
    }

    private func planLook(_ state: inout State) {
        guard !state.isLookDue, !state.waiting.isEmpty else { return }
        state.isLookDue = true
        queue.asyncAfter(deadline: .now() + Self.lookInterval) { self.look() }
    }

    /// Settles those that have something to read and those whose time is up. Each stays among those that wait until its turn comes, so that
    /// it makes way for new connections: when many are ready at once, they hold most of the slots.
    private func look() {
        let now = SystemClock.suspendingNanoseconds()
        state.withLock { state in
            var entries = state.waiting.map {
                pollfd(fd: $0.accepted.descriptor, events: Int16(POLLIN), revents: 0)
            }
            // Which does not wait. The descriptors belong to those that wait, and so to nobody else while the lock is held.
            _ = systemCall { poll(&entries, nfds_t(entries.count), 0) }
            for (index, entry) in entries.enumerated() {
                state.waiting[index].isReady = entry.revents != 0 || state.waiting[index].due <= now
            }
        }
        while let candidate = takeReady() { settle(candidate, isLast: candidate.due <= now) }
        state.withLock { state in
            state.isLookDue = false
            planLook(&state)
        }
    }

    private func takeReady() -> Candidate? {
        state.withLock { state in
            guard let index = state.waiting.firstIndex(where: \.isReady) else { return nil }
            var candidate = state.waiting.remove(at: index)
            candidate.isReady = false
            return candidate
        }
    }
}
