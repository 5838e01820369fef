import Basics
import CurlTransport
import Testing

@testable import FeedClient

/// What the doctor says of each thing that it can see.
@Suite struct DiagnosisTests {
    typealias Field = HTTPField
    private static let now: Int64 = 1_772_600_767_000

    private func head(_ status: Int = 200, _ fields: [(String, String)] = [("content-type", "text/event-stream")])
        -> ResponseHead
    {
        ResponseHead(status: status, version: "1.1", fields: fields.map { Field(name: $0.0, value: $0.1) })
    }

    private func stream(
        _ arrivals: [(String, Int)],
        endAfter: Int = 5_000,
        end: StreamedEnd = .complete,
        fields: [(String, String)] = []
    ) -> Observations.Stream {
        var stream = Observations.Stream()
        stream.head = head(200, [("content-type", "text/event-stream")] + fields)
        stream.headAfter = .milliseconds(3)
        stream.arrivals = arrivals.map { Observations.Arrival($0.0, after: .milliseconds($0.1)) }
        stream.end = end
        stream.endAfter = .milliseconds(endAfter)
        return stream
    }

    private var rhythm: [(String, Int)] {
        [("hello", 4), ("ready", 4), ("bookmark", 1_010), ("bookmark", 2_010), ("bookmark", 3_010), ("bye", 4_990)]
    }

    private func status(_ more: String = "", state: String = "live", now: String = "2026-03-04T05:06:07.000Z")
        -> [UInt8]
    {
        let text =
            #"{"table":"orders","state":"\#(state)","reason":"the scan runs","items":12,"lag_ms":40,"version":"1.2","now":"\#(now)"\#(more)}"#
        return Array(text.utf8)
    }

    /// A feed with nothing wrong.
    private var healthy: Observations {
        var seen = Observations()
        seen.url = "http://a:80"
        seen.status.head = head(200, [("content-type", "application/json")])
        seen.status.body = status()
        seen.status.sentAt = Self.now - 2
        seen.status.receivedAt = Self.now + 2
        seen.file.head = head(200, [("etag", "\"x\"")])
        seen.fileAgain.head = head(304, [])
        seen.plain = stream(rhythm)
        seen.compressed = stream(rhythm, fields: [("content-encoding", "gzip")])
        seen.resumed = stream([("hello", 4), ("reset", 4)], end: .stopped)
        seen.idle = stream([("hello", 4), ("ready", 4)], endAfter: 75_000, end: .stopped)
        seen.several = Array(repeating: at("aaaaaaaa.9", [("hello", 4)]), count: 8)
        seen.continued = Array(repeating: at("aaaaaaaa.9", [("hello", 4), ("ready", 4)]), count: 4)
        return seen
    }

    private func at(_ position: String, _ events: [(String, Int)]) -> Observations.Stream {
        var stream = stream(events)
        stream.position = position
        return stream
    }

    private func finding(_ check: String, _ change: (inout Observations) -> Void) -> Finding? {
        var seen = healthy
        change(&seen)
        return Diagnosis.findings(seen).first { $0.check == check }
    }

    @Test("finds nothing wrong with a feed that comes through, and says what it saw")
    func healthyFeed() {
        #expect(
            Diagnosis.findings(healthy) == [
                Finding("service", .ok, "Tablecast 1.2, table orders, live, 12 items, lag 40 ms"),
                Finding("authentication", .ok, "no token is asked for"),
                Finding("path", .ok, "HTTP/1.1; nothing between names itself"),
                Finding("clock", .ok, "the server's clock is level with ours, ± 2 ms"),
                Finding("buffering", .ok, "hello after 0.00 s, 6 events in 5.00 s, longest silence 1.98 s"),
                Finding("compression", .ok, "hello after 0.00 s, 6 events in 5.00 s, longest silence 1.98 s, gzip"),
                Finding("idle", .ok, "a silence of 74.99 s was borne"),
                Finding("resume", .ok, "4 reconnects went on where the stream before them had been"),
                Finding("replicas", .ok, "17 connections met one replica"),
                Finding(
                    "connections",
                    .ok,
                    "8 streams at once over HTTP/1.1 all spoke; a browser opens at most 6 to a host over HTTP/1.1"
                ),
                Finding("validation", .ok, "ETag comes through, and If-None-Match is answered 304"),
            ]
        )
    }

    @Test("says what cannot be reached, is something else, or asks for a token, and nothing more")
    func service() {
        var seen = healthy
        seen.status.head = nil
        seen.status.end = .failed(TransportFailure(.cannotConnect(systemError: 111), detail: "Connection refused"))
        #expect(
            Diagnosis.findings(seen) == [
                Finding(
                    "service",
                    .fail,
                    "http://a:80 cannot be reached: Connection refused",
                    change:
                        "check the address, that the service runs (tablecast serve), and that it listens there (--listen)"
                )
            ]
        )
        let other = finding("service") { $0.status.body = Array("<html>".utf8) }
        #expect(other?.seen == "/v1/status answers 200 application/json, which is no status of a Tablecast")
        #expect(
            other?.change
                == "give the address under which the service is: http://HOST:PORT, and behind a proxy the path below which it serves "
                + "the service: https://HOST/PREFIX"
        )
        let closed = finding("service") { seen in
            seen.status.head = head(401, [])
            seen.status.body = Array(#"{"detail":"No token."}"#.utf8)
        }
        #expect(closed?.verdict == .fail)
        #expect(closed?.seen == "/v1/status answers 401: No token.")
        #expect(
            closed?.change
                == "give a token with --token-file or TABLECAST_TOKEN; where a proxy asks for it, let /v1 through"
        )
        let syncing = finding("service") { $0.status.body = status(state: "syncing") }
        #expect(syncing?.verdict == .warn)
        #expect(syncing?.seen == "Tablecast 1.2, table orders, syncing, 12 items, lag 40 ms: the scan runs")
        #expect(syncing?.change == "wait until it is live, or see its log for why it is not")
    }

    @Test("warns of a service that everybody can read, and tells when a token is asked for")
    func authentication() {
        let exposed = finding("authentication") { seen in
            seen.status.body = status(#","authentication":{"required":false,"exposed":true}"#)
        }
        #expect(exposed?.verdict == .warn)
        #expect(
            exposed?.seen
                == "no token is asked for, and the service listens to more than its own machine: who reaches it reads the table"
        )
        #expect(exposed?.change == "start the service with --auth-token-file, or let only a proxy reach it")
        let asked = finding("authentication") { seen in
            seen.status.body = status(#","authentication":{"required":true,"exposed":true}"#)
        }
        #expect(asked == Finding("authentication", .ok, "a token is asked for, and ours is taken"))
    }

    @Test("names the proxies that name themselves, and caches that answer for the service")
    func path() {
        let named = finding("path") { seen in
            seen.status.head = head(200, [("via", "1.1 varnish (Varnish/7.1)"), ("server", "nginx/1.22.1")])
        }
        #expect(
            named == Finding("path", .ok, "HTTP/1.1; between: via: 1.1 varnish (Varnish/7.1), server: nginx/1.22.1")
        )
        let cached = finding("path") { $0.status.head = head(200, [("age", "7")]) }
        #expect(cached?.verdict == .warn)
        #expect(cached?.seen == "HTTP/1.1; nothing between names itself; an answer was 7 s old")
        #expect(
            cached?.change
                == "do not cache /v1/status, /v1/items and /v1/events: they say Cache-Control: no-cache or no-store"
        )
    }

    @Test("compares clocks with the way there and back allowed for")
    func clock() {
        let late = finding("clock") { $0.status.body = status(now: "2026-03-04T05:06:04.000Z") }
        #expect(late?.verdict == .warn)
        #expect(late?.seen == "the server's clock is 3000 ms behind ours, ± 2 ms")
        #expect(
            late?.change
                == "set the clock of one of the two machines (NTP): times of changes and lags look wrong by that much"
        )
        let slow = finding("clock") { seen in
            seen.status.body = status(now: "2026-03-04T05:06:04.000Z")
            seen.status.sentAt = Self.now - 4_000
        }
        #expect(slow == Finding("clock", .ok, "the server's clock is 1001 ms behind ours, ± 2001 ms"))
        let date = finding("clock") { $0.status.head = head(200, [("date", "Wed, 04 Mar 2026 05:05:07 GMT")]) }
        #expect(date?.verdict == .warn)
        #expect(
            date?.seen
                == "the server's clock is level with ours, ± 2 ms, but the Date of the answer is 60000 ms behind its now"
        )
        #expect(
            date?.change
                == "a proxy with a wrong clock, or a cache, writes Date: set its clock, or do not cache /v1/status"
        )
    }

    @Test("knows events that are held back: all of them, some of them, or only the compressed ones")
    func buffering() {
        let whole = finding("buffering") { $0.plain = stream([("hello", 5_002), ("bye", 5_002)]) }
        #expect(whole?.verdict == .fail)
        #expect(whole?.seen == "all 2 events came at once after 5.00 s, when the stream ended")
        #expect(whole?.change == Advice.buffering)
        let none = finding("buffering") { $0.plain = stream([], endAfter: 8_000, end: .stopped) }
        #expect(none?.verdict == .fail)
        #expect(none?.seen == "no event came in 8.00 s: something holds them back (no answer came in time)")
        let headless = finding("buffering") { seen in
            seen.plain = stream([], endAfter: 8_000, end: .stopped)
            seen.plain.head = nil
        }
        #expect(headless?.seen == "not even the head of the answer came in 8.00 s: no answer came in time")
        let bunches = finding("buffering") { $0.plain = stream([("hello", 4), ("bookmark", 4_500)]) }
        #expect(bunches?.verdict == .fail)
        #expect(
            bunches?.seen
                == "events come in bunches: hello after 0.00 s, 2 events in 5.00 s, longest silence 4.49 s; one is sent each second"
        )
        let compressed = finding("compression") { $0.compressed = stream([("hello", 5_000)]) }
        #expect(compressed?.verdict == .fail)
        #expect(compressed?.change == Advice.compression)
        let page = finding("buffering") { $0.plain.head = head(502, [("content-type", "text/html")]) }
        #expect(page?.seen == "/v1/events answers 502 text/html, not a stream of events")
        #expect(page?.change == "let GET /v1/events through to the service as it is")
    }

    @Test("says when and how a silent stream was cut, and what to ask for until that is mended")
    func idle() {
        let short = finding("idle") { $0.idle = stream([("hello", 4)], endAfter: 3_004) }
        #expect(short?.verdict == .fail)
        #expect(short?.seen == "a silent stream was ended after 3.00 s, which is less than the heartbeat of 15 s")
        #expect(short?.change == "\(Advice.idle). Until then ask for heartbeat=1s")
        let long = finding("idle") {
            $0.idle = stream(
                [("hello", 0)],
                endAfter: 60_000,
                end: .failed(TransportFailure(.other(code: 56), detail: "reset by peer"))
            )
        }
        #expect(long?.verdict == .warn)
        #expect(
            long?.seen
                == "a silent stream was cut (reset by peer) after 60.00 s; the heartbeat of 15 s keeps streams open, a longer one does not"
        )
        #expect(long?.change == Advice.idle)
        let busy = finding("idle") { $0.idle = stream([("message", 70_000)], endAfter: 75_000, end: .stopped) }
        #expect(busy?.verdict == .warn)
        #expect(busy?.seen == "the stream was never silent, so idle time-outs cannot be told")
        let stopped = finding("idle") { $0.idle = stream([("hello", 4), ("bye", 9_000)], endAfter: 9_000) }
        #expect(stopped?.seen == "the server ended the stream after 9.00 s")
    }

    @Test("knows a proxy that drops Last-Event-ID")
    func resume() {
        let dropped = finding("resume") { $0.resumed = stream([("hello", 4), ("ready", 4), ("bookmark", 1_004)]) }
        #expect(dropped?.verdict == .fail)
        #expect(
            dropped?.seen
                == "Last-Event-ID does not get through: an id that nobody can have sent was not answered with a reset"
        )
        #expect(dropped?.change == Advice.lastEventID)
        let silent = finding("resume") { $0.resumed = stream([]) }
        #expect(silent?.verdict == .warn)
        #expect(silent?.seen == "too little came to tell whether Last-Event-ID gets through")
        #expect(silent?.change == "mend what holds events back, and try again")
    }

    @Test("a reset is no resuming, and two epochs are two replicas behind one address")
    func balanced() {
        let change = { (seen: inout Observations) in
            seen.continued[1] = at("bbbbbbbb.3", [("hello", 4), ("reset", 4)])
            seen.continued[3] = at("bbbbbbbb.3", [("hello", 4), ("reset", 4)])
        }
        let resume = finding("resume", change)
        #expect(resume?.verdict == .fail)
        #expect(
            resume?.seen
                == "of 4 reconnects from the position that had just come, 2 got a reset: the client reads everything anew"
        )
        #expect(resume?.change == Advice.replicas)
        let replicas = finding("replicas", change)
        #expect(replicas?.verdict == .fail)
        #expect(
            replicas?.seen
                == "17 connections met 2 epochs (aaaaaaaa, bbbbbbbb): several replicas answer by turns at this address, and a "
                + "position of one is unknown to the others"
        )
        #expect(replicas?.change == Advice.replicas)
        let status = finding("replicas") { $0.status.body = self.status(#","epoch":"bbbbbbbb""#) }
        #expect(status?.verdict == .fail, "the status counts too")
    }

    @Test("replicas whose positions carry over are nothing to mend")
    func siblings() {
        let change = { (seen: inout Observations) in
            for index in 0..<8 {
                let epoch = index % 2 == 0 ? "aaaaaaaa" : "bbbbbbbb"
                seen.several[index] = at("\(epoch).9.x1.m1.m2", [("hello", 4)])
            }
            seen.continued[1] = at("bbbbbbbb.9.x1.m1.m2", [("hello", 4), ("moved", 4), ("ready", 5)])
            seen.continued[3] = at("bbbbbbbb.9.x1.m1.m2", [("hello", 4), ("moved", 4), ("ready", 5)])
        }
        #expect(
            finding("resume", change)
                == Finding(
                    "resume",
                    .ok,
                    "4 reconnects went on where the stream before them had been, 2 of them on another replica"
                )
        )
        #expect(
            finding("replicas", change)
                == Finding(
                    "replicas",
                    .ok,
                    "17 connections met 2 epochs (aaaaaaaa, bbbbbbbb): several replicas of one stream, and positions carry over"
                )
        )
        let reset = { (seen: inout Observations) in
            change(&seen)
            seen.continued[3].arrivals = [Observations.Arrival("reset", after: .zero)]
        }
        #expect(finding("resume", reset)?.verdict == .fail)
        #expect(finding("resume", reset)?.change == Advice.younger)
        #expect(finding("replicas", reset)?.verdict == .ok)
        let behind = finding("resume") { seen in
            change(&seen)
            seen.continued[3].arrivals = [Observations.Arrival("busy", after: .zero)]
        }
        #expect(behind?.verdict == .warn)
        #expect(behind?.change?.contains("lag_ms") == true)
    }

    @Test("names replicas of different streams, and those of which one has positions in the old form")
    func strangers() {
        let change = { (seen: inout Observations) in
            seen.several[0] = at("aaaaaaaa.9.x1.m1.m2", [("hello", 4)])
            seen.continued[1] = at("bbbbbbbb.3.x2.m1.m2", [("hello", 4), ("reset", 4)])
        }
        let streams = finding("replicas", change)
        #expect(streams?.verdict == .fail)
        #expect(
            streams?.seen
                == "17 connections met 2 epochs (aaaaaaaa, bbbbbbbb) of 2 streams: the answers come from different tables, or from "
                + "different streams of one"
        )
        #expect(streams?.change == Advice.otherStreams)
        #expect(finding("resume", change)?.change == Advice.otherStreams)
        let old = finding("replicas") { seen in
            change(&seen)
            seen.continued[1].position = "bbbbbbbb.3"
        }
        #expect(old?.verdict == .fail)
        #expect(old?.change == Advice.replicas)
    }

    @Test("a reset within one epoch, and reconnects that tell nothing, are told as that")
    func rebuilt() {
        let rebuilt = finding("resume") { $0.continued[0] = at("aaaaaaaa.9", [("hello", 4), ("reset", 4)]) }
        #expect(rebuilt?.verdict == .fail)
        #expect(rebuilt?.change?.hasPrefix("the replica may have been rebuilt meanwhile") == true)
        for change in [{ $0.continued = [] }, { $0.continued[0].arrivals = [] }] as [(inout Observations) -> Void] {
            #expect(finding("resume", change)?.verdict == .warn)
        }
    }

    @Test("counts how many streams one client may have")
    func connections() {
        let four = finding("connections") { seen in
            for index in 4..<8 { seen.several[index].arrivals = [Observations.Arrival("busy", after: .zero)] }
        }
        #expect(four?.verdict == .fail)
        #expect(
            four?.seen
                == "of 8 streams at once over HTTP/1.1 4 spoke, 4 were refused; a browser opens at most 6 to a host over HTTP/1.1"
        )
        #expect(four?.change == Advice.budget)
        let seven = finding("connections") {
            $0.several[0].head = head(429, []); $0.several[0].arrivals = []
        }
        #expect(seven?.verdict == .warn)
    }

    @Test("knows a proxy that spoils tags")
    func validation() {
        let none = finding("validation") { $0.file.head = head(200, []) }
        #expect(none == Finding("validation", .warn, "/client.js comes without its ETag", change: Advice.validation))
        let ignored = finding("validation") { $0.fileAgain.head = head(200, []) }
        #expect(ignored?.seen == "with If-None-Match: \"x\" the answer is 200, not 304")
        let missing = finding("validation") { $0.file.head = head(404, []) }
        #expect(missing?.seen == "/client.js answers 404")
    }

    @Test("each piece of advice names what to set in the proxies that are common")
    func advice() {
        for word in ["proxy_buffering off", "X-Accel-Buffering", "return (pipe)", "http-no-delay", "flush_interval -1"]
        {
            #expect(Advice.buffering.contains(word))
        }
        for word in [
            "proxy_read_timeout", "timeout client", "timeout server", "timeout tunnel", "pipe_timeout", "AWS ALB",
        ] {
            #expect(Advice.idle.contains(word))
        }
        for word in ["/client.js", "HTTP/2", "limit_conn", "maxconn"] { #expect(Advice.budget.contains(word)) }
    }
}
