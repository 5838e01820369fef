import Digest
import Testing

@testable import API

@Suite struct TokenFileTests {
    private func message(_ text: String) -> String {
        do throws(TokenFileError) { return "\(try TokenFile.parse(Array(text.utf8)).count) tokens" } catch {
            return error.description
        }
    }

    private func entry(_ members: String) -> String { #"{"tokens":[{\#(members)}]}"# }

    @Test("reads names, tokens, digests, scopes and keys")
    func whole() throws {
        let tokens = try TokenFile.parse(
            Array(
                #"""
                {"tokens": [
                  {"name": "dashboard", "token": "0123456789abcdef", "scopes": ["read", "stream"],
                   "keys": {"partition_prefix": "tenant#7#"}},
                  {"name": "prometheus", "scopes": ["metrics"],
                   "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                  {"name": "one", "token": "abcdefgh-._~+/==", "scopes": ["read"], "keys": {"partition": "p", "sort_prefix": "s"}}
                ]}
                """#.utf8
            )
        )
        #expect(tokens.map(\.name) == ["dashboard", "prometheus", "one"])
        // printf %s 0123456789abcdef | sha256sum
        #expect(
            tokens[0].digest
                == SHA256Digest(hexadecimal: "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f")
        )
        #expect(tokens[0].scopes == [.read, .stream])
        #expect(tokens[0].keys == KeyRestriction(partition: .prefix("tenant#7#"), sortPrefix: nil))
        #expect(tokens[1].keys == nil)
        #expect(tokens[2].keys == KeyRestriction(partition: .exactly("p"), sortPrefix: "s"))
    }

    @Test("says what is wrong, and never a token")
    func errors() {
        let good = #""name":"n","token":"0123456789abcdef","scopes":["read"]"#
        #expect(message(entry(good)) == "1 tokens")
        for (text, expected) in [
            (#"{"tokens":[]}"#, "it has no tokens, so nobody could read anything"),
            ("{}", "it has no tokens, so nobody could read anything"),
            ("", "expected an object, found the end, at byte 0"),
            (#"{"token":[]}"#, "the member 'token' is unknown (allowed: tokens), at byte 9"),
            (
                entry(#""name":"n","tokne":"x""#),
                "the member 'tokne' is unknown (allowed: name, token, sha256, scopes, keys), at byte 31"
            ),
            (
                entry(#""token":"0123456789abcdef","scopes":["read"]"#),
                "token 1 needs a name of 1 to 64 letters, digits, dots, dashes and underscores"
            ),
            (
                entry(#""name":"a b","token":"0123456789abcdef","scopes":["read"]"#),
                "token 1 needs a name of 1 to 64 letters, digits, dots, dashes and underscores"
            ),
            (entry(#""name":"n","scopes":["read"]"#), "the token 'n' needs either token or sha256"),
            (entry(good + #","sha256":"00""#), "the token 'n' needs either token or sha256"),
            (
                entry(#""name":"n","sha256":"00","scopes":["read"]"#),
                "sha256 of the token 'n' must be 64 hexadecimal digits"
            ),
            (
                entry(#""name":"n","token":"0123456789abcdef","scopes":["write"]"#),
                "the token 'n' has the unknown scope 'write' (allowed: read, stream, metrics, status)"
            ),
            (entry(#""name":"n","token":"0123456789abcdef""#), "the token 'n' has no scopes, so it opens nothing"),
            (#"{"tokens":[{\#(good)},{\#(good)}]}"#, "two tokens have the name 'n'"),
            (
                #"{"tokens":[{\#(good)},{"name":"m","token":"0123456789abcdef","scopes":["read"]}]}"#,
                "the token 'm' is the same as another one"
            ),
        ] { #expect(message(text) == expected) }
        for keys in [
            #"{}"#, #"{"partition":""}"#, #"{"partition_prefix":"a","sort_prefix":"b"}"#,
            #"{"partition":"a","partition_prefix":"b"}"#,
        ] {
            #expect(message(entry(good + #","keys":\#(keys)"#)).hasPrefix("keys of the token 'n' must be"))
        }
        for token in ["short", "0123456789 abcdef", "0123456789äbcdef", String(repeating: "a", count: 513)] {
            let text = message(entry(#""name":"n","token":"\#(token)","scopes":["read"]"#))
            #expect(text.hasPrefix("the token 'n' must have 16 to 512 letters"))
            #expect(!text.contains(token))
        }
    }
}
