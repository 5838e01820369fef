import TableModel
import Testing

@testable import DynamoDBClient

@Suite struct CredentialsDocumentTests {
    private func document(_ text: String) throws -> CredentialsDocument { try CredentialsDocument(Array(text.utf8)) }

    private let keys = Credentials(accessKeyID: "AKID", secretAccessKey: "secret", sessionToken: "token")

    @Test("reads the members of container, instance and process alike", arguments: ["Token", "SessionToken"])
    func members(token: String) throws {
        let document = try document(
            """
             {"Code":"Success","LastUpdated":"2026-11-29T18:00:00Z","Type":"AWS-HMAC","Version":1,"AccessKeyId":"AKID",
             "SecretAccessKey":"secret","\(token)":"token","Expiration":"2026-11-30T00:00:00.250Z","More":{"a":[1]}}

            """
        )
        #expect(document.version == 1)
        #expect(document.code == "Success")
        #expect(
            try document.loaded(source: "x")
                == LoadedCredentials(keys, expiresAt: 1_795_996_800_250, source: "x")
        )
    }

    @Test(
        "keys without an end, and without a token, are keys",
        arguments: ["", #","Token":null,"Expiration":null"#, #","Token":"","Expiration":"""#]
    )
    func endless(more: String) throws {
        let loaded = try document(#"{"AccessKeyId":"AKID","SecretAccessKey":"secret"\#(more)}"#).loaded(source: "x")
        #expect(loaded == LoadedCredentials(Credentials(accessKeyID: "AKID", secretAccessKey: "secret"), source: "x"))
    }

    @Test(
        "says what is missing or cannot be used, and shows no value",
        arguments: [
            ("{}", "it has no AccessKeyId"),
            (#"{"AccessKeyId":"","SecretAccessKey":"hush"}"#, "it has no AccessKeyId"),
            (#"{"AccessKeyId":"AKID","Token":"hush"}"#, "it has no SecretAccessKey"),
            (
                #"{"AccessKeyId":"AKID","SecretAccessKey":"hush\r\nX: y"}"#,
                "SecretAccessKey has a space, a line end or another character that no key has"
            ),
            (
                #"{"AccessKeyId":"AKID","SecretAccessKey":"hush","Token":"hush é"}"#,
                "Token has a space, a line end or another character that no key has"
            ),
            (
                #"{"AccessKeyId":"AKID","SecretAccessKey":"hush","Expiration":"hush"}"#,
                "Expiration is not a time such as 2026-11-30T00:00:00Z"
            ),
        ]
    )
    func defects(text: String, reason: String) throws {
        let document = try document(text)
        let defect = #expect(throws: CredentialsDocument.Defect.self) { try document.loaded(source: "x") }
        #expect(defect?.reason == reason)
        var dumped = "\(document)"
        dump(document, to: &dumped)
        #expect(!dumped.contains("hush"))
    }

    @Test("the words of a failure come in two spellings, and numbers among them are passed over")
    func failures() throws {
        let upper = try document(#"{"Code":"Failed","Message":"no"}"#)
        #expect(upper.code == "Failed" && upper.message == "no")
        let lower = try document(#"{"code":"Failed","message":"no","Code":7}"#)
        #expect(lower.code == "Failed" && lower.message == "no")
    }

    @Test(
        "a cut or foreign document is an error that shows no value",
        arguments: [
            "", "<html>", "[]", "null", #"{"AccessKeyId":"AKID","SecretAccessKey":"hus"#, #"{"SecretAccessKey":17}"#,
            #"{"AccessKeyId":"AKID"} hush"#,
        ]
    )
    func malformed(text: String) {
        let error = #expect(throws: JSONError.self) { try document(text) }
        #expect(error?.located.contains("hus") == false)
    }
}
