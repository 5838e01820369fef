import Testing

@testable import DynamoDBClient

@Suite struct RedactionTests {
    @Test(
        "hides what may be a secret",
        arguments: [
            ("key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1 is bad", "key [hidden] is bad"),
            ("(da39a3ee5e6b4b0d3255bfef95601890afd80709)", "([hidden])"),
            ("aws_secret_access_key = abc", "aws_secret_access_key = [hidden]"),
            ("Token='a b' x", "Token='[hidden]' x"), ("--password=x --user=y", "--password=[hidden] --user=y"),
            (#"{"SessionToken": "a b"}"#, #"{"SessionToken": "[hidden]"}"#), ("?token=a&b=c", "?token=[hidden]&b=c"),
            ("password=", "password="),
        ]
    )
    func hidden(text: String, shown: String) {
        #expect(Redaction.of(text) == shown)
    }

    @Test(
        "shows what helps",
        arguments: [
            "token: expired", "the token of AKIAIOSFODNN7EXAMPLE has expired",
            "é cannot open /usr/local/lib/python3/site-packages/x.py",
            "request 6ba7b810-9dad-11d1-80b4-00c04fd430c8 failed", "arn:aws:iam::111122223333:role/reader", "", "=",
            "secret",
        ]
    )
    func shown(text: String) {
        #expect(Redaction.of(text) == text)
    }

    @Test("hides secrets that it is told, the longest first, and none of a few characters")
    func told() {
        #expect(Redaction.of("abcdefgh abcdef abc", secrets: ["abc", "abcdef", "abcdefgh"]) == "[hidden] [hidden] abc")
    }
}
