import Testing

@testable import FeedClient

@Suite struct SeenVersionsTests {
    private func change(_ key: String, _ version: String?, more: String = "") -> [UInt8] {
        let origin = version.map { #","version":"\#($0)""# } ?? ""
        return Array(
            #"{"op":"put","key":{"id":"\#(key)"},"item":{"version":"1"},"id":"e.1.x.y.z"\#(origin)\#(more)}"#.utf8
        )
    }

    @Test("an older state of a key is not told; equal and newer ones are, by value and not by text")
    func order() {
        var versions = SeenVersions(limit: 10)
        for (version, isTold) in [
            ("999999999999999999999", true), ("999999999999999999998", false), ("0999999999999999999999", true),
            ("1000000000000000000000", true), ("999999999999999999999", false), ("1000000000000000000000", true),
            ("1234567890123456789012345678901234567890", true), ("1234567890123456789012345678901234567889", false),
        ] {
            let told = versions.admit(change("a", version))
            #expect(told == isTold, "\(version)")
        }
        let other = versions.admit(change("b", "1"))
        #expect(other, "another key")
    }

    @Test("steps that are marked as repeats, states from a scan, and what cannot be read are told")
    func uncompared() {
        var versions = SeenVersions(limit: 10)
        for bytes in [
            change("a", "7"), change("a", "6", more: #","repeat":true"#), change("a", nil), change("a", "x"),
            Array("{".utf8),
            Array(#"{"version":"1"}"#.utf8),
        ] {
            let told = versions.admit(bytes)
            #expect(told)
        }
        let marked = versions.admit(change("a", "6", more: #","repeat":false"#))
        #expect(!marked, "the repeat did not lower what is known")
    }

    @Test("a removal leaves its version, and a reset forgets all")
    func removals() {
        var versions = SeenVersions(limit: 10)
        let removed = versions.admit(Array(#"{"op":"remove","key":{"id":"a"},"id":"e.1","version":"9"}"#.utf8))
        let back = versions.admit(change("a", "8"))
        versions.removeAll()
        let fresh = versions.admit(change("a", "8"))
        #expect([removed, back, fresh] == [true, false, true])
    }

    @Test("forgets the key that changed longest ago, and keeps no more than its limit however often keys change")
    func limit() {
        var versions = SeenVersions(limit: 3)
        for round in 0..<200 {
            for key in ["a", "b", "c"] { _ = versions.admit(change(key, "\(100 + round)")) }
        }
        _ = versions.admit(change("a", "400"))
        _ = versions.admit(change("d", "400"))
        #expect(versions.count == 3)
        let told = ["a", "b", "c", "d"].map { key in
            var copy = versions
            return copy.admit(change(key, "1"))
        }
        #expect(told == [false, true, false, false])
    }
}
