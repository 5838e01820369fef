import CCurl
import Glibc
import Synchronization

/// Requests over one libcurl thread, which owns their sockets. Responses are collected whole.
///
/// Callers on any task; responses in any order. Connections are kept and shared by all requests to the same server.
package final class Transport: Sendable {
    /// The system has no thread or no memory to give.
    package struct CannotStart: Error {
        /// The step that failed.
        package let reason: String
    }

    private let inbox: Inbox
    private let requestBytes: Int
    private let nextIdentifier = Atomic<UInt64>(1)

    /// Starts the thread.
    package init(_ settings: TransportSettings) throws(CannotStart) {
        requestBytes = settings.requestBytes
        guard Curl.isReady, let multi = curl_multi_init() else {
            throw CannotStart(reason: "libcurl could not be initialised")
        }
        let context = ThreadContext(multi: multi, settings: settings)
        inbox = context.inbox
        var thread = pthread_t()
        let start = Unmanaged.passRetained(context)
        guard pthread_create(&thread, nil, runCurlThread, start.toOpaque()) == 0 else {
            start.release()
            inbox.detach()
            curl_multi_cleanup(multi)
            throw CannotStart(reason: "the system refused a thread")
        }
        pthread_detach(thread)
    }

    deinit { inbox.close() }

    /// Sends a request in a lane of the settings and waits for its response, at most for `timeout` once it is on the
    /// wire. Cancelling the task takes it off the wire.
    package func send(
        _ request: TransferRequest,
        lane: Int,
        timeout: Duration
    ) async throws(TransportFailure) -> TransferResponse {
        guard (request.body?.count ?? 0) <= requestBytes else {
            throw TransportFailure(.requestTooLarge(limit: requestBytes))
        }
        let request = InFlightRequest(
            identifier: nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue,
            request: request,
            lane: lane,
            timeout: timeout
        )
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                request.attach(continuation)
                if !inbox.submit(request) { request.resume(.failure(TransportFailure(.closed))) }
            }
        } onCancel: {
            request.markCancelled()
            inbox.cancel(request.identifier)
        }
        return try outcome.get()
    }

    /// Ends the thread. What is pending fails with `closed`, and so does every later request. Idempotent.
    package func close() { inbox.close() }
}

/// The start values of the thread. They cross to it once, and the starter does not touch them afterwards.
private final class ThreadContext {
    let inbox: Inbox
    let multi: UnsafeMutableRawPointer
    let settings: TransportSettings

    init(multi: UnsafeMutableRawPointer, settings: TransportSettings) {
        self.multi = multi
        self.settings = settings
        inbox = Inbox(waking: multi)
    }
}

private func runCurlThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let start = Unmanaged<ThreadContext>.fromOpaque(context).takeRetainedValue()
    // OpenSSL may write to a socket whose peer has gone. A blocked SIGPIPE becomes EPIPE here, and the rest of the
    // process keeps its own disposition.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    CurlLoop(inbox: start.inbox, multi: start.multi, settings: start.settings).run()
    return nil
}
