import TestTools

@testable import DynamoDBClient

/// Limits under which a busy machine is never taken for a service that hangs.
var patientLimits: DynamoDBClientLimits {
    var limits = DynamoDBClientLimits()
    limits.containerTimeout = .seconds(30)
    limits.instanceMetadataTimeout = .seconds(30)
    return limits
}

extension CredentialsHTTP {
    /// One that trusts the system's certificates.
    static var plain: CredentialsHTTP { CredentialsHTTP(limits: DynamoDBClientLimits(), certificates: nil) }
}

/// What a load throws; nil when it succeeds.
func failure(_ source: some CredentialsSource) async -> DynamoDBError? {
    do throws(DynamoDBError) {
        _ = try await source.load()
        return nil
    } catch { return error }
}

let containerKeys = """
    {"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"hush-secret","Token":"hush-token",\
    "Expiration":"2026-11-30T00:00:00Z","RoleArn":"arn:aws:iam::111122223333:role/reader"}
    """
