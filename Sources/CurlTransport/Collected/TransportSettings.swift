/// How a transport speaks to its servers, and every bound of it. Those who know the servers set it all.
package struct TransportSettings: Sendable {
    /// How servers are reached.
    package var connection: ConnectionSettings
    /// Fields of responses that callers look at, in lower case; others are dropped.
    package var responseFields: [String] = []
    /// Requests of different lanes wait and count apart.
    package var lanes = 1
    /// Requests on the wire at once, which is also the number of connections kept. More wait.
    package var concurrentRequests = 1
    /// Of them, those that a lane leaves to the others.
    package var requestsKeptFree = 0
    /// Requests that wait for a connection. One more fails at once.
    package var waitingRequests = 0
    /// Handles kept for reuse when idle.
    package var idleHandles = 0
    /// Bytes of one response's body.
    package var responseBytes = 0
    /// Bytes of one request's body.
    package var requestBytes = 0
    /// A transfer slower than this many bytes a second …
    package var lowSpeedBytesPerSecond = 1
    /// … for this long is given up. Waiting for the first byte counts.
    package var lowSpeedTime: Duration = .seconds(10)

    /// Settings that allow nothing yet.
    package init(over connection: ConnectionSettings) { self.connection = connection }
}
