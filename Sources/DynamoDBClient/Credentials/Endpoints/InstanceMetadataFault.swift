import Basics
import CurlTransport

/// Failures of the instance metadata service in an operator's words.
struct InstanceMetadataFault: Sendable {
    static let operation = "GetInstanceMetadata"

    let server: Endpoint
    let timeout: Duration

    func call(_ subject: String) -> CallContext {
        CallContext(operation: Self.operation, subject: subject, endpoint: server)
    }

    /// The operator does not want the service.
    static var disabled: DynamoDBError {
        DynamoDBError(
            kind: .accessDenied,
            operation: operation,
            subject: "token",
            code: .credentialsNotFound,
            message: "\(InstanceEndpoint.disabledVariable) is true, so the instance metadata service is not used",
            hint: ""
        )
    }

    /// There is no service, or its responses do not arrive.
    func noResponse(_ failure: TransportFailure) -> DynamoDBError {
        if failure.cause == .timedOut, failure.isOfConnection {
            return notFound(
                "\(server) accepted the connection and sent no token within \(seconds), as for a container when its hop limit is 1",
                hint:
                    "In a container on EC2, allow one hop more: `aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 "
                    + "--instance-id …`. If this is no EC2 instance, set \(InstanceEndpoint.disabledVariable)=true."
            )
        }
        return notFound(
            failure.cause == .timedOut
                ? "\(server), the instance metadata service, did not respond within \(seconds)"
                : "\(server), the instance metadata service, cannot be reached",
            hint: ""
        )
    }

    /// Something responds that hands out no tokens.
    func noTokens(_ status: Int) -> DynamoDBError {
        notFound(
            status == 403
                ? "\(server) refuses requests: the instance metadata service is turned off"
                : "\(server) hands out no tokens of IMDSv2 (status \(status))",
            hint: status == 403
                ? "On EC2, turn it on: `aws ec2 modify-instance-metadata-options --http-endpoint enabled --instance-id …`."
                : ""
        )
    }

    /// The instance has no instance profile.
    var noRole: DynamoDBError {
        notFound(
            "the instance metadata service responds, but the instance has no role",
            hint:
                "Attach a role: `aws ec2 associate-iam-instance-profile --iam-instance-profile Name=… --instance-id …`."
        )
    }

    /// The list of roles is none.
    var unreadableRole: DynamoDBError {
        call("role").error(
            .malformed,
            "InvalidRoleName",
            "\(server) sent a list of roles that cannot be read",
            hint: "Check that \(server) is the instance metadata service."
        )
    }

    /// The list names a role, and there are no keys for it: a role that has just been attached or removed.
    func withoutKeys(_ role: String, status: Int) -> DynamoDBError {
        call("role \(role)").error(
            .transient,
            "HTTP \(status)",
            "the instance has a role, and \(server) has no keys for it",
            hint:
                "Check that the role of the instance profile still exists; one that was just attached takes some seconds."
        )
    }

    /// The service got no keys, and says why.
    func refused(_ role: String, code: String, words: String) -> DynamoDBError {
        call("role \(role)").error(
            .accessDenied,
            DynamoDBError.Code(rawValue: String(code.prefix(64))),
            words.isEmpty ? "\(server) got no keys for the role" : words,
            hint: "Check that the role's trust policy names ec2.amazonaws.com."
        )
    }

    /// A status that the service sends when it cannot respond just now.
    func unexpected(_ status: Int, subject: String) -> DynamoDBError {
        let kind = ServiceFault.kind(code: nil, status: status)
        return call(subject).error(
            kind == .throttled ? .throttled : .transient,
            "HTTP \(status)",
            "\(server) responded with status \(status)",
            hint: kind == .throttled
                ? "Something on this instance asks the instance metadata service too often."
                : "If it persists, check the instance's status in the EC2 console."
        )
    }

    /// No response, where one had come before.
    func failed(_ failure: TransportFailure, subject: String) -> DynamoDBError {
        let error = failure.error(call(subject))
        guard error.kind != .cancelled else { return error }
        return call(subject).error(
            .transient,
            error.code,
            error.message,
            hint: "If it persists, check the instance's status in the EC2 console, and its firewall."
        )
    }

    private var seconds: String {
        timeout >= .seconds(1) ? "\(timeout.wholeSeconds) s" : "\(timeout.wholeMilliseconds) ms"
    }

    private func notFound(_ message: String, hint: String) -> DynamoDBError {
        call("token").error(.accessDenied, .credentialsNotFound, message, hint: hint)
    }
}

extension DynamoDBError {
    /// The same failure where the Region has to come from the service.
    var whereRegionIsMissing: DynamoDBError {
        DynamoDBError(
            kind: kind,
            operation: operation,
            subject: "Region",
            code: code,
            message: message,
            hint: hint + (hint.isEmpty ? "" : " ") + "AWS_REGION names a Region without the service."
        )
    }

    /// The same failure at a service that had keys before: it may pass.
    var asOutage: DynamoDBError {
        DynamoDBError(
            kind: .transient,
            operation: operation,
            subject: subject,
            code: isCredentialsNotFound ? "InstanceMetadataUnavailable" : code,
            message: message,
            hint: hint
        )
    }
}
