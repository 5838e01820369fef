import Basics
import CurlTransport

/// Opens the feed through whatever lies between, and writes down what happens. Blocks its thread.
package struct Probe {
    private let address: FeedAddress
    private let token: String?
    private let certificates: String?
    private let limits: FeedClientLimits
    private let shouldStop: () -> Bool
    /// Narrows a stream to nothing, so that a busy table is silent too; empty where the service knows no filters.
    private var silencer: String?

    /// One stream to look at.
    private struct Look {
        var query: String
        var fields: [HTTPField] = []
        /// Ours, not the server's.
        var total: Duration
        var isCompressed = false
        var isOldVersion = false
        /// Names of events after which nothing more is to be seen.
        var last: Set<String> = []
    }

    /// `certificates` is a file of PEM certificates to trust instead of the system's.
    package init(
        _ address: FeedAddress,
        token: String?,
        certificates: String? = nil,
        limits: FeedClientLimits = FeedClientLimits(),
        shouldStop: @escaping () -> Bool
    ) {
        self.address = address
        self.token = token
        self.certificates = certificates
        self.limits = limits
        self.shouldStop = shouldStop
    }

    /// Looks at everything: about `idle` long. `several` streams are opened at once.
    package mutating func run(idle: Duration, several: Int = 8) -> Observations {
        var seen = Observations()
        seen.url = address.base
        seen.idleTime = idle
        seen.status = get("/v1/status")
        guard seen.status.head?.status == 200 else { return seen }
        seen.file = get("/client.js")
        let tag = seen.file.head?.field("etag")
        seen.fileAgain = get("/client.js", tag.map { [HTTPField(name: "If-None-Match", value: $0)] } ?? [])
        silencer = "where=1%20%3D%202"
        if get("/v1/events", query: "since=now&timeout=0s&where=1%20%3D%202").head?.status == 400 { silencer = nil }
        let window = seen.window.wholeSeconds
        let rhythm = "since=now&heartbeat=1s&timeout=\(window)s"
        // Longer than the probe, so that the server itself is silent.
        let heartbeat = min(300, idle.wholeSeconds + 30)
        let looks = [
            Look(query: rhythm, total: seen.window + .seconds(3)),
            Look(query: rhythm, total: seen.window + .seconds(3), isCompressed: true),
            Look(
                query: "since=now&snapshot=never&heartbeat=1s&timeout=2s",
                fields: [HTTPField(name: "Last-Event-ID", value: "tablecast-doctor")],
                total: .seconds(4),
                last: ["reset", "bookmark"]
            ),
            Look(query: "since=now&heartbeat=\(heartbeat)s", total: idle),
        ]
        let streams = open(looks)
        (seen.plain, seen.compressed, seen.resumed, seen.idle) = (streams[0], streams[1], streams[2], streams[3])
        let one = Look(query: "since=now&heartbeat=1s&timeout=2s", total: .seconds(4), isOldVersion: true)
        seen.several = open(Array(repeating: one, count: several))
        seen.continued = reconnects(from: seen.plain.lastID ?? seen.compressed.lastID)
        return seen
    }

    /// Goes on from a real position, as a client does whose connection was lost. More than once: what balances by turns may lead the
    /// first one to where it came from.
    private func reconnects(from position: String?) -> [Observations.Stream] {
        var streams: [Observations.Stream] = []
        var position = position
        while let id = position, streams.count < Self.reconnects, !shouldStop() {
            // Another replica sends nothing before it has reached what the client may have seen, for ten seconds at most.
            let look = Look(
                query: "since=now&snapshot=never&heartbeat=1s&timeout=12s",
                fields: [HTTPField(name: "Last-Event-ID", value: id)],
                total: .seconds(14),
                last: ["reset", "ready", "bookmark"]
            )
            streams += open([look])
            // A proxy that holds events back holds back the next ones too.
            guard let last = streams.last, !last.arrivals.isEmpty else { break }
            position = last.lastID ?? id
        }
        return streams
    }

    private static let reconnects = 4

    private func streamedRequest(_ url: String, _ fields: [HTTPField], total: Duration) -> StreamedRequest {
        var fields = fields
        if let token { fields.append(HTTPField(name: "Authorization", value: "Bearer \(token)")) }
        var stream = StreamedRequest(
            TransferRequest(url: url, fields: fields),
            over: ConnectionSettings(connectTimeout: limits.connectTimeout, certificates: certificates)
        )
        stream.total = total
        return stream
    }

    private func get(_ path: String, _ fields: [HTTPField] = [], query: String? = nil) -> Observations.Response {
        var response = Observations.Response()
        let limit = limits.responseBytes
        var stream = streamedRequest(address.url(path: path, query: query), fields, total: limits.connectTimeout)
        stream.onHead = { head in
            response.head = head
            return .proceed
        }
        stream.onBytes = { bytes in
            response.body.append(bytes, upTo: limit)
            return .proceed
        }
        response.sentAt = SystemClock.wallMilliseconds()
        response.end = stream.run(shouldStop: shouldStop)
        response.receivedAt = SystemClock.wallMilliseconds()
        return response
    }

    /// The observations of one stream so far.
    private final class Record {
        var stream = Observations.Stream()
        var parser: EventStreamParser
        let begun = SystemClock.continuous()
        init(limit: Int) { parser = EventStreamParser(limit: limit) }
        var elapsed: Duration { SystemClock.continuous() - begun }
    }

    private func open(_ looks: [Look]) -> [Observations.Stream] {
        let records = looks.map { _ in Record(limit: limits.eventBytes) }
        let streams = zip(looks, records).map { look, record in streamedRequest(look, record) }
        let ends = StreamedRequest.run(streams, shouldStop: shouldStop)
        return zip(records, ends).map { record, end in
            var stream = record.stream
            stream.end = end
            return stream
        }
    }

    private func streamedRequest(_ look: Look, _ record: Record) -> StreamedRequest {
        let query = silencer.map { "\(look.query)&\($0)" } ?? look.query
        let fields = look.fields + [HTTPField(name: "Accept", value: "text/event-stream")]
        var stream = streamedRequest(address.url(path: "/v1/events", query: query), fields, total: look.total)
        stream.connection.isCompressed = look.isCompressed
        stream.connection.isHTTP11Only = look.isOldVersion
        stream.onHead = { head in
            record.stream.head = head
            record.stream.headAfter = record.elapsed
            return .proceed
        }
        stream.onBytes = { bytes in
            guard let events = try? record.parser.receive(bytes) else { return .stop }
            let after = record.elapsed
            record.stream.arrivals += events.map { Observations.Arrival($0.name, after: after) }
            if let hello = events.first(where: { $0.name == "hello" }) {
                record.stream.position = JSONMembers(hello.data)?.string("position") ?? record.stream.position
            }
            if let id = events.last?.lastEventID, !id.isEmpty { record.stream.lastID = id }
            return events.contains { look.last.contains($0.name) } ? .stop : .proceed
        }
        stream.onEnd = { record.stream.endAfter = record.elapsed }
        return stream
    }
}
