/// The address of the instance metadata service (AWS SDKs and Tools Reference Guide, "IMDS credential provider").
enum InstanceEndpoint {
    static let disabledVariable = "AWS_EC2_METADATA_DISABLED"

    private static let endpointVariable = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
    private static let endpointProperty = "ec2_metadata_service_endpoint"
    private static let modeVariable = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
    private static let modeProperty = "ec2_metadata_service_endpoint_mode"
    private static let ipv4 = "http://169.254.169.254"
    private static let ipv6 = "http://[fd00:ec2::254]"

    /// Whether the service is switched off for this process.
    static func isDisabled(_ environment: [String: String]) -> Bool {
        environment[disabledVariable]?.lowercased() == "true"
    }

    /// The address that the variables and the profile name: an endpoint wins over a mode, and a variable over the profile. `properties`
    /// are the profile's.
    static func url(environment: [String: String], properties: [String: String]) throws(DynamoDBError) -> MetadataURL {
        if let given = value(environment, endpointVariable) ?? value(properties, endpointProperty) {
            return try MetadataURL(given.text, source: given.name, example: ipv4)
        }
        guard let mode = value(environment, modeVariable) ?? value(properties, modeProperty) else {
            return try MetadataURL(ipv4, source: endpointVariable, example: ipv4)
        }
        switch mode.text.lowercased() {
        case "ipv4": return try MetadataURL(ipv4, source: mode.name, example: ipv4)
        case "ipv6": return try MetadataURL(ipv6, source: mode.name, example: ipv4)
        default:
            throw .configuration(
                subject: mode.name,
                code: "InvalidEndpointMode",
                message: "\"\(mode.text.prefix(40))\" is not a mode of the instance metadata service",
                hint: "Give IPv4 or IPv6.",
                kind: .accessDenied
            )
        }
    }

    private static func value(_ settings: [String: String], _ name: String) -> (name: String, text: String)? {
        settings[name].flatMap { $0.isEmpty ? nil : (name, $0) }
    }
}
