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
}
