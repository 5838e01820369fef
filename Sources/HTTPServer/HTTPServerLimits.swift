/// Every bound of the server, in one place, with what happens at it.
package struct HTTPServerLimits: Sendable, Hashable {
    /// A longer request line is answered 414.
    package var requestLineBytes = 16_384
    /// A longer head (request line and fields), or a longer trailer section, is answered 431.
    package var headBytes = 65_536
    /// More fields in a head or a trailer section are answered 431.
    package var fieldCount = 100
    /// A longer request body is answered 413.
    package var bodyBytes = 1_048_576
    /// A longer chunk-size line (RFC 9112 section 7.1) is answered 400.
    package var chunkLineBytes = 1_024
    /// More bytes of chunk extensions in one body are answered 400 (RFC 9112 section 7.1.1).
    package var chunkExtensionBytes = 16_384
    /// A longer PROXY protocol header of version 2 is answered 400. Proxies add values to it: names of networks, certificates.
    package var proxyHeaderBytes = 4_096
    /// Connections beyond these are answered 503 and closed, unless their request is a health probe.
    package var connections = 20_000
    /// Of one client's address (an IPv4 address, an IPv6 /64), 0 for no bound; those beyond are answered 503 and closed, unless
    /// their request is a health probe. One client cannot take every place. A proxy in front is one client, unless it is one of `TrustedProxies`.
    package var connectionsPerAddress = 0
    /// Connections beyond the limits whose request may turn out to be a health probe; when there are more, one that waits is
    /// answered 503. 0 refuses probes too, without reading their request.
    package var probeSlots = 32
    /// Of one client's address, of `probeSlots`.
    package var probeSlotsPerAddress = 4
    /// A longer head is no probe's: 503. So much is kept for each connection that waits.
    package var probeHeadBytes = 8_192
    /// How long such a connection may take to send its request's head; then 503.
    package var probeHeadTimeout: Duration = .seconds(1)
    /// Connections told in one second why they are refused; more are closed without a word.
    package var refusalAnswersPerSecond = 200
    /// Requests of one connection answered before others have their turn, `sliceTime` permitting; what is pipelined behind them waits.
    package var pipelinedRequests = 64
    /// How long an event loop works before it looks at its sockets again; what it has not reached is left for its next turn. New
    /// requests get half of it, work that earlier turns left the rest.
    package var turnTime: Duration = .milliseconds(2)
    /// How long one connection is worked for before others have their turn. A step that has begun is finished.
    package var sliceTime: Duration = .microseconds(500)
    /// What is due is expired so many at a time; then the loop looks at its sockets.
    package var expiriesPerTurn = 256
    /// Pipelined answers are sent when so much has gathered. With one more answer, that is all that a client who does not
    /// read can make the server keep: nothing more is read of it.
    package var outputBytes = 65_536
    /// From the first byte of a head to its end, absolute; then 408.
    package var headTimeout: Duration = .seconds(10)
    /// From the end of a head to the end of its body, absolute; then 408.
    package var bodyTimeout: Duration = .seconds(30)
    /// A body that after `bodyGrace` has come more slowly than this, counted from its beginning, is answered 408.
    package var bodyBytesPerSecond = 500
    /// How far a body may lag behind `bodyBytesPerSecond`.
    package var bodyGrace: Duration = .seconds(5)
    /// Between two requests, and before the first; then closed. Longer than the usual idle time of load balancers.
    package var keepAliveTimeout: Duration = .seconds(75)
    /// Without the client taking one byte of what waits for it; then closed.
    package var writeStallTimeout: Duration = .seconds(30)
    /// Clients of one event loop that have half-closed and wait for the rest of a finite response; more are closed at once. A pending
    /// response waits for such a client for `lingerTimeout` at most.
    package var halfClosedConnections = 256
    /// A client that takes less than this of what waits for it, while something waits, is closed after `responseGrace`. Time in
    /// which nothing waits does not count.
    package var responseBytesPerSecond = 2_048
    /// How far a client may lag behind `responseBytesPerSecond`.
    package var responseGrace: Duration = .seconds(30)
    /// Bytes that wait for clients in the whole process, and bytes of requests that are not complete. Beyond these, large responses
    /// are refused with 503 (by who makes them, `PendingBytes.admits`), and connections are closed: those that hold most first.
    package var pendingBytes = 268_435_456
    /// A client that has not taken what waits for it after so long is closed first when the bytes that wait become too many.
    package var pressureGrace: Duration = .seconds(1)
    /// Where all connections are in use, one that has been idle for so long is closed for a new one: that which was idle longest.
    package var evictableIdle: Duration = .milliseconds(500)
    /// Connections beyond the limit that may wait for an idle one to be closed; more find no place at once.
    package var roomSeekers = 16
    /// How long a closing connection is read and thrown away, so that the last answer is not lost (RFC 9112 section
    /// 9.6).
    package var lingerTimeout: Duration = .seconds(2)
    /// What the kernel takes from a connection beyond what it could send: a client that does not read holds so much of
    /// the kernel's memory, not megabytes, and is noticed so much sooner (TCP_NOTSENT_LOWAT).
    package var unsentBytes = 131_072
    /// The same for a stream, if it is less: what lies in the kernel cannot be replaced by something newer any more.
    package var unsentStreamBytes = 16_384
    /// What one call of `StreamingBody.produce` may append.
    package var streamBudgetBytes = 65_536
    package init() {}
}
