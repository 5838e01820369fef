import Basics

/// A setting that cannot be used: one line that names it, what was wrong and what is allowed.
package struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// Wrong usage for flags and variables, a wrong configuration for files and unknown variables.
    package let status: ExitStatus

    /// A value that is not allowed. `source` is the flag, the variable, or the place in the file that it came from.
    init(source: String, value: String, allowed: String, status: ExitStatus = .usage) {
        var shown = String(value.prefix(80).map { $0.isNewline ? " " : $0 })
        if value.count > 80 { shown += "…" }
        self.init("\(source): '\(shown)' is not allowed; \(allowed)", status)
    }

    /// A name that means nothing, behind `place`. It ends with the known name that is nearest, or with `hint`.
    init(unknown name: String, _ place: String, known: [String], else hint: String) {
        let advice = Spelling.nearest(to: name, among: known).map { "Did you mean \($0)?" } ?? hint
        self.init("\(place)\(Excerpt.of(name)): unknown. \(advice)", .configuration)
    }

    init(_ description: String, _ status: ExitStatus = .usage) {
        self.description = description
        self.status = status
    }
}
