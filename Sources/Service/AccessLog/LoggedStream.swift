import HTTPServer

/// A streaming body that tells the access log of itself when it ends. Confined to its connection's event loop, as every body.
final class LoggedStream: StreamingBody {
    private let body: any StreamingBody
    private let log: AccessLog
    private let began = HTTPServer.now()
    private var entry: AccessEntry

    init(_ body: any StreamingBody, entry: AccessEntry, log: AccessLog) {
        self.body = body
        self.entry = entry
        self.log = log
    }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        let before = output.count
        let step = body.produce(into: &output, budget: budget, now: now)
        entry.bytes += output.count - before
        return step
    }

    var length: Int? { body.length }
    var isFinite: Bool { body.isFinite }
    var keptBytes: Int { body.keptBytes }
    func mustEnd(now: Duration) -> Bool { body.mustEnd(now: now) }

    func drain() { body.drain() }

    func finished(_ reason: StreamEnd) {
        body.finished(reason)
        entry.duration = HTTPServer.now() - began
        entry.end = reason
        log.record(entry)
    }
}
