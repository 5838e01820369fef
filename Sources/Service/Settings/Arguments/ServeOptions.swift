import ArgumentParser

/// The flags of the commands that take the service's options, made of `SettingsTable`. Values stay text here: `SettingsResolver` checks
/// those of flags, variables and files alike.
///
/// ArgumentParser takes definitions from the mirror of an empty value and results through `Decodable`. It usually finds stored
/// properties there; here both come from the table, so that an option needs no property.
package struct ServeOptions: ParsableArguments, CustomReflectable {
    /// The values that were given, by the names of their options; those of a list are joined with commas.
    package let given: [String: String]

    package init() { given = [:] }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OptionKey.self)
        given = try SettingsTable.groups.reduce(into: [:]) { given, group in
            given.merge(try group.given(in: container)) { first, _ in first }
        }
    }

    package var customMirror: Mirror { Mirror(self, children: SettingsTable.groups.map { $0.definition }) }

    /// Throws for a switch with nothing behind its `=`, as an unset variable of a shell leaves it: ArgumentParser takes it for the
    /// switch alone, which turns it on.
    static func checkSwitches(_ arguments: [String]) throws(SettingsError) {
        for setting in SettingsTable.settings where setting.form.syntax == .toggle {
            guard !arguments.contains(setting.flag + "=") else {
                throw SettingsError(source: setting.flag, value: "", form: setting.form)
            }
        }
    }
}

/// The flags of one group, under its heading in `--help`.
struct GroupOptions<Group: SettingGroup>: ParsableArguments, CustomReflectable {
    let given: [String: String]

    init() { given = [:] }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OptionKey.self)
        given = try Group.settings.reduce(into: [:]) { given, setting in
            given[setting.name] = try setting.given(in: container)
        }
    }

    var customMirror: Mirror { Mirror(self, children: Group.settings.map(\.definition)) }
}

extension SettingGroup {
    fileprivate static var definition: Mirror.Child {
        (label: title, value: OptionGroup<GroupOptions<Self>>(title: title))
    }

    fileprivate static func given(in container: KeyedDecodingContainer<OptionKey>) throws -> [String: String] {
        try container.decode(OptionGroup<GroupOptions<Self>>.self, forKey: OptionKey(title)).wrappedValue.given
    }
}

extension Setting {
    fileprivate var definition: Mirror.Child {
        let names = NameSpecification.customLong(name)
        let words = ArgumentHelp(help, valueName: form.placeholder)
        let completion = form.completion.kind
        return switch form.syntax {
        case .single:
            (label: name, value: Option<String?>(name: names, help: words, completion: completion))
        case .list:
            (label: name, value: Option<[String]>(wrappedValue: [], name: names, help: words, completion: completion))
        case .toggle:
            (
                label: name,
                value: Option<String?>(
                    wrappedValue: nil,
                    name: names,
                    defaultAsFlag: "on",
                    parsing: .next,
                    help: words,
                    completion: completion
                )
            )
        }
    }

    fileprivate func given(in container: KeyedDecodingContainer<OptionKey>) throws -> String? {
        guard form.syntax == .list else {
            return try container.decode(Option<String?>.self, forKey: OptionKey(name)).wrappedValue
        }
        let values = try container.decode(Option<[String]>.self, forKey: OptionKey(name)).wrappedValue
        return values.isEmpty ? nil : values.joined(separator: ",")
    }
}

extension SettingForm.Completion {
    fileprivate var kind: CompletionKind? {
        switch self {
        case .nothing: nil
        case .file: .file()
        case .directory: .directory
        case .words(let words): .list(words)
        }
    }
}

/// The name of an option or of a group as ArgumentParser keeps it.
private struct OptionKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}
