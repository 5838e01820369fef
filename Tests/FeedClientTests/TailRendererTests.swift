import Testing

@testable import FeedClient

@Suite struct TailRendererTests {
    private func line(_ style: TailRenderer.Style, _ name: String, _ data: String) -> TailRenderer.Line? {
        TailRenderer(style: style).line(of: ServerSentEvent(name: name, data: Array(data.utf8), lastEventID: ""))
    }

    private let put =
        #"{"op":"put","key":{"pk":"a","sk":2},"item":{"pk":"a","sk":2},"id":"e.1","at":"2026-03-04T05:06:07.123Z","cause":"snapshot"}"#

    @Test("a change is one line: time, operation, key, cause, item")
    func plain() {
        #expect(
            line(.plain, "message", put)
                == .change(#"05:06:07.123  put     "a" / 2  (snapshot)  {"pk":"a","sk":2}"#)
        )
        #expect(
            line(.plain, "message", #"{"op":"remove","key":{"id":"x"},"cause":"stream"}"#)
                == .change(#"              remove  "x""#)
        )
    }

    @Test("a terminal gets colours, and --json the envelope as it came")
    func styles() {
        #expect(line(.json, "message", put) == .change(put))
        #expect(
            line(.coloured, "message", #"{"op":"remove","key":{"id":"x"}}"#)
                == .change("\u{1B}[2m            \u{1B}[0m  \u{1B}[31mremove\u{1B}[0m  \u{1B}[1m\"x\"\u{1B}[0m")
        )
    }

    @Test("no control character of a table's contents reaches a terminal")
    func controls() {
        #expect(
            line(.plain, "message", "{\"op\":\"put\",\"key\":{\"id\":\"\u{9B}31m\"},\"item\":{\"a\":\"\u{7F}\"}}")
                == .change(#"              put     "\u009b31m"  {"a":"\u007f"}"#)
        )
    }

    @Test(
        "events that steer are notes, and a bookmark is none",
        arguments: [
            ("hello", #"{"position":"e.5"}"#, "connected at position e.5"),
            ("ready", #"{"position":"e.5","items":3}"#, "at the head: 3 items, position e.5"),
            ("ready", #"{"position":"e.5","items":null}"#, "at the head: position e.5"),
            (
                "reset", #"{"reason":"unknown-position"}"#,
                "reset (unknown-position): what came before no longer holds; everything follows anew"
            ),
            (
                "moved", #"{"from":"e.5.x1.m1.m2","overlap_s":10}"#,
                "another replica continues from position e.5.x1.m1.m2: changes of the last 10 s may come again"
            ),
            ("busy", #"{"reason":"syncing","detail":"scanning"}"#, "the server is busy (syncing): scanning"),
            ("bye", #"{"reason":"draining"}"#, "the server says goodbye (draining)"),
        ]
    )
    func notes(_ name: String, _ data: String, _ words: String) {
        #expect(line(.plain, name, data) == .note(words))
        #expect(line(.json, "bookmark", data) == nil)
    }
}
