import HTTPServer

/// Tells the metrics and the access log what the server did.
final class LoggingObserver: HTTPServerObserver {
    private let metrics: any HTTPServerObserver
    private let log: AccessLog

    init(_ metrics: any HTTPServerObserver, _ log: AccessLog) {
        self.metrics = metrics
        self.log = log
    }

    func connectionOpened() { metrics.connectionOpened() }
    func connectionClosed() { metrics.connectionClosed() }
    func connectionRefused(_ reason: HTTPRefusal) { metrics.connectionRefused(reason) }
    func probeAdmitted(_ reason: HTTPRefusal) { metrics.probeAdmitted(reason) }
    func serverWarning(_ text: String) { metrics.serverWarning(text) }

    func responded(to request: HTTPRequest?, _ outcome: HTTPOutcome) {
        metrics.responded(to: request, outcome)
        // A stream is told of when it ends.
        if !outcome.isStream { log.record(AccessEntry(request, outcome, limits: log.limits)) }
    }
}
