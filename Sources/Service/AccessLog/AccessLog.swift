package import Basics
package import HTTPServer
import Logging
import Metrics
package import Telemetry

/// One log record a request, streams at their end. Event loops put entries into the log's bounded queue and go on; its thread makes the
/// lines of them and writes them.
package final class AccessLog: ResponseFinisher {
    /// The metric of dropped entries.
    static let droppedName = "tablecast_access_log_dropped_total"
    private static let label = "tablecast.access"

    let limits: AccessLogLimits
    private let inlet: LogInlet
    private let droppedTotal: Counter

    /// `queue` takes whole lines, each one JSON object: standard error unless a test says otherwise.
    package init(
        registry: PrometheusRegistry,
        limits: AccessLogLimits = AccessLogLimits(),
        queue: LogQueue = .standardError
    ) {
        self.limits = limits
        registry.describe(Self.droppedName, "Requests missing in the access log, since whoever reads it was too slow.")
        droppedTotal = Counter(label: Self.droppedName, factory: registry)
        let bounds = LogQueueLimits(waitingLines: limits.waitingEntries, waitingBytes: limits.waitingBytes)
        inlet = queue.log(limits: bounds) { count in
            Self.line(
                .warning,
                "\(count) requests are missing here: the log is read too slowly; at most \(limits.waitingEntries) wait",
                [:],
                at: SystemClock.wallMilliseconds()
            )
        }
    }

    /// Takes an entry, or drops it when too many wait. For event loops: never waits for the log.
    func record(_ entry: AccessEntry) {
        let moment = SystemClock.wallMilliseconds()
        let isTaken = inlet.put(bytes: entry.approximateBytes) {
            Self.line(.info, entry.end == nil ? "request" : "stream", entry.metadata, at: moment)
        }
        if !isTaken { droppedTotal.increment() }
    }

    /// Makes a streaming response tell of itself when it ends. The last of the finishers: it takes the response as it is sent.
    package func finish(_ response: inout HTTPResponse, for request: HTTPRequest?) {
        guard let request, case .stream(let body) = response.body else { return }
        let entry = AccessEntry(streaming: response, to: request, limits: limits)
        response.body = .stream(LoggedStream(body, entry: entry, log: self))
    }

    /// Waits until everything recorded so far is written, at most `patience`: a reader who never reads must not hold up the end.
    package func flush(within patience: Duration, time: TimeSource) async {
        let deadline = time.continuous() + patience
        while !inlet.queue.isIdle, time.continuous() < deadline {
            do { try await time.sleep(.milliseconds(5)) } catch { return }
        }
    }

    private static func line(
        _ level: Logger.Level,
        _ message: String,
        _ metadata: Logger.Metadata,
        at milliseconds: Int64
    ) -> [UInt8] {
        LogRecord.line(
            format: .json,
            milliseconds: milliseconds,
            label: label,
            level: level,
            message: message,
            metadata: metadata
        )
    }
}
