import Basics

/// A part of AWS with accounts, Regions and domain names of its own.
///
/// The table is that of `partitions.json`, which the AWS SDKs share; a test holds it against botocore's copy.
struct Partition: Sendable, Hashable {
    /// The name in ARNs, for example `aws-cn`.
    let id: String
    /// How the names of its Regions begin; a word and a number follow, as in `cn-north-1`.
    private let prefix: String
    /// The domain of endpoints that have IPv4 addresses alone.
    let domain: String
    /// The domain of endpoints that have addresses of both families.
    let dualStackDomain: String
    /// Whether the plain endpoints are the FIPS ones.
    var hasPlainFIPS = false
    /// Whether the dual-stack endpoint of DynamoDB Streams is `streams-dynamodb` and not `streams.dynamodb`.
    var hasFlatStreamsName = false

    /// The partition that has a Region. A Region that no partition is known to have counts as one of the first, as in every SDK.
    static func of(region: String) -> Partition { others.first { $0.mayHave(region) } ?? standard }

    private func mayHave(_ region: String) -> Bool {
        guard region.hasPrefix(prefix) else { return false }
        let parts = region.dropFirst(prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
            && ByteSet("0123456789").containsAll(of: parts[1])
    }

    private static let standard = Partition(
        id: "aws",
        prefix: "",
        domain: "amazonaws.com",
        dualStackDomain: "api.aws",
        hasFlatStreamsName: true
    )

    private static let others = [
        Partition(
            id: "aws-cn",
            prefix: "cn-",
            domain: "amazonaws.com.cn",
            dualStackDomain: "api.amazonwebservices.com.cn",
            hasFlatStreamsName: true
        ),
        Partition(
            id: "aws-us-gov",
            prefix: "us-gov-",
            domain: "amazonaws.com",
            dualStackDomain: "api.aws",
            hasPlainFIPS: true,
            hasFlatStreamsName: true
        ),
        Partition(id: "aws-iso", prefix: "us-iso-", domain: "c2s.ic.gov", dualStackDomain: "api.aws.ic.gov"),
        Partition(id: "aws-iso-b", prefix: "us-isob-", domain: "sc2s.sgov.gov", dualStackDomain: "api.aws.scloud"),
        Partition(
            id: "aws-iso-e",
            prefix: "eu-isoe-",
            domain: "cloud.adc-e.uk",
            dualStackDomain: "api.cloud-aws.adc-e.uk"
        ),
        Partition(id: "aws-iso-f", prefix: "us-isof-", domain: "csp.hci.ic.gov", dualStackDomain: "api.aws.hci.ic.gov"),
        Partition(
            id: "aws-eusc",
            prefix: "eusc-de-",
            domain: "amazonaws.eu",
            dualStackDomain: "api.amazonwebservices.eu"
        ),
    ]
}
