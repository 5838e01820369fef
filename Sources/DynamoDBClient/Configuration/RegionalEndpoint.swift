/// A service with an endpoint in each Region.
enum RegionalService: String, Sendable {
    case dynamoDB = "dynamodb"
    case dynamoDBStreams = "streams.dynamodb"
    case sts
    case sso = "portal.sso"
}

extension Endpoint {
    /// The endpoint of a service in a Region (AWS General Reference, "Service endpoints").
    init(_ service: RegionalService, region: String) {
        // The Chinese regions have a domain of their own.
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        self.init(scheme: "https", host: "\(service.rawValue).\(region).\(domain)")
    }
}
