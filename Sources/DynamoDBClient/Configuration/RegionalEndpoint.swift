/// A service with an endpoint in each Region. The raw value names it in `AWS_ENDPOINT_URL_…` and in a `services` section.
enum RegionalService: String, Sendable, CaseIterable {
    case dynamoDB = "dynamodb"
    case dynamoDBStreams = "dynamodb_streams"
    case sts
    case sso

    /// The variable that holds the service's own endpoint.
    var endpointVariable: String { "AWS_ENDPOINT_URL_\(rawValue.uppercased())" }

    /// The part of the host's name before the Region.
    fileprivate func hostPrefix(_ variant: EndpointVariant, _ partition: Partition) -> String {
        let isPlain = !variant.isFIPS || (partition.hasPlainFIPS && !variant.isDualStack)
        let suffix = isPlain ? "" : "-fips"
        switch self {
        case .dynamoDB: return "dynamodb\(suffix)"
        case .dynamoDBStreams:
            let isFlat = variant.isDualStack && partition.hasFlatStreamsName
            return (isFlat ? "streams-dynamodb" : "streams.dynamodb") + suffix
        case .sts: return "sts\(suffix)"
        case .sso: return "portal.sso\(suffix)"
        }
    }
}

/// The kind of a Region's endpoint (AWS SDKs and Tools Reference Guide, "Dual-stack and FIPS endpoints").
struct EndpointVariant: Sendable, Hashable {
    /// Whether its cryptography is validated to FIPS 140.
    var isFIPS = false
    /// Whether it has addresses of IPv4 and IPv6.
    var isDualStack = false
}

extension Endpoint {
    /// The endpoint of a service in a Region, by the rules of the AWS SDKs (`endpoint-rule-set-1.json` of each service). Every partition
    /// has every variant.
    init(_ service: RegionalService, region: String, variant: EndpointVariant = EndpointVariant()) {
        let partition = Partition.of(region: region)
        let domain = variant.isDualStack ? partition.dualStackDomain : partition.domain
        self.init(scheme: "https", host: "\(service.hostPrefix(variant, partition)).\(region).\(domain)")
    }
}
