import Basics

/// Finds the Region that requests are signed for: an option, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile, the table's ARN, and the
/// EC2 instance where nothing else names one (AWS SDKs and Tools Reference Guide, "AWS Region").
struct RegionSearch: Sendable {
    let settings: SharedSettings
    let overrides: AWSOverrides
    /// Asks the instance metadata service, which takes up to a second off EC2; nil where it is off or names no Region. Throws where it may
    /// name one later.
    let instanceRegion: InstanceRegion

    /// Asks the instance metadata service for the Region.
    typealias InstanceRegion = @Sendable () async throws(DynamoDBError) -> String?

    /// The Region's code. Throws, in words, where it is missing or cannot be one, and what the instance metadata service failed with.
    func region() async throws(DynamoDBError) -> String {
        for (source, value) in named {
            guard let value, !value.isEmpty else { continue }
            try Self.check(value, source: source)
            return value
        }
        guard let region = try await instanceRegion(), Self.isRegion(region) else { throw Self.missing }
        return region
    }

    private var named: [(source: String, value: String?)] {
        [
            ("the region option", overrides.region),
            ("AWS_REGION", settings.environment["AWS_REGION"]),
            ("AWS_DEFAULT_REGION", settings.environment["AWS_DEFAULT_REGION"]),
            ("profile \(settings.profile)", settings.properties["region"]),
            ("the table's ARN", overrides.impliedRegion),
        ]
    }

    /// Whether a text may be a Region: it becomes part of a host name and of the signature's scope.
    static func isRegion(_ text: String) -> Bool {
        text.utf8.count <= 63 && !text.isEmpty && ByteSet.lowercase.union(ByteSet("-")).containsAll(of: text)
    }

    /// Throws for a text that cannot be a Region.
    static func check(_ region: String, source: String) throws(DynamoDBError) {
        guard isRegion(region) else {
            throw .configuration(
                subject: source,
                code: "InvalidRegion",
                message: "\"\(region.prefix(80))\" is not the name of a region",
                hint: "Give a region's code, for example eu-central-1."
            )
        }
    }

    private static let missing = DynamoDBError.configuration(
        subject: "region",
        code: "MissingRegion",
        message: "no AWS region is set, and requests are signed for a region",
        hint:
            "Set AWS_REGION, for example AWS_REGION=eu-central-1 (a local endpoint takes any). On EC2 the instance metadata service "
            + "(IMDS) names the region where the process can reach it."
    )
}
