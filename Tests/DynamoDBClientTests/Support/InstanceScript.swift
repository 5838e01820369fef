import Synchronization
import TestTools

/// An instance metadata service for tests. Each token that it hands out has the next number.
final class InstanceScript: Sendable {
    static let keys = """
        {"Code":"Success","LastUpdated":"2026-11-29T18:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIAINSTANCE",\
        "SecretAccessKey":"hush-secret","Token":"hush-token","Expiration":"2026-11-30T00:00:00Z"}
        """

    private let validToken: String?
    private let role: ScriptedServer.Reply
    private let region: ScriptedServer.Reply
    private let keys: ScriptedServer.Reply
    private let tokens = Mutex(0)

    /// Accepts `validToken` alone; nil for every token.
    init(
        validToken: String? = nil,
        role: ScriptedServer.Reply = .answer(body: "reader@team"),
        region: ScriptedServer.Reply = .answer(body: "eu-central-1\n"),
        keys: String = InstanceScript.keys,
        keysStatus: Int = 200
    ) {
        self.validToken = validToken
        self.role = role
        self.region = region
        self.keys = .answer(status: keysStatus, body: keys)
    }

    func server() -> ScriptedServer { ScriptedServer { self.reply($0) }.start() }

    func reply(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        let path = request.requestLine.split(separator: " ")[1]
        if path == "/latest/api/token" {
            let number = tokens.withLock { tokens in
                tokens += 1
                return tokens
            }
            return .answer(body: "token-\(number)")
        }
        guard let token = request.header("x-aws-ec2-metadata-token"), validToken == nil || token == validToken else {
            return .answer(status: 401, body: "")
        }
        switch path {
        case "/latest/meta-data/placement/region": return region
        case "/latest/meta-data/iam/security-credentials/": return role
        case "/latest/meta-data/iam/security-credentials/reader@team": return keys
        default: return .answer(status: 404, body: "")
        }
    }
}
