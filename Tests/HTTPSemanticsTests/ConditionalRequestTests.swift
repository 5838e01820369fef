import Testing

@testable import HTTPSemantics

@Suite struct ConditionalRequestTests {
    @Test(
        "matches lists, weak tags and *, and nothing else (RFC 9110 section 13.1.2)",
        arguments: [
            (#""a""#, true), (#"W/"a""#, true), (#""x", "a""#, true), ("\"x\",W/\"y\" ,\tW/\"a\"", true), ("*", true),
            (#""A""#, false), (#""x""#, false), ("a", false), ("", false), (#""a"#, false), (#", ,"a""#, true),
            (#"w/"a""#, false),
        ]
    )
    func matches(field: String, expected: Bool) {
        #expect(ConditionalRequest.matches(field, #""a""#) == expected)
        #expect(ConditionalRequest.matches(field, #"W/"a""#) == expected)
    }

    @Test(
        "reads the tags of a list, weak or not, up to what cannot be read",
        arguments: [
            (#""a""#, ["a"]), (#"W/"a", "b-gzip""#, ["W/a", "b-gzip"]), ("*", []), ("", []), (#""a", b, "c""#, ["a"]),
            (#""a"#, []), (#""""#, [""]),
        ]
    )
    func tags(field: String, expected: [String]) {
        #expect(ConditionalRequest.tags(in: field).map { ($0.isWeak ? "W/" : "") + $0.opaque } == expected)
    }

    @Test(
        "matches a tag into which a proxy wrote the coding that it applied",
        arguments: [
            (#""a-gzip""#, true), (#""a--gzip""#, true), (#""a;gzip""#, true), (#"W/"a-gzip""#, true),
            (#""a-br""#, true),
            (#""a-zstd""#, true), (#""a-df""#, true), (#""a;br""#, true), (#""a-deflate""#, true),
            (#""x", "a--br""#, true), (#""a-gzipped""#, false), (#""a-gzi""#, false), (#""a-""#, false),
            (#""a--""#, false),
            (#""agzip""#, false), (#""a---gzip""#, false), (#""b-gzip""#, false), (#""-gzip""#, false),
            (#""a-GZIP""#, false),
            (#""a-gzip"#, false), (#""a-gzip-gzip""#, false),
        ]
    )
    func codings(field: String, expected: Bool) {
        #expect(ConditionalRequest.matches(field, #""a""#) == expected)
        #expect(ConditionalRequest.matches(field, #"W/"a""#) == expected)
    }
}
