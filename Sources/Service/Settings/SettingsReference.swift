/// The tables of options in the documentation, made of the declarations.
package enum SettingsReference {
    /// A heading and a table of Markdown for each group.
    package static var markdown: String { SettingsTable.groups.map { part($0) }.joined(separator: "\n") }

    /// The part of one group.
    static func part(_ group: any SettingGroup.Type) -> String {
        let rows = group.settings.map { setting in
            let fallback = setting.defaultValue.map { "`\($0)`" } ?? setting.defaultText
            let words = setting.explanation + (setting.seeAlso.isEmpty ? "" : " \(setting.seeAlso)")
            return "| `\(setting.flag)` | `\(setting.variable)` | \(fallback) | \(words) |\n"
        }
        return """
            ### \(group.title)

            | option | environment variable | default | meaning |
            |---|---|---|---|
            \(rows.joined())
            """
    }
}
