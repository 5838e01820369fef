/// The contents of both shared files, merged as botocore merges them: in a profile, the credentials file wins over the config file.
struct SharedProfiles: Sendable, Hashable {
    /// The merged sections of the profiles, by name.
    private(set) var profiles: [String: INIDocument.Section] = [:]
    /// The `services` sections, by name.
    private(set) var serviceSections: [String: INIDocument.Section] = [:]
    /// The properties of the `sso-session` sections, by name.
    private(set) var sessions: [String: [String: String]] = [:]
    /// The profiles whose access key is in the credentials file: in a profile's order of sources it stands before that of the config file.
    private(set) var keysInCredentialsFile: Set<String> = []

    /// Merges the two files; nil is a file that is not there.
    init(config: INIDocument?, credentials: INIDocument?) {
        for section in config?.sections ?? [] {
            // Of two headers of one profile, as in `[default]` and `[profile default]`, the later one counts.
            if section.name == "default" {
                profiles[section.name] = section
            } else if section.name.hasPrefix("profile"), let name = Self.nameInHeader(section) {
                profiles[name] = section
            } else if section.name.hasPrefix("sso-session"), let name = Self.nameInHeader(section) {
                sessions[name] = section.values
            } else if section.name.hasPrefix("services"), let name = Self.nameInHeader(section) {
                serviceSections[name] = section
            }
        }
        for section in credentials?.sections ?? [] {
            profiles[section.name, default: INIDocument.Section(name: section.name)].take(section)
            if section.values["aws_access_key_id"] != nil { keysInCredentialsFile.insert(section.name) }
        }
    }

    /// The second of the two words of a header such as `profile "my dev"`.
    private static func nameInHeader(_ section: INIDocument.Section) -> String? {
        guard let words = try? CommandWords.split(section.name), words.count == 2 else { return nil }
        return words[1]
    }

    /// The names of all profiles, sorted.
    var names: [String] { profiles.keys.sorted() }

    /// A profile's properties; nil when neither file has it.
    subscript(profile: String) -> [String: String]? { profiles[profile]?.values }

    /// The properties of a `services` section, such as `dynamodb.endpoint_url`; nil when the config file has no such section.
    func services(_ name: String) -> [String: String]? {
        guard let section = serviceSections[name] else { return nil }
        var properties = section.values
        for (service, values) in section.nested {
            for (property, value) in values { properties["\(service).\(property)"] = value }
        }
        return properties
    }
}

extension INIDocument.Section {
    /// Overrides properties with those of the credentials file. The two keys and the token come from one file only: a token that the
    /// config file has left over would spoil the other file's keys.
    fileprivate mutating func take(_ other: INIDocument.Section) {
        let keys = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"]
        if keys.contains(where: { other.values[$0] != nil }) {
            for key in keys { values[key] = nil }
        }
        for (name, value) in other.values {
            values[name] = value
            nested[name] = nil
        }
        for (name, value) in other.nested {
            nested[name] = value
            values[name] = nil
        }
    }
}
