import Basics

/// AWS's shared config and credentials files: where they are, and what they say of a profile.
struct SharedFiles: Sendable, Hashable {
    let configPath: String?
    let credentialsPath: String?
    let byteLimit: Int

    /// Finds the files as every AWS tool does: `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, in which `~` and variables are
    /// replaced, otherwise `~/.aws`.
    init(environment: [String: String], byteLimit: Int) {
        func path(_ variable: String, _ name: String) -> String? {
            if let given = environment[variable], !given.isEmpty { return HomePath.expand(given, environment) }
            return HomePath.home(environment).map { "\($0)/.aws/\(name)" }
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
