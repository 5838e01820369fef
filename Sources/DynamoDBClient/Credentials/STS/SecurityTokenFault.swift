import CurlTransport

/// An error response of STS in words (AWS STS API Reference, "Errors" of each operation, and "Common Errors").
enum SecurityTokenFault {
    /// The error that a response stands for.
    static func error(
        _ response: TransferResponse,
        to request: SecurityTokenRequest,
        _ call: CallContext,
        limits: DynamoDBClientLimits
    ) -> DynamoDBError {
        let document = try? XMLTexts(response.body)
        guard let name = document?["Error", "Code"], !name.isEmpty else {
            return unnamed(response, call)
        }
        let code = DynamoDBError.Code(rawValue: ServiceFault.bounded(name, 100))
        var message = request.redacted(document?["Error", "Message"] ?? "")
        message = ServiceFault.bounded(message, limits.messageCharacters)
        if message.isEmpty { message = "HTTP status \(response.status)" }
        if let id = response.requestID ?? document?["RequestId"], !id.isEmpty {
            message += " (request \(ServiceFault.bounded(id, 64)))"
        }
        let kind = kind(code, response.status, of: request)
        return call.error(kind, code, message, hint: hint(kind, code, message, of: request, call))
    }

    /// No part of the body is shown: a server that is not STS may send back the token that it was sent.
    private static func unnamed(_ response: TransferResponse, _ call: CallContext) -> DynamoDBError {
        call.error(
            ServiceFault.kind(code: nil, status: response.status),
            "HTTP \(response.status)",
            "\(call.endpoint) answered with status \(response.status) and a body that is not in the form of STS",
            hint: "Check that \(call.endpoint) is the Security Token Service and not a proxy or another server."
        )
    }

    private static func kind(
        _ code: DynamoDBError.Code,
        _ status: Int,
        of request: SecurityTokenRequest
    ) -> DynamoDBError.Kind {
        switch code {
        // STS could not reach the issuer of the token, and says to retry.
        case "IDPCommunicationError": return .transient
        case "InvalidIdentityToken", "IDPRejectedClaim": return .accessDenied
        default: break
        }
        return ServiceFault.kind(code: code, status: status)
    }

    private static func hint(
        _ kind: DynamoDBError.Kind,
        _ code: DynamoDBError.Code,
        _ message: String,
        of request: SecurityTokenRequest,
        _ call: CallContext
    ) -> String {
        let file = request.tokenFile ?? ""
        switch (kind, request.action) {
        case (.throttled, _):
            return "STS limits the calls of an account; it is asked again."
        case (.transient, _) where code == "IDPCommunicationError":
            return "Check that AWS can reach the token's issuer; it is asked again."
        case (.transient, _):
            return "If it persists, look at the AWS Health Dashboard and at \(call.endpoint)."
        case (.expiredCredentials, .assumeRoleWithWebIdentity):
            return
                "Check what writes \(file) (on EKS the kubelet): its token has expired. The file is read again at each attempt."
        case (.expiredCredentials, _):
            return "Renew the keys that assume the role; they are read again at each attempt."
        case _ where DynamoDBError.isClockTrouble(code, message):
            return
                "Check this machine's clock: a signature is good for a few minutes, and the time of the response did not help."
        case _ where code == "RegionDisabledException":
            return "Activate STS for the Region in the account's settings (IAM console), or use another Region."
        case (.accessDenied, .assumeRoleWithWebIdentity) where DynamoDBError.Code.accessDenied.contains(code):
            return
                "Check that the role exists, and that its trust policy allows sts:AssumeRoleWithWebIdentity to the token's issuer, "
                + "audience and subject."
        case (.accessDenied, .assumeRoleWithWebIdentity):
            return
                "Check the token in \(file): its issuer needs an IAM OIDC provider in the account, and its audience must be allowed there."
        case (.accessDenied, .assumeRole) where DynamoDBError.Code.accessDenied.contains(code):
            return
                "Check that the role exists, that its trust policy names this identity and its external_id, and that the identity may "
                + "call sts:AssumeRole."
        case (.accessDenied, .assumeRole):
            return "Check the keys that assume the role: `aws sts get-caller-identity` with them."
        default:
            return
                "Check role_arn, role_session_name, external_id and duration_seconds (AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME)."
        }
    }
}
