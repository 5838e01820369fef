package import CurlTransport

/// The observations of the probes of `tablecast doctor`. All times are counted from the beginning of the probe.
package struct Observations: Sendable, Hashable {
    /// One response that was read to its end.
    package struct Response: Sendable, Hashable {
        /// Nil when no response came.
        package var head: ResponseHead?
        package var body: [UInt8] = []
        package var end: StreamedEnd = .complete
        /// The local wall clock when the request was sent and when the response was complete, in milliseconds.
        package var sentAt: Int64 = 0
        package var receivedAt: Int64 = 0
        package init() {}
    }

    /// One event, and when it came.
    package struct Arrival: Sendable, Hashable {
        package var name: String
        package var after: Duration
        package init(_ name: String, after: Duration) {
            self.name = name
            self.after = after
        }
    }

    /// One stream.
    package struct Stream: Sendable, Hashable {
        package var head: ResponseHead?
        package var headAfter: Duration?
        package var arrivals: [Arrival] = []
        /// The position that `hello` told; nil when none came.
        package var position: String?
        /// The id of the last event; nil when none had one.
        package var lastID: String?
        package var end: StreamedEnd = .stopped
        package var endAfter: Duration = .zero
        package init() {}
    }

    package var url = ""
    package var status = Response()
    /// The browser client, asked for twice: as it is, and with the tag of the first response.
    package var file = Response()
    package var fileAgain = Response()
    /// A stream with a bookmark each second for `window`.
    package var plain = Stream()
    /// The same, asked for with gzip.
    package var compressed = Stream()
    package var window: Duration = .seconds(5)
    /// A stream that was asked for with a last event id that nobody can have sent.
    package var resumed = Stream()
    /// Reconnects one after the other, each from the id that the stream before it had sent last.
    package var continued: [Stream] = []
    /// A stream on which the server says nothing, for `idleTime`.
    package var idle = Stream()
    package var idleTime: Duration = .seconds(75)
    /// Streams that were open at the same time over HTTP/1.1.
    package var several: [Stream] = []
    package init() {}
}
