package import AWSClient
import Dispatch
package import HTTPServer
import Logging
import Metrics
import Synchronization
package import Telemetry

/// One log record a request, streams at their end. Event loops put entries into a bounded queue and go on; one private queue writes
/// them, and may wait for whoever reads the log.
package final class AccessLog: Sendable {
    private struct State {
        var waiting: [AccessEntry] = []
        /// Dropped, and not said yet.
        var dropped = 0
        /// The queue is at work, or about to be.
        var isWriting = false
    }

    /// The metric of dropped entries.
    static let droppedName = "tablecast_access_log_dropped_total"

    let limits: AccessLogLimits
    private let logger: Logger
    private let droppedTotal: Counter
    private let queue = DispatchQueue(label: "tablecast.access-log")
    private let state = Mutex(State())

    /// `write` takes whole lines, each one JSON object: standard error unless a test says otherwise.
    package init(
        registry: PrometheusRegistry,
        limits: AccessLogLimits = AccessLogLimits(),
        write: @escaping @Sendable ([UInt8]) -> Void = LineLogHandler.standardError
    ) {
        self.limits = limits
        logger = Logger(label: "tablecast.access") { label in
            LineLogHandler(label: label, format: .json, level: .info, write: write)
        }
        registry.describe(Self.droppedName, "Requests missing in the access log, since whoever reads it was too slow.")
        droppedTotal = Counter(label: Self.droppedName, factory: registry)
    }

    /// Takes an entry, or drops it when too many wait. For event loops: never waits for the log.
    func record(_ entry: AccessEntry) {
        let (isTaken, isFirst) = state.withLock { state in
            guard state.waiting.count < limits.waitingEntries else {
                state.dropped += 1
                return (false, false)
            }
            state.waiting.append(entry)
            defer { state.isWriting = true }
            return (true, !state.isWriting)
        }
        if !isTaken { droppedTotal.increment() }
        if isFirst { queue.async { self.writeAll() } }
    }

    /// Makes a streaming answer tell of itself when it ends. For the router, as the last thing done to an answer.
    package func follow(_ request: HTTPRequest?, _ response: inout HTTPResponse) {
        guard let request, case .stream(let body) = response.body else { return }
        let entry = AccessEntry(streaming: response, to: request, limits: limits)
        response.body = .stream(LoggedStream(body, entry: entry, log: self))
    }

    /// Waits until everything recorded so far is written, at most `patience`: a reader who never reads must not hold up the end.
    package func flush(within patience: Duration, time: TimeSource) async {
        let deadline = time.monotonic() + patience
        while state.withLock({ $0.isWriting }), time.monotonic() < deadline {
            do { try await time.sleep(.milliseconds(5)) } catch { return }
        }
    }

    private func writeAll() {
        while true {
            let (batch, dropped) = state.withLock { state in
                let taken = (state.waiting, state.dropped)
                state.waiting = []
                state.dropped = 0
                if taken.0.isEmpty { state.isWriting = false }
                return taken
            }
            if batch.isEmpty { return }
            for entry in batch { logger.info(entry.end == nil ? "request" : "stream", metadata: entry.metadata) }
            if dropped > 0 {
                logger.warning(
                    "\(dropped) requests are missing here: the log is read too slowly; at most \(limits.waitingEntries) wait"
                )
            }
        }
    }
}
