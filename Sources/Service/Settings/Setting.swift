/// One option of the service. Its declaration is the only place that names it: its flag, its variable, its name in a file, its
/// lines in the help and in the documentation and the message for a bad value are made of it.
package struct Setting: Sendable {
    /// The name, as in `poll-interval`: of lower-case letters and dashes.
    package let name: String
    /// Form of the values.
    let form: SettingForm
    /// A valid value that is not the default.
    package let example: String
    /// The error where no value was given; nil where there is a default.
    let missing: String?
    /// The meaning, in whole sentences. Code stands in backticks.
    let meaning: String
    /// A further sentence of the documentation, with links (Markdown); empty for none.
    let seeAlso: String

    /// The kind of replica that the option is for.
    let scope: SettingScope

    private let defaultWords: String?
    private let reading: @Sendable (String, inout Settings) -> Bool
    private let showing: @Sendable (Settings) -> String?

    /// Declares an option that sets the value under `path`. The default is the value of a new `Settings`; `words` describe it
    /// where it is nil or depends on the machine.
    init<Value>(
        _ name: String,
        _ path: any WritableKeyPath<Settings, Value> & Sendable,
        _ kind: SettingKind<Value>,
        default words: String? = nil,
        example: String,
        missing: String? = nil,
        _ meaning: String,
        seeAlso: String = "",
        scope: SettingScope = .any
    ) {
        self.name = name
        form = kind.form
        self.example = example
        self.missing = missing
        self.meaning = meaning
        self.seeAlso = seeAlso
        self.scope = scope
        defaultWords = words
        reading = { text, settings in
            guard let value = kind.read(text) else { return false }
            settings[keyPath: path] = value
            return true
        }
        showing = { kind.text($0[keyPath: path]) }
    }

    /// `--poll-interval`.
    package var flag: String { "--" + name }

    /// `TABLECAST_POLL_INTERVAL`.
    package var variable: String {
        EnvironmentNames.prefix + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// Sets the value that `text` means; false when it is not allowed.
    func set(_ text: String, in settings: inout Settings) -> Bool { reading(text, &settings) }

    /// The value in `settings` as it would be given; nil where there is none, or where its kind has no text for it.
    func text(in settings: Settings) -> String? { showing(settings) }

    /// The default that is a value; nil where only words describe it.
    var defaultValue: String? { defaultWords == nil && missing == nil ? showing(Settings(table: "")) : nil }

    /// The default in words.
    var defaultText: String { defaultWords ?? (missing == nil ? defaultValue ?? "none" : "required") }

    /// The meaning and the values.
    var explanation: String {
        if let values = form.values { return "\(meaning) Values: \(values)." }
        return form.syntax == .toggle ? meaning : "\(meaning) Example: `\(example)`."
    }

    /// The explanation, the default and the variable, for `--help`.
    var help: String {
        "\(explanation) \(missing == nil ? "Default: \(defaultText)" : "Required"). [\(variable)]"
    }
}

/// Options that belong together: a part of `--help` and of the documentation.
package protocol SettingGroup: SendableMetatype {
    /// The heading.
    static var title: String { get }
    /// The options, in the order in which they are shown.
    static var settings: [Setting] { get }
}

/// Every option of the service.
package enum SettingsTable {
    static let groups: [any SettingGroup.Type] = [
        TableOptions.self, ReplicaOptions.self, FollowOptions.self, AccessOptions.self, LimitOptions.self,
        ProcessOptions.self,
    ]
    /// The options of all groups.
    package static let settings: [Setting] = groups.flatMap { $0.settings }
}
