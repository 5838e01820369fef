import Basics
import Synchronization
import TestTools
import Testing

@testable import DynamoDBClient

/// A role that tests assume.
let exampleRole = "arn:aws:iam::111122223333:role/reader"

/// The configuration of a process whose shared files are `credentials` and `config` in `directory`, and whose services are all at `url`.
func makeContext(
    _ directory: TemporaryDirectory,
    url: String = "http://127.0.0.1:1",
    environment: [String: String] = [:],
    profile: String = "dev",
    isProfileChosen: Bool = false,
    limits: DynamoDBClientLimits = DynamoDBClientLimits(),
    time: FakeTime = FakeTime()
) -> CredentialsContext {
    let files = [
        "AWS_SHARED_CREDENTIALS_FILE": "\(directory.path)/credentials", "AWS_CONFIG_FILE": "\(directory.path)/config",
    ]
    return CredentialsContext(
        environment: environment,
        profile: profile,
        isProfileChosen: isProfileChosen,
        files: SharedFiles(environment: files, byteLimit: limits.configurationFileBytes),
        region: "eu-central-1",
        http: CredentialsHTTP(limits: limits, certificates: nil),
        clock: AWSClock(time: time.source, maximumAge: .seconds(300)),
        limits: limits,
        endpoint: { service, _ throws(DynamoDBError) in try Endpoint(url, source: service.rawValue) }
    )
}

/// The sources that profiles name. Containers and instances are those that a test gives.
func makeProfileSources(
    _ context: CredentialsContext,
    container: any CredentialsSource = EnvironmentCredentials(environment: [:]),
    instance: any CredentialsSource = EnvironmentCredentials(environment: [:])
) -> ProfileSources {
    ProfileSources(context: context, container: container, instance: instance)
}

/// The response of STS with keys; `number` tells them apart.
func roleKeys(
    _ action: String = "AssumeRole",
    number: Int = 1,
    expiration: String = "2026-11-30T01:00:00Z"
) -> ScriptedServer.Reply {
    .answer(
        body: """
            <\(action)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <\(action)Result>
                <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/reader/x</Arn></AssumedRoleUser>
                <Credentials>
                  <AccessKeyId>ASIA\(number)</AccessKeyId>
                  <SecretAccessKey>secret/\(number)</SecretAccessKey>
                  <SessionToken>token+\(number)==</SessionToken>
                  <Expiration>\(expiration)</Expiration>
                </Credentials>
              </\(action)Result>
              <ResponseMetadata><RequestId>r-\(number)</RequestId></ResponseMetadata>
            </\(action)Response>
            """
    )
}

/// The error response of STS.
func roleFault(_ code: String, _ message: String, status: Int = 400, headers: [String] = []) -> ScriptedServer.Reply {
    .answer(
        status: status,
        headers: headers,
        body: """
            <?xml version="1.0"?>
            <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>\(code)</Code>
            <Message>\(message)</Message></Error><RequestId>r-9</RequestId></ErrorResponse>
            """
    )
}

/// The keys that `roleKeys` hands out.
func roleCredentials(_ number: Int = 1) -> Credentials {
    Credentials(accessKeyID: "ASIA\(number)", secretAccessKey: "secret/\(number)", sessionToken: "token+\(number)==")
}

/// Keys that assume roles. No error may show the secret or the token.
let exampleSigner = Credentials(
    accessKeyID: "AKID",
    secretAccessKey: "hush-secret-key",
    sessionToken: "hush/session+token=="
)

/// Assumes `exampleRole` at a scripted STS. Waits are not waited.
func assumeRole(
    _ url: String,
    limits: DynamoDBClientLimits = DynamoDBClientLimits(),
    time: FakeTime = FakeTime()
) async throws -> SecurityTokenService.RoleKeys {
    let context = makeContext(TemporaryDirectory(), url: url, limits: limits, time: time)
    return try await SecurityTokenService(context)
        .perform(SecurityTokenRequest(RoleSession(arn: exampleRole, name: "s"), signer: exampleSigner))
}

/// The error of the same call.
func assumeRoleFailure(
    _ url: String,
    limits: DynamoDBClientLimits = DynamoDBClientLimits(),
    time: FakeTime = FakeTime()
) async throws -> DynamoDBError {
    try #require(
        await #expect(throws: DynamoDBError.self) { try await assumeRole(url, limits: limits, time: time) }
    )
}
