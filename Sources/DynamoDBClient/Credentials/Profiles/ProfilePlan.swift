/// How a profile gets its keys: where the first ones come from, and the roles that are then assumed. Pure: reads no file and makes no call.
///
/// The order within a profile is botocore's: a role of a source profile, a web identity, SSO, static keys of the credentials file, a process,
/// static keys of the config file. In a source profile its static keys win over its role, so that a profile may name itself as the source.
struct ProfilePlan: Sendable, Hashable {
    /// A place that keys come from.
    enum Origin: Sendable, Hashable {
        /// `credential_source = Environment`.
        case environment
        /// `credential_source = EcsContainer`.
        case container
        /// `credential_source = Ec2InstanceMetadata`.
        case instance
        /// The access key in a profile.
        case keys(Credentials, profile: String)
        case webIdentity(WebIdentity, profile: String)
        case singleSignOn(profile: String)
        case process(command: String, profile: String)
        /// A profile that gives no keys in any way.
        case nothing(profile: String)

        /// In an operator's words.
        var name: String {
            switch self {
            case .environment: "credential_source Environment"
            case .container: "credential_source EcsContainer"
            case .instance: "credential_source Ec2InstanceMetadata"
            case .keys(_, let profile), .webIdentity(_, let profile), .singleSignOn(let profile),
                .process(_, let profile),
                .nothing(let profile):
                "profile \(profile)"
            }
        }
    }

    let origin: Origin
    /// In the order in which they are assumed.
    private(set) var roles: [RoleSession] = []

    /// Reads the plan of `profile`. Throws, in words, for settings that contradict each other, are incomplete or form a loop.
    init(_ profile: String, in profiles: SharedProfiles) throws(DynamoDBError) {
        try self.init(ProfileSettings(profile, in: profiles), in: profiles, visited: [profile])
    }

    private init(
        _ settings: ProfileSettings,
        in profiles: SharedProfiles,
        visited: [String]
    ) throws(DynamoDBError) {
        let isSource = visited.count > 1
        guard settings.hasRole, !(isSource && settings.hasKeys) else {
            origin = try settings.ownOrigin()
            return
        }
        let role = try settings.role()
        switch try settings.source() {
        case .origin(let source): origin = source
        case .profile(let name):
            guard profiles[name] != nil else {
                throw settings.fault(
                    "UnknownProfile",
                    "there is no profile \(name), which source_profile names",
                    hint: "Set source_profile to a profile of the shared files, or add that profile."
                )
            }
            let source = ProfileSettings(name, in: profiles)
            let isItself = name == settings.profile && !isSource && source.hasKeys
            guard isItself || !visited.contains(name) else {
                throw settings.fault(
                    "ProfileLoop",
                    "the source profiles form a loop: \((visited + [name]).joined(separator: " → "))",
                    hint: "End the chain at a profile that has keys, or with credential_source."
                )
            }
            let plan = try ProfilePlan(source, in: profiles, visited: visited + [name])
            origin = plan.origin
            roles = plan.roles
        }
        roles.append(role)
    }
}
