/// A setting that cannot be used: one line that names it, what was wrong and what is allowed.
package struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// `source` is the flag or the variable the value came from.
    init(source: String, value: String, allowed: String) {
        var shown = String(value.prefix(80).map { $0.isNewline ? " " : $0 })
        if value.count > 80 { shown += "…" }
        description = "\(source): '\(shown)' is not allowed; \(allowed)"
    }

    init(_ description: String) { self.description = description }
}
