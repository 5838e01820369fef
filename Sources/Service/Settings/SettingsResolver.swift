import Following
package import HTTPServer

/// Makes settings of flags, environment variables and a file of options, in this order. An empty variable counts as unset.
package struct SettingsResolver {
    private let flags: [String: String]
    private let environment: [String: String]
    private let table: [Setting]
    private let readFile: (String) throws(SettingsError) -> SettingsFile

    /// `flags` holds the values given on the command line by the names of their options, `environment` the process's variables.
    package init(
        flags: [String: String],
        environment: [String: String],
        table: [Setting] = SettingsTable.settings
    ) {
        self.init(flags: flags, environment: environment, table: table) { path throws(SettingsError) in
            try StartPatience("the file of options '\(path)' cannot be read").wait { () throws(SettingsError) in
                try SettingsFile(path: path, settings: table)
            }
        }
    }

    init(
        flags: [String: String],
        environment: [String: String],
        table: [Setting] = SettingsTable.settings,
        readFile: @escaping (String) throws(SettingsError) -> SettingsFile
    ) {
        self.flags = flags
        self.environment = environment
        self.table = table
        self.readFile = readFile
    }

    /// Every setting, checked. `defaultTable` is followed when none was named: `tablecast-demo` brings its own.
    package func resolve(defaultTable: String = "") throws(SettingsError) -> ResolvedSettings {
        try EnvironmentNames.check(environment, settings: table)
        var resolved = ResolvedSettings(settings: Settings(table: defaultTable))
        // Kubernetes gives it to every container.
        resolved.settings.isInKubernetes = environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false
        let file = try configurationFile()
        for setting in table {
            guard let given = given(setting, file) else { continue }
            guard setting.set(given.text, in: &resolved.settings) else { throw given.failure(setting) }
            resolved.given[setting.name] = given
        }
        try SettingsConflicts.check(resolved)
        for setting in table where !resolved.settings.following.isOn {
            if let missing = setting.missing, setting.text(in: resolved.settings) == "" { throw SettingsError(missing) }
        }
        return resolved
    }

    private func configurationFile() throws(SettingsError) -> SettingsFile? {
        let setting = ProcessOptions.configurationFile
        guard let given = given(setting, nil) else { return nil }
        var unused = Settings(table: "")
        guard setting.set(given.text, in: &unused) else { throw given.failure(setting) }
        return try readFile(given.text)
    }

    private func given(_ setting: Setting, _ file: SettingsFile?) -> GivenValue? {
        if let text = flags[setting.name] { return GivenValue(text: text, origin: .flag) }
        if let text = environment[setting.variable], !text.isEmpty { return GivenValue(text: text, origin: .variable) }
        guard let file, let entry = file.entries[setting.name] else { return nil }
        return GivenValue(text: entry.text, origin: .file(path: file.path, line: entry.line))
    }
}

/// A value as an operator gave it.
package struct GivenValue: Sendable, Hashable {
    enum Origin: Sendable, Hashable {
        case flag, variable
        case file(path: String, line: Int)
    }

    var text: String
    var origin: Origin

    /// The error for a text that is not allowed.
    func failure(_ setting: Setting) -> SettingsError {
        let (source, status): (String, ExitStatus) =
            switch origin {
            case .flag: (setting.flag, .usage)
            case .variable: (setting.variable, .usage)
            case .file(let path, let line): ("\(path):\(line): \(setting.name)", .configuration)
            }
        return SettingsError(source: source, value: text, form: setting.form, status: status)
    }
}

/// The settings of a start, and where they came from.
package struct ResolvedSettings: Sendable, Hashable {
    package var settings: Settings
    /// The values that were given, by the names of their options.
    package fileprivate(set) var given: [String: GivenValue] = [:]

    /// The settings for a service that was passed sockets: these take the place of the default address.
    package func settings(with passed: PassedSockets) -> Settings {
        var settings = settings
        if !passed.isEmpty, given[AccessOptions.listen.name] == nil { settings.listen = [] }
        return settings
    }
}
