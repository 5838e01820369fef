/// Finds the endpoint of a service: by options, variables, the shared files, and by the Region where none of them names one.
///
/// The order is that of the AWS SDKs and Tools Reference Guide, "Service-specific endpoints": a service's own variable,
/// `AWS_ENDPOINT_URL`, the profile's `services` section, its `endpoint_url`. Options are first. A setting of Streams alone is more
/// specific than the option for both services, and wins over it.
struct EndpointSearch: Sendable {
    let settings: SharedSettings
    let overrides: AWSOverrides

    /// The endpoint of `service` in `region`.
    ///
    /// Throws, in words, for an invalid URL, an invalid Region, a switch that is neither true nor false, a `services` section that is
    /// missing, and FIPS or dual-stack together with a URL.
    func endpoint(_ service: RegionalService, region: String) throws(DynamoDBError) -> Endpoint {
        let fips = try settings.switchedOn("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")
        let dualStack = try settings.switchedOn("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")
        guard let url = try configured(service) else {
            try RegionSearch.check(region, source: "Region of \(service.rawValue)")
            return Endpoint(
                service,
                region: region,
                variant: EndpointVariant(isFIPS: fips != nil, isDualStack: dualStack != nil)
            )
        }
        let endpoint = try Endpoint(url.value, source: url.source, of: service)
        if let fips { throw Self.conflict(url, with: "FIPS endpoint", fips) }
        if let dualStack { throw Self.conflict(url, with: "dual-stack endpoint", dualStack) }
        return endpoint
    }

    /// The URL that options, variables or files name; nil for the Region's own endpoint.
    private func configured(_ service: RegionalService) throws(DynamoDBError) -> SharedSettings.Found? {
        let isIgnored =
            try settings.switchedOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls") != nil
        let option = Self.option(overrides.endpointURL, "endpoint URL")
        switch service {
        case .dynamoDB:
            if let option { return option }
        case .dynamoDBStreams:
            if let url = Self.option(overrides.streamsEndpointURL, "streams endpoint URL") { return url }
            // A setting of Streams alone wins over the option for both.
            if let option {
                if isIgnored { return option }
                if let url = ownVariable(service) { return url }
                if let url = try ownSection(service) { return url }
                return option
            }
        case .sts, .sso: break
        }
        if isIgnored { return nil }
        if let url = ownVariable(service) ?? settings.variable("AWS_ENDPOINT_URL") { return url }
        if let url = try ownSection(service) { return url }
        return settings.property("endpoint_url")
    }

    private static func option(_ value: String?, _ source: String) -> SharedSettings.Found? {
        value.map { SharedSettings.Found(value: $0, source: source) }
    }

    private func ownVariable(_ service: RegionalService) -> SharedSettings.Found? {
        settings.variable(service.endpointVariable)
    }

    private func ownSection(_ service: RegionalService) throws(DynamoDBError) -> SharedSettings.Found? {
        guard let name = settings.property("services") else { return nil }
        guard let section = settings.profiles.services(name.value) else {
            throw .configuration(
                subject: name.source,
                code: "UnknownServices",
                message: "there is no section [services \(name.value.prefix(80))] in the config file",
                hint: "Add the section, or remove the line services from the profile."
            )
        }
        guard let url = section["\(service.rawValue).endpoint_url"], !url.isEmpty else { return nil }
        return SharedSettings.Found(value: url, source: "\(service.rawValue) of section services \(name.value)")
    }

    private static func conflict(_ url: SharedSettings.Found, with kind: String, _ source: String) -> DynamoDBError {
        .configuration(
            subject: url.source,
            code: "ConflictingEndpoint",
            message: "a URL cannot be combined with \(source), which asks for AWS's own \(kind)",
            hint: "Remove the URL, or set \(source.hasPrefix("AWS_") ? "\(source)=false" : "\(source) to false")."
        )
    }
}
