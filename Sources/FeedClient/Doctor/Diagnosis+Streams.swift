import Basics
import CurlTransport

extension Diagnosis {
    /// The longest silence that still counts as arriving each second: bookmarks are a second apart, and a busy machine may be late.
    private static let longestGap: Duration = .milliseconds(2_500)
    /// The server speaks at least this often unless it is asked otherwise.
    static let defaultHeartbeat: Duration = .seconds(15)

    /// Whether a stream's events arrive as they are sent.
    static func delivery(
        _ check: String,
        _ stream: Observations.Stream,
        window: Duration,
        hint: String
    ) -> Finding {
        if let refusal = refusal(check, stream) { return refusal }
        let coding = stream.head?.field("content-encoding").map { ", \($0)" } ?? ""
        guard let first = stream.arrivals.first else {
            let words =
                "no event came in \(seconds(stream.endAfter)): something holds them back (\(Self.words(stream.end)))"
            return Finding(check, .fail, words, change: hint)
        }
        if stream.arrivals.contains(where: { $0.name == "busy" }),
            !stream.arrivals.contains(where: { $0.name == "hello" })
        {
            return Finding(
                check,
                .warn,
                "the server is busy, so this cannot be told",
                change: "try again once it is live and has room for subscribers (--max-subscribers)"
            )
        }
        let last = stream.arrivals.last?.after ?? first.after
        if first.after >= window * 3 / 4 {
            return Finding(
                check,
                .fail,
                "all \(stream.arrivals.count) events came at once after \(seconds(first.after)), when the stream ended",
                change: hint
            )
        }
        var gap: Duration = first.after
        for (earlier, later) in zip(stream.arrivals, stream.arrivals.dropFirst()) {
            gap = max(gap, later.after - earlier.after)
        }
        // Nothing came of the rest of the window either.
        gap = max(gap, min(window, stream.endAfter) - last)
        let words =
            "hello after \(seconds(first.after)), \(stream.arrivals.count) events in \(seconds(stream.endAfter)), longest silence "
            + "\(seconds(gap))\(coding)"
        if gap > longestGap {
            let verdict: Finding.Verdict = gap >= window * 3 / 5 ? .fail : .warn
            return Finding(check, verdict, "events come in bunches: \(words); one is sent each second", change: hint)
        }
        return Finding(check, .ok, words)
    }

    /// Whether a silent stream stays open.
    static func idle(_ seen: Observations) -> Finding {
        let stream = seen.idle
        if let refusal = refusal("idle", stream) { return refusal }
        let spoken = stream.arrivals.map(\.after).max() ?? .zero
        if stream.end == .stopped {
            let silence = stream.endAfter - spoken
            if silence < seen.idleTime / 2 {
                return Finding(
                    "idle",
                    .warn,
                    "the stream was never silent, so idle time-outs cannot be told",
                    change: "try again while the table is quiet"
                )
            }
            return Finding("idle", .ok, "a silence of \(seconds(silence)) was borne")
        }
        if stream.arrivals.contains(where: { $0.name == "bye" }) {
            return Finding(
                "idle",
                .warn,
                "the server ended the stream after \(seconds(stream.endAfter))",
                change: "try again: it was being stopped, or streams may be no older than that (--max-stream-age)"
            )
        }
        let silence = stream.endAfter - spoken
        let how =
            switch stream.end {
            case .failed(let failure): "cut (\(failure.detail))"
            default: "ended"
            }
        if silence <= defaultHeartbeat + .seconds(1) {
            let heartbeat = max(1, silence.wholeMilliseconds / 2_000)
            return Finding(
                "idle",
                .fail,
                "a silent stream was \(how) after \(seconds(silence)), which is less than the heartbeat of 15 s",
                change: "\(Advice.idle). Until then ask for heartbeat=\(heartbeat)s"
            )
        }
        return Finding(
            "idle",
            .warn,
            "a silent stream was \(how) after \(seconds(silence)); the heartbeat of 15 s keeps streams open, a longer one does not",
            change: Advice.idle
        )
    }

    /// Whether a reconnecting reader can resume.
    static func resume(_ seen: Observations) -> Finding {
        if let refusal = refusal("resume", seen.resumed) { return refusal }
        let names = seen.resumed.arrivals.map(\.name)
        if names.contains("reset") { return continued(seen) }
        guard names.contains("hello"), names.count > 1 else {
            return Finding(
                "resume",
                .warn,
                "too little came to tell whether Last-Event-ID gets through",
                change: "mend what holds events back, and try again"
            )
        }
        return Finding(
            "resume",
            .fail,
            "Last-Event-ID does not get through: an id that nobody can have sent was not answered with a reset",
            change: Advice.lastEventID
        )
    }

    /// Whether a stream resumes at a position that it has just sent. A reset does not: the client would read everything again.
    private static func continued(_ seen: Observations) -> Finding {
        let all = seen.continued
        let reset = all.filter { stream in stream.arrivals.contains { $0.name == "reset" } }.count
        if reset > 0 {
            let advice =
                switch fleet(seen) {
                case .one:
                    "the replica may have been rebuilt meanwhile: look at /v1/status, and try again"
                case .strangers: Advice.replicas
                case .streams: Advice.otherStreams
                case .siblings: Advice.younger
                }
            return Finding(
                "resume",
                .fail,
                "of \(all.count) reconnects from the position that had just come, \(reset) got a reset: the client reads everything anew",
                change: advice
            )
        }
        let spoke = all.filter { stream in stream.arrivals.contains { $0.name == "ready" || $0.name == "bookmark" } }
            .count
        guard spoke == all.count, spoke > 0 else {
            return Finding(
                "resume",
                .warn,
                "Last-Event-ID gets through, but too little came to tell whether a real position is resumed",
                change: isBehind(all)
                    ? "a replica waits until it has caught up with another one: compare lag_ms in /v1/status of each replica"
                    : "mend what holds events back, and try again"
            )
        }
        let moved = moved(seen)
        let words = "\(spoke) reconnects went on where the stream before them had been"
        return Finding("resume", .ok, moved == 0 ? words : "\(words), \(moved) of them on another replica")
    }

    private static func isBehind(_ streams: [Observations.Stream]) -> Bool {
        streams.contains { stream in stream.arrivals.contains { $0.name == "busy" } }
    }

    /// Reconnects that another replica continued.
    private static func moved(_ seen: Observations) -> Int {
        seen.continued.filter { stream in stream.arrivals.contains { $0.name == "moved" } }.count
    }

    /// Whether all connections lead to one replica, or to replicas that continue each other's streams.
    static func replicas(_ seen: Observations) -> Finding {
        let epochs = epochs(seen)
        let met =
            "\(streams(seen).count + 1) connections met \(epochs.count) epochs (\(epochs.joined(separator: ", ")))"
        switch fleet(seen) {
        case .one: return Finding("replicas", .ok, "\(streams(seen).count + 1) connections met one replica")
        case .siblings:
            return Finding("replicas", .ok, "\(met): several replicas of one stream, and positions carry over")
        case .streams(let count):
            return Finding(
                "replicas",
                .fail,
                "\(met) of \(count) streams: the answers come from different tables, or from different streams of one",
                change: Advice.otherStreams
            )
        case .strangers:
            return Finding(
                "replicas",
                .fail,
                "\(met): several replicas answer by turns at this address, and a position of one is unknown to the others",
                change: Advice.replicas
            )
        }
    }

    /// The replicas behind the address.
    private enum Fleet {
        case one
        /// Several of one stream: each can place the positions of the others.
        case siblings
        /// Several, of so many streams.
        case streams(Int)
        /// Several that cannot place each other's positions.
        case strangers
    }

    /// A position is `<epoch>.<seq>`, and `.<stream>.<low>.<high>` behind it where replicas of one stream can place it.
    private static func fleet(_ seen: Observations) -> Fleet {
        guard epochs(seen).count > 1 else { return .one }
        var streamOfEpoch: [Substring: Substring] = [:]
        var epochsWithout: Set<Substring> = []
        for position in streams(seen).flatMap({ [$0.position, $0.lastID] }).compactMap({ $0 }) {
            let parts = position.split(separator: ".", omittingEmptySubsequences: false)
            if parts.count > 2, !parts[2].isEmpty {
                streamOfEpoch[parts[0]] = parts[2]
            } else {
                epochsWithout.insert(parts[0])
            }
        }
        let hashes = Set(streamOfEpoch.values)
        if hashes.count > 1 { return .streams(hashes.count) }
        // `hello` may tell a shorter position than the ids of the same replica.
        let isShared = !streamOfEpoch.isEmpty && epochsWithout.allSatisfy { streamOfEpoch[$0] != nil }
        return isShared || moved(seen) > 0 ? .siblings : .strangers
    }

    private static func streams(_ seen: Observations) -> [Observations.Stream] {
        [seen.plain, seen.compressed, seen.resumed, seen.idle] + seen.several + seen.continued
    }

    /// The epochs that the service named, in order; the status counts too.
    private static func epochs(_ seen: Observations) -> [String] {
        let told = [JSONMembers(seen.status.body)?.string("epoch")] + streams(seen).map { $0.position }
        return Set(told.compactMap { $0?.prefix { $0 != "." } }.map(String.init).filter { !$0.isEmpty }).sorted()
    }

    /// How many streams one client may have at once.
    static func budget(_ seen: Observations) -> Finding {
        let all = seen.several.count
        let spoke = seen.several.filter { stream in stream.arrivals.contains { $0.name == "hello" } }.count
        let refused = seen.several.filter { stream in
            stream.head?.status == 429 || stream.head?.status == 503 || stream.arrivals.contains { $0.name == "busy" }
        }.count
        let advice = "a browser opens at most 6 to a host over HTTP/1.1"
        if spoke == all {
            return Finding("connections", .ok, "\(all) streams at once over HTTP/1.1 all spoke; \(advice)")
        }
        let words = "of \(all) streams at once over HTTP/1.1 \(spoke) spoke, \(refused) were refused; \(advice)"
        return Finding("connections", spoke >= 6 ? .warn : .fail, words, change: Advice.budget)
    }

    /// A response that is not an event stream.
    private static func refusal(_ check: String, _ stream: Observations.Stream) -> Finding? {
        guard let head = stream.head else {
            guard stream.arrivals.isEmpty else { return nil }
            return Finding(
                check,
                .fail,
                "not even the head of the answer came in \(seconds(stream.endAfter)): \(words(stream.end))",
                change: check == "compression" ? Advice.compression : Advice.buffering
            )
        }
        guard head.status != 200 || !head.isEventStream else { return nil }
        return Finding(
            check,
            .fail,
            "/v1/events answers \(head.status) \(head.field("content-type") ?? "without a type"), not a stream of events",
            change: "let GET /v1/events through to the service as it is"
        )
    }
}
