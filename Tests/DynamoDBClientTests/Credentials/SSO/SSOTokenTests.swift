import Testing

@testable import DynamoDBClient

@Suite struct SSOTokenTests {
    @Test("reads the file that aws sso login writes")
    func file() throws {
        let text = #"""
            {"startUrl": "https://corp.awsapps.com/start", "region": "eu-west-1", "accessToken": "hush",
             "expiresAt": "2026-11-30T08:00:00Z", "clientSecret": "hush2", "refreshToken": null}
            """#
        let token = try SSOToken(Array(text.utf8))
        #expect(token.accessToken == "hush")
        #expect(token.expiresAt == 1_796_025_600_000)
        var dumped = ""
        dump(token, to: &dumped)
        #expect(!dumped.contains("hush"))
    }

    @Test(
        "says what is wrong with it, and shows nothing of it",
        arguments: [
            ("", "it is not the JSON of a token: expected an object, found the end"),
            (
                #"{"accessToken": "hush"#,
                "it is not the JSON of a token: expected the end of a string, found the end at byte 21"
            ),
            (#"{"expiresAt": "2026-11-30T08:00:00Z"}"#, "it has no accessToken"),
            (#"{"accessToken": "", "expiresAt": "2026-11-30T08:00:00Z"}"#, "it has no accessToken"),
            (#"{"accessToken": "hush"}"#, "its expiresAt is missing or not a time"),
            (#"{"accessToken": "hush", "expiresAt": "hush"}"#, "its expiresAt is missing or not a time"),
            (
                #"{"accessToken": "hush\r\nX: y", "expiresAt": "2026-11-30T08:00:00Z"}"#,
                "its accessToken has a space, a line end or another character that no token has"
            ),
        ]
    )
    func defects(text: String, reason: String) {
        #expect(throws: SSOToken.Defect(reason: reason)) { try SSOToken(Array(text.utf8)) }
    }
}
