import Testing

@testable import HTTPSemantics

@Suite struct TraceParentTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(
        "reads a well-formed traceparent, also of a version to come",
        arguments: ["00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-00", "cc-\(trace)-\(parent)-01-more"]
    )
    func wellFormed(_ value: String) throws {
        let parsed = try #require(TraceParent(value))
        #expect(parsed.traceID == Self.trace)
        #expect(parsed.parentID == Self.parent)
    }

    @Test(
        "takes nothing else for one",
        arguments: [
            "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-1", "00-\(trace)-\(parent)-01-more",
            "ff-\(trace)-\(parent)-01", "00-\(trace.uppercased())-\(parent)-01", "0g-\(trace)-\(parent)-01",
            "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
            "00_\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01more", "00-\(trace)-\(parent)-0x",
            "00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01",
        ]
    )
    func malformed(_ value: String) { #expect(TraceParent(value) == nil) }
}
