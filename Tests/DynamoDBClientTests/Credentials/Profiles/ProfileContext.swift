import Basics

@testable import DynamoDBClient

/// What sources of a profile need, with the files of a directory: `config` and `credentials`.
func makeProfileContext(
    _ directory: TemporaryDirectory,
    environment: [String: String] = [:],
    limits: DynamoDBClientLimits = DynamoDBClientLimits(),
    time: TimeSource = .system,
    endpoint: @escaping @Sendable (RegionalService, String) throws(DynamoDBError) -> Endpoint = { service, region in
        Endpoint(service, region: region)
    }
) -> CredentialsContext {
    let variables = environment.merging([
        "AWS_CONFIG_FILE": "\(directory.path)/config",
        "AWS_SHARED_CREDENTIALS_FILE": "\(directory.path)/credentials",
    ]) { given, _ in given }
    return CredentialsContext(
        environment: variables,
        profile: "dev",
        isProfileChosen: false,
        files: SharedFiles(environment: variables, byteLimit: limits.configurationFileBytes),
        region: "eu-central-1",
        http: CredentialsHTTP(limits: limits, certificates: nil),
        clock: AWSClock(time: time, maximumAge: limits.serviceTimeAge),
        limits: limits,
        endpoint: endpoint
    )
}
