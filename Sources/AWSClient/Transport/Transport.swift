import CCurl
import Glibc
import Synchronization

/// Signed requests over one libcurl thread, which owns every outbound socket.
///
/// Callers on any task; answers in any order. Connections are kept and shared by all requests of the same endpoint.
final class Transport: Sendable {
    private let inbox: Inbox
    private let limits: AWSClientLimits
    private let nextIdentifier = Atomic<UInt64>(1)

    /// Starts the thread.
    init(options: TransportOptions) throws(AWSError) {
        limits = options.limits
        guard globalResult == CURLE_OK, let multi = curl_multi_init() else {
            throw AWSError.cannotStart(cause: "libcurl could not be initialised")
        }
        let context = ThreadContext(multi: multi, options: options)
        inbox = context.inbox
        var thread = pthread_t()
        let start = Unmanaged.passRetained(context)
        guard pthread_create(&thread, nil, runCurlThread, start.toOpaque()) == 0 else {
            start.release()
            inbox.detach()
            curl_multi_cleanup(multi)
            throw AWSError.cannotStart(cause: "the system refused a thread")
        }
        pthread_detach(thread)
    }

    deinit { inbox.close() }

    /// Sends a request and waits for its answer. Cancelling the task takes the request off the wire.
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPAnswer {
        guard request.body.count <= limits.requestBytes else {
            throw TransportFailure(.requestTooLarge(limit: limits.requestBytes))
        }
        let ticket = Ticket(
            identifier: nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue,
            request: request
        )
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                ticket.attach(continuation)
                if !inbox.submit(ticket) { ticket.resume(.failure(TransportFailure(.closed))) }
            }
        } onCancel: {
            ticket.markCancelled()
            inbox.cancel(ticket.identifier)
        }
        return try outcome.get()
    }

    /// Ends the thread. What is pending fails with `closed`, and so does every later request. Idempotent.
    func close() { inbox.close() }
}

/// What the thread is started with. It crosses to the thread once and is not touched by the starter afterwards.
private final class ThreadContext {
    let inbox: Inbox
    let multi: UnsafeMutableRawPointer
    let options: TransportOptions

    init(multi: UnsafeMutableRawPointer, options: TransportOptions) {
        self.multi = multi
        self.options = options
        inbox = Inbox(waking: multi)
    }
}

/// libcurl's process-wide set-up: once, before any handle, on the first transport's thread.
private let globalResult: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

private func runCurlThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let start = Unmanaged<ThreadContext>.fromOpaque(context).takeRetainedValue()
    // OpenSSL may write to a socket whose peer has gone. A blocked SIGPIPE becomes EPIPE here, and the rest of the
    // process keeps its own disposition.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    CurlLoop(inbox: start.inbox, multi: start.multi, options: start.options).run()
    return nil
}

extension AWSError {
    fileprivate static func cannotStart(cause: String) -> AWSError {
        AWSError(
            kind: .fatal,
            operation: "Configuration",
            subject: "HTTP client",
            code: "CannotStart",
            message: cause,
            hint: "Check the process's memory and thread limits (ulimit -a)."
        )
    }
}
