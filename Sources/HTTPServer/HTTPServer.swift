/// Every bound of the server, in one place, with what happens at it.
package struct HTTPServerLimits: Sendable, Hashable {
    package var requestLineBytes = 16_384  // 414
    package var headBytes = 65_536  // 431
    package var fieldCount = 100  // 431
    package var bodyBytes = 1_048_576  // 413
    package var connections = 20_000  // refused at accept
    package var headTimeout: Duration = .seconds(10)  // 408, absolute from the first byte
    package var bodyTimeout: Duration = .seconds(30)  // 408
    package var keepAliveTimeout: Duration = .seconds(75)  // closed
    package var writeStallTimeout: Duration = .seconds(30)  // closed
    package var streamBudgetBytes = 65_536  // per produce() call
    package init() {}
}

/// Why the server cannot start: one line that names the address and what to do.
package struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The HTTP/1.1 server: a listener, N event loops, one handler.
package final class HTTPServer: Sendable {
    package init(
        handler: any HTTPHandler, observer: (any HTTPServerObserver)?, limits: HTTPServerLimits = HTTPServerLimits(), loops: Int
    ) { fatalError("contract") }

    /// Binds and listens (port 0 = any free one) and starts the loops; returns the port. Address in use says so.
    package func start(host: String, port: Int) throws(HTTPServerError) -> Int { fatalError("contract") }

    /// Asks every waiting streaming body to produce again. Callable from any thread; many calls make one wake-up a loop.
    package func wakeStreams() { fatalError("contract") }

    /// Stops accepting, drains streams and requests in flight, closes idle connections, and at `deadline` everything.
    package func stop(within grace: Duration) async { fatalError("contract") }

    /// The server's monotonic clock, as `produce(now:)` sees it.
    package static func now() -> Duration { fatalError("contract") }

    package var openConnections: Int { fatalError("contract") }
}
