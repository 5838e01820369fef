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
            ("password=", "password="), ("password = expired", "password = [hidden]"),
            ("SECRET:=x and TOKEN => y", "SECRET:=[hidden] and TOKEN => [hidden]"),
            ("token: a.b", "token: [hidden]"), ("the token:a.b, which", "the token:[hidden], which"),
            ("Password: hunter", "Password: [hidden]"), ("passphrase: x", "passphrase: [hidden]"),
            (#"{"token": "a\"b", "x": 1}"#, #"{"token": "[hidden]", "x": 1}"#),
            (#"token="never closed"#, #"token="[hidden]"#),
            ("--token abc --region x", "--token [hidden] --region x"), ("x_api_key=abc;", "x_api_key=[hidden];"),
        ]
    )
    func hidden(text: String, shown: String) {
        #expect(Redaction.of(text) == shown)
    }

    @Test(
        "hides what follows a scheme of HTTP, in any case",
        arguments: [
            ("bearer abc", "bearer [hidden]"), ("Bearer abc.def", "Bearer [hidden]"),
            ("BEARER  a/b+c=", "BEARER  [hidden]"),
            ("'bearer abc'", "'bearer [hidden]'"), ("Basic dXNlcjpwdw==", "Basic [hidden]"),
            ("basic dXNlcjpwdw", "basic [hidden]"), ("Negotiate YIIZ", "Negotiate [hidden]"),
            ("Authorization: Bearer abc", "Authorization: Bearer [hidden]"),
            ("authorization: bearer abc", "authorization: bearer [hidden]"),
            ("authorization=Basic dXNlcjpwdw", "authorization=Basic [hidden]"),
            (#"{"Authorization": "Bearer abc"}"#, #"{"Authorization": "[hidden]"}"#),
            ("Proxy-Authorization: abc", "Proxy-Authorization: [hidden]"), ("Cookie: a=b", "Cookie: [hidden]"),
        ]
    )
    func schemes(text: String, shown: String) {
        #expect(Redaction.of(text) == shown)
    }

    @Test(
        "hides user and password of a URL, and shows its host",
        arguments: [
            ("GET https://user:pw@host/path failed", "GET https://[hidden]@host/path failed"),
            ("http://user@host:80", "http://[hidden]@host:80"), ("'ftp://a:b@c'", "'ftp://[hidden]@c'"),
            ("https://user:p@ss@host/x", "https://[hidden]@host/x"),
            ("https://user:p/w@host/x", "https://[hidden]@host/x"),
            ("https://:pw@[::1]:8080/", "https://[hidden]@[::1]:8080/"),
            ("a://b:c@d e://f:g@h", "a://[hidden]@d e://[hidden]@h"),
            ("https://host/x?token=abc&y=1", "https://host/x?token=[hidden]&y=1"),
        ]
    )
    func addresses(text: String, shown: String) {
        #expect(Redaction.of(text) == shown)
    }

    @Test(
        "hides a JSON Web Token wherever it stands",
        arguments: [
            ("got eyJhbGciOi.eyJzdWIi.c2ln here", "got [hidden] here"), ("(eyJhbGciOi.e30.x)", "([hidden])"),
            ("eyJhbGciOi", "[hidden]"),
        ]
    )
    func webTokens(text: String, shown: String) {
        #expect(Redaction.of(text) == shown)
    }

    @Test(
        "shows what helps",
        arguments: [
            "token: expired", "the token of AKIAIOSFODNN7EXAMPLE has expired",
            "é cannot open /usr/local/lib/python3/site-packages/x.py",
            "request 6ba7b810-9dad-11d1-80b4-00c04fd430c8 failed", "arn:aws:iam::111122223333:role/reader", "", "=",
            "secret", "token: expired.", "Token: not found", "password: is required", "bearer token is missing",
            "The bearer of the role", "basic checks failed", "Basic auth failed", "authorization: denied by a policy",
            "https://host:8080/a@b failed", "https://[::1]:80/a@b", "https://host/scope/@user/package", "mailto:a@b",
            "std::token::parse failed", "eyJ", "AWS::SecretsManager::Secret is missing", "the --token flag",
            "--token --region",
            "SSO_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/token", "token:", "token: ", "://", "https://", "bearer",
            "bearer ",
        ]
    )
    func shown(text: String) {
        #expect(Redaction.of(text) == text)
    }

    @Test("hides secrets that it is told, the longest first, and none of a few characters")
    func told() {
        #expect(Redaction.of("abcdef\u{301}", secrets: ["abcdef"]) == "[hidden]\u{301}")
        #expect(Redaction.of("abcdefgh abcdef abc", secrets: ["abc", "abcdef", "abcdefgh"]) == "[hidden] [hidden] abc")
    }
}
