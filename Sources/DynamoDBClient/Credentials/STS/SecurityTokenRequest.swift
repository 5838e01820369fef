import Basics
import CurlTransport

/// A call of the AWS Security Token Service in the Query protocol (AWS STS API Reference, version 2011-06-15).
struct SecurityTokenRequest: Sendable, CustomReflectable {
    /// The operation, which decides what an operator checks after a failure.
    enum Action: String, Sendable, Hashable {
        case assumeRole = "AssumeRole"
        case assumeRoleWithWebIdentity = "AssumeRoleWithWebIdentity"
    }

    let action: Action
    /// The role's ARN.
    let role: String
    /// The keys that sign the request; nil where the token in it proves who calls.
    let signer: Credentials?
    /// The file of the web identity's token, for hints.
    private(set) var tokenFile: String?
    /// Texts that no error may show, even where a server sends them back.
    let secrets: [String]
    private let parameters: [(name: String, value: String)]

    /// `AssumeRole`, signed by `signer`.
    init(_ session: RoleSession, signer: Credentials) {
        action = .assumeRole
        role = session.arn
        self.signer = signer
        secrets = [signer.secretAccessKey, signer.sessionToken].compactMap { $0 }
        parameters = Self.parameters(of: session)
    }

    /// `AssumeRoleWithWebIdentity` with the token that was in `tokenFile`; not signed.
    init(_ session: RoleSession, token: String, tokenFile: String) {
        action = .assumeRoleWithWebIdentity
        role = session.arn
        signer = nil
        self.tokenFile = tokenFile
        secrets = [token]
        parameters = Self.parameters(of: session) + [("WebIdentityToken", token)]
    }

    private static func parameters(of session: RoleSession) -> [(name: String, value: String)] {
        var parameters = [(name: "RoleArn", value: session.arn), (name: "RoleSessionName", value: session.name)]
        if let id = session.externalID { parameters.append((name: "ExternalId", value: id)) }
        if let seconds = session.seconds { parameters.append((name: "DurationSeconds", value: String(seconds))) }
        return parameters
    }

    /// The POST that makes the call, without a signature.
    func transfer(to endpoint: Endpoint) -> TransferRequest {
        let all = [(name: "Action", value: action.rawValue), (name: "Version", value: "2011-06-15")] + parameters
        let form = all.map { "\($0.name)=\(PercentEncoding.encode($0.value, keeping: .unreserved))" }
        return TransferRequest(
            url: endpoint.url,
            fields: [HTTPField(name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8")],
            body: Array(form.joined(separator: "&").utf8)
        )
    }

    /// `text` without the request's secrets, as they are and as they were sent.
    func redacted(_ text: String) -> String {
        var text = text
        // A local endpoint's `x` or `test` is no secret, and its removal would spoil the text.
        for secret in secrets where secret.utf8.count >= 8 {
            for form in [secret, PercentEncoding.encode(secret, keeping: .unreserved)] {
                text = text.replacing(form, with: "[hidden]")
            }
        }
        return text
    }

    /// No children: `dump` shows no secrets.
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
