import Basics

/// The decision of a streamed request's owner after each part of the response.
package enum ReceiveStep: Sendable, Hashable { case proceed, stop }

/// How a streamed request ended.
package enum StreamedEnd: Sendable, Hashable {
    /// The body was complete.
    case complete
    /// The owner said stop, or the time was over.
    case stopped
    /// Nothing came for as long as was allowed.
    case silent
    /// The exchange failed.
    case failed(TransportFailure)
}

/// A request whose response is read as it arrives, on the thread that runs it.
package struct StreamedRequest {
    /// The request.
    package var request: TransferRequest
    /// How the server is reached.
    package var connection: ConnectionSettings
    /// Ends the connection after this long without a byte; nil for no bound.
    package var silence: Duration?
    /// Ends it after this long altogether; nil for no bound.
    package var total: Duration?
    /// The clock of the two bounds.
    package var now: () -> Duration = SystemClock.continuous
    /// Called once, before the first byte of the body.
    package var onHead: (ResponseHead) -> ReceiveStep = { _ in .proceed }
    /// Called with each piece of the body.
    package var onBytes: (Span<UInt8>) -> ReceiveStep = { _ in .proceed }
    /// Called once it is over.
    package var onEnd: () -> Void = {}

    /// A request without bounds.
    package init(_ request: TransferRequest, over connection: ConnectionSettings) {
        self.request = request
        self.connection = connection
    }

    /// Runs to the end. Blocks its thread. `shouldStop` is asked at least every quarter of a second.
    package func run(shouldStop: () -> Bool) -> StreamedEnd {
        Self.run([self], shouldStop: shouldStop).first ?? .stopped
    }
}
