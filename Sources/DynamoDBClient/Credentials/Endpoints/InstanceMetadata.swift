import Basics
import CurlTransport

/// The metadata service of an EC2 instance, version 2 (Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance
/// metadata"). Version 1, which needs no token, is not used.
struct InstanceMetadata: Sendable {
    private let environment: [String: String]
    private let properties: [String: String]
    private let http: CredentialsHTTP
    private let limits: DynamoDBClientLimits
    private let time: TimeSource

    /// `properties` are those of the profile in use. `time` waits between attempts.
    init(
        environment: [String: String],
        properties: [String: String],
        http: CredentialsHTTP,
        limits: DynamoDBClientLimits,
        time: TimeSource = .system
    ) {
        self.environment = environment
        self.properties = properties
        self.http = http
        self.limits = limits
        self.time = time
    }

    /// The instance's Region; nil where there is no such service, it is switched off or names none. All requests together take one timeout.
    ///
    /// Throws a failure of a service that is there and may recover: it hangs, fails or rejects its own tokens. Throws settings that are
    /// invalid, too.
    func region() async throws(DynamoDBError) -> String? {
        guard !InstanceEndpoint.isDisabled(environment) else { return nil }
        let patience = try patience
        var session = try session(isKnown: false, patience, total: patience.total(limits: limits))
        let response: TransferResponse
        do throws(DynamoDBError) {
            response = try await session.get("latest/meta-data/placement/region", subject: "Region")
        } catch {
            guard error.isCredentialsNotFound else { throw error.whereRegionIsMissing }
            // Any other response than a token means that this is no instance, or that the service is turned off there.
            guard session.hangs else { return nil }
            throw error.asOutage.whereRegionIsMissing
        }
        guard response.status == 200, let region = response.firstLine, RegionSearch.isRegion(region) else { return nil }
        return region
    }

    /// The keys of the instance's role.
    ///
    /// `isCredentialsNotFound` where there is no service, or no role. With `isKnown`, the service had keys before, so every failure is
    /// transient.
    func credentials(isKnown: Bool) async throws(DynamoDBError) -> LoadedCredentials {
        do throws(DynamoDBError) {
            return try await credentials(
                session(isKnown: isKnown, patience, total: limits.instanceMetadataTime)
            )
        } catch {
            guard isKnown, !error.isRetryable, error.kind != .cancelled else { throw error }
            throw error.asOutage
        }
    }

    private func credentials(_ begun: InstanceSession) async throws(DynamoDBError) -> LoadedCredentials {
        var session = begun
        let path = "latest/meta-data/iam/security-credentials/"
        let list = try await session.get(path, subject: "role")
        guard list.status == 200, let role = list.firstLine else { throw session.fault.noRole }
        guard Self.roleCharacters.containsAll(of: role) else { throw session.fault.unreadableRole }
        let response = try await session.get(path + role, subject: "role \(role)")
        guard response.status == 200 else { throw session.fault.withoutKeys(role, status: response.status) }
        if let document = try? CredentialsDocument(response.body), let code = document.code, code != "Success" {
            let words = ServiceFault.bounded(document.message ?? "", limits.messageCharacters)
            throw session.fault.refused(role, code: code, words: words)
        }
        return try response.credentials(
            session.fault.call("role \(role)"),
            source: "instance role \(role)",
            hint:
                "Look at \(session.fault.server) with the AWS CLI or curl; the response is not one of the instance metadata service."
        )
    }

    private var patience: InstancePatience {
        get throws(DynamoDBError) {
            try InstancePatience(environment: environment, properties: properties, limits: limits)
        }
    }

    private func session(
        isKnown: Bool,
        _ patience: InstancePatience,
        total: Duration
    ) throws(DynamoDBError) -> InstanceSession {
        guard !InstanceEndpoint.isDisabled(environment) else { throw InstanceMetadataFault.disabled }
        return InstanceSession(
            url: try InstanceEndpoint.url(environment: environment, properties: properties),
            isKnown: isKnown,
            patience: patience,
            total: total,
            http: http,
            limits: limits,
            time: time
        )
    }

    /// Characters of a role's name (IAM API Reference, "CreateRole").
    private static let roleCharacters = ByteSet.alphanumeric.union(ByteSet("_+=,.@-"))
}

extension TransferResponse {
    /// The first line of a text, without the white space around it; nil where there is none.
    fileprivate var firstLine: String? {
        let line = body.split { $0 == 0x0A || $0 == 0x0D }.first { line in line.contains { $0 > 0x20 } }
        return line.map { ServiceFault.bounded(String(decoding: $0, as: UTF8.self), 256) }
    }
}
