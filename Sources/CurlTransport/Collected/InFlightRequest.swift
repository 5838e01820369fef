import Synchronization

/// A request on its way through the transport, and the continuation that its response resumes.
///
/// The transport's thread owns the continuation from the moment `Inbox.submit` accepts the request. Before that, and
/// only where the inbox refuses it, the caller resumes it. So it is resumed once.
final class InFlightRequest: Sendable {
    typealias Outcome = Result<TransferResponse, TransportFailure>

    let identifier: UInt64
    let request: TransferRequest
    let lane: Int
    /// How long it may take, once it is on the wire.
    let timeout: Duration
    private let continuation: Mutex<CheckedContinuation<Outcome, Never>?> = Mutex(nil)
    private let cancelled = Atomic<Bool>(false)

    init(identifier: UInt64, request: TransferRequest, lane: Int, timeout: Duration) {
        self.identifier = identifier
        self.request = request
        self.lane = lane
        self.timeout = timeout
    }

    /// Whether the calling task has been cancelled. Set before the inbox hears of it, so that a request which arrives
    /// after its own cancellation is seen to be cancelled.
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func markCancelled() { cancelled.store(true, ordering: .releasing) }

    /// Attaches the waiting caller. Called once, before the request is submitted.
    func attach(_ waiting: CheckedContinuation<Outcome, Never>) {
        continuation.withLock { $0 = waiting }
    }

    /// Ends the request.
    func resume(_ outcome: Outcome) {
        let waiting = continuation.withLock { slot in
            defer { slot = nil }
            return slot
        }
        waiting?.resume(returning: outcome)
    }
}
