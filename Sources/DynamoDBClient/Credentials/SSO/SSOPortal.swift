import Basics
import CurlTransport
import TableModel

/// The call that turns a token of IAM Identity Center into a role's keys: GetRoleCredentials (AWS IAM Identity Center Portal API
/// Reference). It is not signed.
struct SSOPortal: Sendable {
    let endpoint: Endpoint
    /// The source's name, for errors.
    let subject: String
    /// Tells the operator how to log in again.
    let loginHint: String
    let limits: DynamoDBClientLimits

    /// The request for the keys of a role.
    func request(_ settings: SSOSettings, token: SSOToken) -> TransferRequest {
        let role = PercentEncoding.encode(settings.roleName, keeping: .unreserved)
        let account = PercentEncoding.encode(settings.accountID, keeping: .unreserved)
        return TransferRequest(
            url: "\(endpoint)/federation/credentials?role_name=\(role)&account_id=\(account)",
            fields: [
                HTTPField(name: "Accept", value: "application/json"),
                HTTPField(name: "x-amz-sso_bearer_token", value: token.accessToken),
            ]
        )
    }

    /// The keys in a response, or its failure in an operator's words.
    func credentials(
        in response: TransferResponse,
        _ settings: SSOSettings,
        token: SSOToken
    ) throws(DynamoDBError) -> LoadedCredentials {
        guard response.status == 200 else { throw failure(response, settings, token) }
        var role = Role()
        if let reason = role.read(response.body) {
            throw call.error(
                .malformed,
                "InvalidAnswer",
                "\(endpoint) sent an answer that cannot be read: \(reason)",
                hint: "It is asked for again; if it persists, look at proxies between here and the endpoint."
            )
        }
        return LoadedCredentials(
            Credentials(
                accessKeyID: role.accessKeyID,
                secretAccessKey: role.secretAccessKey,
                sessionToken: role.sessionToken.isEmpty ? nil : role.sessionToken
            ),
            expiresAt: role.expiration,
            source: subject
        )
    }

    var call: CallContext { CallContext(operation: "GetRoleCredentials", subject: subject, endpoint: endpoint) }

    private func failure(_ response: TransferResponse, _ settings: SSOSettings, _ token: SSOToken) -> DynamoDBError {
        let fault = ServiceFault(response)
        let code = fault.code ?? "HTTP \(response.status)"
        // Its words go to logs, whatever they are.
        let words = ServiceFault.bounded(
            Redaction.of(fault.message, secrets: [token.accessToken]),
            limits.messageCharacters
        )
        let said = words.isEmpty ? "status \(response.status)" : words
        switch ServiceFault.kind(code: fault.code, status: response.status) {
        case .throttled:
            return call.error(
                .throttled,
                code,
                "\(endpoint) has had too many requests: \(said)",
                hint: "It is asked again."
            )
        case .transient:
            return call.error(.transient, code, "\(endpoint) failed: \(said)", hint: "It is asked again.")
        case _ where response.status == 401:
            // The next login brings another one, which is read by itself.
            return call.error(.expiredCredentials, code, "\(endpoint) rejects the token: \(said)", hint: loginHint)
        default:
            let role = "role \(Excerpt.of(settings.roleName)) in account \(Excerpt.of(settings.accountID))"
            return call.error(
                .accessDenied,
                code,
                "\(endpoint) has no keys of \(role): \(said)",
                hint: "Check sso_account_id and sso_role_name, and that the role is assigned to the user of the login."
            )
        }
    }
}

/// `roleCredentials` of a response.
private struct Role {
    var accessKeyID = ""
    var secretAccessKey = ""
    var sessionToken = ""
    /// Milliseconds since 1970 UTC.
    var expiration: Int64?

    /// Why the body has no keys; nil when it has. The reason has no value of the body in it.
    mutating func read(_ body: [UInt8]) -> String? {
        let error = body.withUnsafeBytes { bytes -> JSONError? in
            var json = JSONReader(bytes)
            do throws(JSONError) { try read(&json) } catch { return error }
            return nil
        }
        if let error { return error.located }
        if accessKeyID.isEmpty { return "it has no accessKeyId" }
        if secretAccessKey.isEmpty { return "it has no secretAccessKey" }
        if expiration == nil { return "it has no expiration" }
        for (name, value) in [
            ("accessKeyId", accessKeyID), ("secretAccessKey", secretAccessKey), ("sessionToken", sessionToken),
        ] {
            guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                return "\(name) has a space, a line end or another character that no key has"
            }
        }
        return nil
    }

    private mutating func read(_ json: inout JSONReader) throws(JSONError) {
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "roleCredentials" where try json.peek() == UInt8(ascii: "{"): try readMembers(&json)
            default: try json.skipValue()
            }
        }
        try json.readEnd()
    }

    private mutating func readMembers(_ json: inout JSONReader) throws(JSONError) {
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "accessKeyId": accessKeyID = try json.readOptionalString() ?? ""
            case "secretAccessKey": secretAccessKey = try json.readOptionalString() ?? ""
            case "sessionToken": sessionToken = try json.readOptionalString() ?? ""
            case "expiration": expiration = try json.readNull() ? nil : try json.readInteger()
            default: try json.skipValue()
            }
        }
    }
}
