import Basics

/// AWS's shared config and credentials files: where they are, and what they say of a profile.
struct SharedFiles: Sendable, Hashable {
    let configPath: String?
    let credentialsPath: String?
    let byteLimit: Int

    /// Finds the files as every AWS tool does: `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, otherwise `~/.aws`.
    init(environment: [String: String], byteLimit: Int) {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        func path(_ variable: String, _ name: String) -> String? {
            guard let given = environment[variable], !given.isEmpty else { return home.map { "\($0)/.aws/\(name)" } }
            guard given.hasPrefix("~/"), let home else { return given }
            return home + given.dropFirst(1)
        }
        configPath = path("AWS_CONFIG_FILE", "config")
        credentialsPath = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        self.byteLimit = byteLimit
    }

    /// Reads both files. A missing file says nothing.
    func load() throws(DynamoDBError) -> SharedProfiles {
        SharedProfiles(config: try document(configPath), credentials: try document(credentialsPath))
    }

    private func document(_ path: String?) throws(DynamoDBError) -> INIDocument? {
        guard let path else { return nil }
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile.read(path, limit: byteLimit)
        } catch {
            if error == .missing { return nil }
            throw .configuration(
                subject: path,
                code: "UnreadableFile",
                message: error.reason,
                hint: "Check the file and its permissions, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE."
            )
        }
        do {
            return try INIDocument(bytes)
        } catch {
            throw .configuration(
                subject: path,
                code: "InvalidFile",
                message: "line \(error.line): \(error.reason)",
                hint: "Mend that line; the file is in the format that `aws configure` writes."
            )
        }
    }
}

/// The profiles of both files, merged: the credentials file wins where both name a property.
struct SharedProfiles: Sendable, Hashable {
    private let profiles: [String: [String: String]]
    private let services: [String: [String: String]]

    init(config: INIDocument?, credentials: INIDocument?) {
        var profiles: [String: [String: String]] = [:]
        var services: [String: [String: String]] = [:]
        // `[profile default]` wins over `[default]`, so the prefixed sections are merged last.
        let sections = (config?.sections ?? [:]).sorted {
            !$0.key.hasPrefix("profile ") && $1.key.hasPrefix("profile ")
        }
        for (header, values) in sections {
            if header == "default" {
                profiles["default", default: [:]].merge(values) { _, new in new }
            } else if header.hasPrefix("profile ") {
                profiles[String(header.dropFirst(8)), default: [:]].merge(values) { _, new in new }
            } else if header.hasPrefix("services ") {
                services[String(header.dropFirst(9)), default: [:]].merge(values) { _, new in new }
            }
        }
        for (header, values) in credentials?.sections ?? [:] {
            profiles[header, default: [:]].merge(values) { _, new in new }
        }
        self.profiles = profiles
        self.services = services
    }

    /// The names of all profiles, sorted.
    var names: [String] { profiles.keys.sorted() }

    /// A profile's properties; nil when neither file has it.
    subscript(profile: String) -> [String: String]? { profiles[profile] }

    /// The properties of a `services` section; nil where the config file has none of that name. A service's are nested below its name,
    /// as in `dynamodb.endpoint_url`.
    func services(_ name: String) -> [String: String]? { services[name] }
}
