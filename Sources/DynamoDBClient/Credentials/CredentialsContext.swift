/// All that the sources of keys need of the configuration.
struct CredentialsContext: Sendable {
    /// The process's variables; those set to nothing are left out.
    let environment: [String: String]
    /// The profile in use.
    let profile: String
    /// Whether an option named the profile, so that it wins over the environment.
    let isProfileChosen: Bool
    let files: SharedFiles
    /// The Region of the requests.
    let region: String
    let http: CredentialsHTTP
    let clock: AWSClock
    let limits: DynamoDBClientLimits
    /// The endpoint of a service in a Region, as variables and profile say.
    let endpoint: @Sendable (RegionalService, _ region: String) throws(DynamoDBError) -> Endpoint
}

extension CredentialsContext {
    /// The sources of keys in the order of the AWS SDKs (AWS SDKs and Tools Reference Guide, "Standardized credential providers").
    func sources() -> CredentialsChain {
        let container = ContainerCredentials(environment: environment, http: http, limits: limits)
        let instance = InstanceCredentials(self)
        var sources: [any CredentialsSource] = []
        // As in the SDKs, a profile that an option names keeps the variables' keys out, and nothing else.
        if !isProfileChosen {
            sources.append(EnvironmentCredentials(environment: environment))
            sources.append(WebIdentityCredentials(self))
        }
        sources.append(
            ProfileCredentials(
                profile: profile,
                sources: ProfileSources(context: self, container: container, instance: instance)
            )
        )
        sources += [container, instance]
        return CredentialsChain(sources)
    }
}
