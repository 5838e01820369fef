import Basics

/// The settings of one profile that say how it gets its keys.
struct ProfileSettings: Sendable {
    /// The keys that assume a profile's role.
    enum Source: Sendable, Hashable {
        case origin(ProfilePlan.Origin)
        case profile(String)
    }

    let profile: String
    private let properties: [String: String]
    private let hasKeysInCredentialsFile: Bool

    /// Takes the settings of a profile; those of an unknown one are empty.
    init(_ profile: String, in profiles: SharedProfiles) {
        self.profile = profile
        properties = profiles[profile] ?? [:]
        hasKeysInCredentialsFile = profiles.keysInCredentialsFile.contains(profile)
    }

    /// Nil for a setting without a value too.
    private subscript(name: String) -> String? { properties[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether the profile assumes a role with other keys. With a token file, the token takes their place.
    var hasRole: Bool { self["role_arn"] != nil && self["web_identity_token_file"] == nil }

    /// Whether the profile has an access key, or half of one.
    var hasKeys: Bool { self["aws_access_key_id"] != nil || self["aws_secret_access_key"] != nil }

    /// Where the profile gets keys without regard to a role that it assumes.
    func ownOrigin() throws(DynamoDBError) -> ProfilePlan.Origin {
        if let file = self["web_identity_token_file"] {
            guard self["role_arn"] != nil else {
                throw fault(
                    "IncompleteCredentials",
                    "web_identity_token_file is set, but role_arn is not",
                    hint: "Set both role_arn and web_identity_token_file, or neither."
                )
            }
            return .webIdentity(WebIdentity(session: try session(), tokenFile: file), profile: profile)
        }
        if self["sso_account_id"] != nil || self["sso_role_name"] != nil { return .singleSignOn(profile: profile) }
        if hasKeys, hasKeysInCredentialsFile { return .keys(try keys(), profile: profile) }
        if self["login_session"] != nil {
            throw fault(
                "UnsupportedProfile",
                "the profile gets its keys through login_session, which is not supported",
                hint: "Run `eval \"$(aws configure export-credentials --profile \(profile) --format env)\"` first."
            )
        }
        if let command = self["credential_process"] { return .process(command: command, profile: profile) }
        if hasKeys { return .keys(try keys(), profile: profile) }
        // Half of the settings of SSO: whoever wrote them wants to hear what is missing.
        let isHalf = self["sso_session"] != nil || self["sso_start_url"] != nil
        return isHalf ? .singleSignOn(profile: profile) : .nothing(profile: profile)
    }

    private func keys() throws(DynamoDBError) -> Credentials {
        try Credentials.checked(
            accessKeyID: self["aws_access_key_id"],
            secretAccessKey: self["aws_secret_access_key"],
            sessionToken: self["aws_session_token"] ?? self["aws_security_token"],
            names: ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
            subject: "profile \(profile)"
        )
    }

    /// The role that the profile assumes.
    func role() throws(DynamoDBError) -> RoleSession {
        guard self["mfa_serial"] == nil else {
            throw fault(
                "UnsupportedProfile",
                "the role asks for the code of an MFA device (mfa_serial), and a service has nobody to ask for it",
                hint:
                    "Use a role without MFA, or run `eval \"$(aws configure export-credentials --profile \(profile) --format env)\"` first."
            )
        }
        return try session()
    }

    /// The keys that assume the role.
    func source() throws(DynamoDBError) -> Source {
        let hint =
            "Set source_profile to a profile that has keys, or credential_source to Environment, Ec2InstanceMetadata or EcsContainer."
        switch (self["source_profile"], self["credential_source"]) {
        case (let name?, nil): return .profile(name)
        case (nil, let source?):
            switch source.lowercased() {
            case "environment": return .origin(.environment)
            case "ecscontainer": return .origin(.container)
            case "ec2instancemetadata": return .origin(.instance)
            default:
                throw fault("InvalidProfile", "credential_source \"\(source.prefix(80))\" is not known", hint: hint)
            }
        case (nil, nil):
            throw fault(
                "IncompleteCredentials",
                "role_arn is set, but neither source_profile nor credential_source is",
                hint: hint
            )
        case (_?, _?):
            throw fault(
                "InvalidProfile",
                "role_arn has both source_profile and credential_source",
                hint: "Remove one of them."
            )
        }
    }

    private func session() throws(DynamoDBError) -> RoleSession {
        RoleSession(
            arn: self["role_arn"] ?? "",
            name: self["role_session_name"],
            externalID: self["external_id"],
            seconds: try seconds()
        )
    }

    private func seconds() throws(DynamoDBError) -> Int? {
        guard let text = self["duration_seconds"] else { return nil }
        // STS's own bounds (API reference, AssumeRole).
        guard let seconds = Int(text), (900...43_200).contains(seconds) else {
            throw fault(
                "InvalidProfile",
                "duration_seconds must be a number from 900 to 43200; \"\(text.prefix(40))\" is not one",
                hint: "Correct it, or remove it: without it a role's keys hold for an hour."
            )
        }
        return seconds
    }

    /// A fault of the profile, which lasts until somebody changes the files.
    func fault(_ code: DynamoDBError.Code, _ message: String, hint: String) -> DynamoDBError {
        .configuration(subject: "profile \(profile)", code: code, message: message, hint: hint, kind: .accessDenied)
    }
}
