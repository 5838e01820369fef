package import Basics
import CurlTransport

/// Turns what the probes saw into findings. No clock and no socket: observations in, findings out.
package enum Diagnosis {
    /// The findings in the order in which they are told. When nothing can be reached there is one.
    package static func findings(_ seen: Observations) -> [Finding] {
        let service = service(seen)
        guard service.verdict != .fail else { return [service] }
        return [
            service, authentication(seen), path(seen), clock(seen),
            delivery("buffering", seen.plain, window: seen.window, hint: Advice.buffering),
            delivery("compression", seen.compressed, window: seen.window, hint: Advice.compression),
            idle(seen), resume(seen), replicas(seen), budget(seen), validation(seen),
        ]
    }

    /// Reachable, and really a Tablecast.
    static func service(_ seen: Observations) -> Finding {
        guard let head = seen.status.head else {
            return Finding(
                "service",
                .fail,
                "\(seen.url) cannot be reached: \(words(seen.status.end))",
                change:
                    "check the address, that the service runs (tablecast serve), and that it listens there (--listen)"
            )
        }
        let body = JSONMembers(seen.status.body)
        if head.status == 401 || head.status == 403 {
            return Finding(
                "service",
                .fail,
                "/v1/status answers \(head.status): \(body?.string("detail") ?? "no reason was given")",
                change: "give a token with --token-file or TABLECAST_TOKEN; where a proxy asks for it, let /v1 through"
            )
        }
        guard head.status == 200, let body, let state = body.string("state"), let version = body.string("version")
        else {
            return Finding(
                "service",
                .fail,
                "/v1/status answers \(head.status) \(head.field("content-type") ?? "without a type"), which is no status of a "
                    + "Tablecast",
                change:
                    "give the address under which the service is: http://HOST:PORT, and behind a proxy the path below which it serves "
                    + "the service: https://HOST/PREFIX"
            )
        }
        let table = body.string("table") ?? "?"
        let lag = body["lag_ms"].map { $0 == "null" ? "lag unknown" : "lag \($0) ms" } ?? "lag unknown"
        let items = body["items"].flatMap { $0 == "null" ? nil : "\($0) items, " } ?? ""
        let words = "Tablecast \(version), table \(table), \(state), \(items)\(lag)"
        if state == "live" { return Finding("service", .ok, words) }
        return Finding(
            "service",
            .warn,
            "\(words): \(body.string("reason") ?? "no reason was given")",
            change: "wait until it is live, or see its log for why it is not"
        )
    }

    static func authentication(_ seen: Observations) -> Finding {
        let object = JSONMembers(seen.status.body)?.object("authentication")
        if object?["required"] == "true" {
            return Finding("authentication", .ok, "a token is asked for, and ours is taken")
        }
        guard object?["exposed"] == "true" else { return Finding("authentication", .ok, "no token is asked for") }
        return Finding(
            "authentication",
            .warn,
            "no token is asked for, and the service listens to more than its own machine: who reaches it reads the table",
            change: "start the service with --auth-token-file, or let only a proxy reach it"
        )
    }

    /// HTTP version, and what names itself on the way.
    static func path(_ seen: Observations) -> Finding {
        let heads = [seen.status.head, seen.plain.head].compactMap { $0 }
        let versions = unique(heads.map(\.version)).map { "HTTP/\($0)" }.joined(separator: " and ")
        var named: [String] = []
        for name in ["via", "server", "x-varnish", "x-cache", "cf-ray"] {
            for value in unique(heads.compactMap { $0.field(name) }) { named.append("\(name): \(value)") }
        }
        let between = named.isEmpty ? "nothing between names itself" : "between: \(named.joined(separator: ", "))"
        if let age = heads.compactMap({ $0.field("age") }).first(where: { $0 != "0" }) {
            return Finding(
                "path",
                .warn,
                "\(versions); \(between); an answer was \(age) s old",
                change:
                    "do not cache /v1/status, /v1/items and /v1/events: they say Cache-Control: no-cache or no-store"
            )
        }
        return Finding("path", .ok, "\(versions); \(between)")
    }

    /// The server's clock against ours, the way there and back allowed for.
    static func clock(_ seen: Observations) -> Finding {
        let response = seen.status
        guard let now = JSONMembers(response.body)?.string("now").flatMap(Timestamp.milliseconds) else {
            return Finding(
                "clock",
                .warn,
                "the status tells no time",
                change: "check that the status is not rewritten on its way"
            )
        }
        let roundTrip = response.receivedAt - response.sentAt
        let skew = now - (response.sentAt + response.receivedAt) / 2
        let words = "the server's clock is \(milliseconds(skew)) ours, ± \(max(1, roundTrip / 2)) ms"
        if abs(skew) > 2_000 + roundTrip / 2 {
            return Finding(
                "clock",
                .warn,
                words,
                change:
                    "set the clock of one of the two machines (NTP): times of changes and lags look wrong by that much"
            )
        }
        if let date = response.head?.field("date").flatMap(WireTime.date), abs(date - now) > 5_000 {
            return Finding(
                "clock",
                .warn,
                "\(words), but the Date of the answer is \(milliseconds(date - now)) its now",
                change: "a proxy with a wrong clock, or a cache, writes Date: set its clock, or do not cache /v1/status"
            )
        }
        return Finding("clock", .ok, words)
    }

    /// ETags come through, so that what has not changed is not sent again.
    static func validation(_ seen: Observations) -> Finding {
        guard let first = seen.file.head, first.status == 200 else {
            return Finding(
                "validation",
                .warn,
                "/client.js answers \(statusWords(seen.file.head))",
                change: Advice.validation
            )
        }
        guard let tag = first.field("etag") else {
            return Finding("validation", .warn, "/client.js comes without its ETag", change: Advice.validation)
        }
        guard seen.fileAgain.head?.status == 304 else {
            return Finding(
                "validation",
                .warn,
                "with If-None-Match: \(tag) the answer is \(statusWords(seen.fileAgain.head)), not 304",
                change: Advice.validation
            )
        }
        return Finding("validation", .ok, "ETag comes through, and If-None-Match is answered 304")
    }

    // MARK: Words

    static func words(_ end: StreamedEnd) -> String {
        switch end {
        case .complete: "the answer ended"
        case .stopped: "no answer came in time"
        case .silent: "no answer came in time"
        case .failed(let failure): failure.detail
        }
    }

    static func statusWords(_ head: ResponseHead?) -> String { head.map { String($0.status) } ?? "nothing" }

    static func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        let (whole, hundredths) = (milliseconds / 1_000, milliseconds % 1_000 / 10)
        return "\(whole).\(hundredths < 10 ? "0" : "")\(hundredths) s"
    }

    private static func milliseconds(_ skew: Int64) -> String {
        if skew == 0 { return "level with" }
        return "\(abs(skew)) ms \(skew > 0 ? "ahead of" : "behind")"
    }

    private static func unique(_ values: [String]) -> [String] {
        values.reduce(into: []) { all, value in if !all.contains(value) { all.append(value) } }
    }
}
