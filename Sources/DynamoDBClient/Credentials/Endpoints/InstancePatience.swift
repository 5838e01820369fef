/// How long and how often the instance metadata service is asked: `metadata_service_timeout` and `metadata_service_num_attempts` as botocore
/// reads them, bounded by the limits (AWS SDKs and Tools Reference Guide, "IMDS credential provider").
struct InstancePatience: Sendable, Hashable {
    /// Time for one request.
    let timeout: Duration
    /// Attempts that one load repeats, over all of its requests.
    let retries: Int
    /// Whether silence of a service that is not known yet is followed by another attempt: where somebody asked for attempts.
    let retriesSilence: Bool

    private static let timeoutVariable = "AWS_METADATA_SERVICE_TIMEOUT"
    private static let timeoutProperty = "metadata_service_timeout"
    private static let attemptsVariable = "AWS_METADATA_SERVICE_NUM_ATTEMPTS"
    private static let attemptsProperty = "metadata_service_num_attempts"

    /// A variable wins over the profile, whose settings are `properties`. Throws for a value that is no whole number from 1.
    init(
        environment: [String: String],
        properties: [String: String],
        limits: DynamoDBClientLimits
    ) throws(DynamoDBError) {
        func number(_ variable: String, _ property: String) throws(DynamoDBError) -> Int? {
            if let value = try Self.number(environment, variable) { return value }
            return try Self.number(properties, property)
        }
        let seconds = try number(Self.timeoutVariable, Self.timeoutProperty)
        let attempts = try number(Self.attemptsVariable, Self.attemptsProperty)
        timeout = min(
            limits.instanceMetadataTime,
            seconds.map { .seconds($0) } ?? limits.instanceMetadataTimeout
        )
        retries = attempts.map { $0 - 1 } ?? limits.instanceMetadataRetries
        retriesSilence = attempts != nil
    }

    /// Time for a question that decides whether this is an instance at all: one timeout, or one for each attempt that somebody asked for.
    func total(limits: DynamoDBClientLimits) -> Duration {
        guard retriesSilence else { return timeout }
        // Far beyond the limit, and inside of Duration.
        return min(limits.instanceMetadataTime, timeout * min(retries + 1, 1_000))
    }

    private static func number(_ settings: [String: String], _ name: String) throws(DynamoDBError) -> Int? {
        guard let text = settings[name], !text.isEmpty else { return nil }
        if let number = Int(String(text.unicodeScalars[...].stripped)), number >= 1 { return number }
        throw .configuration(
            subject: name,
            code: "InvalidNumber",
            message: "\"\(text.prefix(40))\" is not a whole number from 1",
            hint: "Give a whole number, for example 2, or remove the setting.",
            kind: .accessDenied
        )
    }
}
