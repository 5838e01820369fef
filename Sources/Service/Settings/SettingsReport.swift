import Basics

/// The output of `tablecast config`: every option with its effective value and the origin of that. Passwords in URLs are masked.
package struct SettingsReport: Sendable {
    private struct Row: Sendable {
        var name: String
        /// Nil where there is no value, and `words` describe the default.
        var value: String?
        var words: String
        var origin: String
    }

    private let rows: [Row]

    /// A report of `resolved` over the options of `table`.
    package init(_ resolved: ResolvedSettings, table: [Setting] = SettingsTable.settings) {
        rows = table.map { setting in
            let given = resolved.given[setting.name]
            let value = setting.text(in: resolved.settings) ?? given?.text
            return Row(
                name: setting.name,
                value: value.map(setting.form.shown),
                words: setting.defaultText,
                origin: Self.origin(given, setting)
            )
        }
    }

    /// A line for each option: name, value and origin in columns.
    package var text: String {
        let names = rows.map(\.name.count).max() ?? 0
        let values = rows.map { min(32, Self.shown($0).count) }.max() ?? 0
        return rows.map { row in
            "\(Self.padded(row.name, names))  \(Self.padded(Self.shown(row), values))  \(row.origin)"
        }.joined(separator: "\n")
    }

    /// One object of JSON: `{"listen":{"value":"127.0.0.1:8080","origin":"default"},…}`. A value is a string, or null where only
    /// words describe the default.
    package var json: String {
        let bytes = JSONWriter.object { json in
            for row in rows {
                json.name(row.name)
                json.object { json in
                    json.member("value", row.value)
                    json.member("origin", row.origin)
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func shown(_ row: Row) -> String { row.value.map { Excerpt.of($0, 1_024) } ?? "(\(row.words))" }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func origin(_ given: GivenValue?, _ setting: Setting) -> String {
        switch given?.origin {
        case .flag: "flag \(setting.flag)"
        case .variable: "variable \(setting.variable)"
        case .file(let path, let line): "file \(path):\(line)"
        case nil: "default"
        }
    }
}
