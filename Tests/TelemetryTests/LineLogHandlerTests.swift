import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LineLogHandlerTests {
    private final class Lines: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func append(_ bytes: [UInt8]) { state.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
    }

    private func logger(_ format: LogFormat, into lines: Lines) -> Logger {
        Logger(label: "tablecast") { label in
            LineLogHandler(label: label, format: format, level: .info, write: { lines.append($0) })
        }
    }

    @Test("writes one JSON object a record, whatever the message holds")
    func json() throws {
        let lines = Lines()
        var logger = logger(.json, into: lines)
        logger[metadataKey: "table"] = "or\"ders"
        logger.warning("two\n\tlines\u{1}\r\u{8}\u{c}", metadata: ["shards": ["a", "b"], "n": "\(3)"])
        logger.debug("below the level")
        #expect(lines.all.count == 1)
        let line = try #require(lines.all.first)
        #expect(line.hasPrefix("{\"time\":\"20"))
        #expect(
            line.hasSuffix(
                #""level":"warning","logger":"tablecast","message":"two\n\tlines\u0001\u000d\u0008\u000c","#
                    + #""metadata":{"n":"3","shards":["a","b"],"table":"or\"ders"}}"# + "\n"
            )
        )
    }

    @Test("writes text on one line, metadata after the message")
    func text() throws {
        let lines = Lines()
        logger(.text, into: lines).info("two\nlines", metadata: ["b": "x y", "a": "1"])
        let line = try #require(lines.all.first)
        #expect(line.hasSuffix("Z info two lines a=1 b=\"x y\"\n"))
    }

    @Test("a threshold that changes counts for all loggers at once, but for those with a level of their own")
    func threshold() {
        let lines = Lines()
        let threshold = LogThreshold(.info)
        let first = Logger(label: "t") { label in
            LineLogHandler(label: label, format: .text, threshold: threshold, write: { lines.append($0) })
        }
        let copy = first
        var own = first
        own.logLevel = .error
        copy.debug("no")
        threshold.level = .debug
        first.debug("one")
        copy.debug("two")
        own.warning("no")
        own.error("three")
        for level in Logger.Level.allCases {
            threshold.level = level
            #expect(threshold.level == level && first.logLevel == level && own.logLevel == .error)
        }
        let words = lines.all.map { $0.split(separator: " ").last?.dropLast() ?? "" }
        #expect(words == ["one", "two", "three"])
    }

    @Test("writes times as RFC 3339 UTC with milliseconds")
    func times() {
        let line = LogRecord.line(
            format: .text,
            milliseconds: 1_709_210_096_007,
            label: "test",
            level: .info,
            message: "said",
            metadata: [:]
        )
        #expect(String(decoding: line, as: UTF8.self) == "2024-02-29T12:34:56.007Z info said\n")
    }
}
