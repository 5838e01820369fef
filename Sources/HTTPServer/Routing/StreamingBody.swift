/// What a streaming body wants after it has produced.
package enum StreamStep: Sendable, Hashable {
    /// More is ready: call again as soon as the socket takes it.
    case again
    /// Nothing until `HTTPServer.wakeStreams()` or the deadline on the server's suspending clock.
    case wait(until: Duration?)
    /// The body is complete.
    case end
    /// Close the connection at once, the body left incomplete: the client sees a broken transfer, never a short
    /// success.
    case abort
}

/// Why a streaming body is over.
package enum StreamEnd: Sendable, Hashable { case completed, clientGone, stalled, serverStopping }

/// A response body made while the client reads. Confined to the event loop of its connection: every call comes from
/// there.
package protocol StreamingBody: AnyObject {
    /// Appends at most about `budget` bytes to `output` (an empty buffer that the loop shares between its connections).
    /// Called only when everything produced before has gone to the kernel, so a slow reader holds back its own body
    /// alone. Appending nothing is allowed. `now` is the server's suspending clock.
    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep
    /// How many bytes it produces in all, where that is known before: then they are framed by Content-Length. Nil where not.
    var length: Int? { get }
    /// Whether it ends by itself soon, however little happens: then a client that has half-closed (sent FIN, and may still read) gets all of
    /// it. A stream that waits for news is ended there, since most such clients have left.
    var isFinite: Bool { get }
    /// Bytes of memory that it keeps between two calls for its client alone; they count as pending.
    var keptBytes: Int { get }
    /// Whether the client has held it up for too long, asked about every second while it does; then the connection is closed.
    func mustEnd(now: Duration) -> Bool
    /// How long its client may take no byte before its connection is closed, however slow it was before; nil for the server's limits. For
    /// readers that hold up nobody and are worth waiting for.
    var stallLimit: Duration? { get }
    /// The server is draining: the next `produce` may say goodbye and return `.end`.
    func drain()
    /// Called exactly once, when the body will not be asked again.
    func finished(_ reason: StreamEnd)
}

extension StreamingBody {
    package var length: Int? { nil }
    package var isFinite: Bool { false }
    package var keptBytes: Int { 0 }
    package func mustEnd(now: Duration) -> Bool { false }
    package var stallLimit: Duration? { nil }
}
