import Basics

/// A setting that cannot be used: one line that names it, what was wrong and what is allowed.
package struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// Wrong usage for flags and variables, a wrong configuration for files and unknown variables.
    package let status: ExitStatus

    /// A value that is not allowed. `source` is the flag, the variable, or the place in the file that it came from.
    init(source: String, value: String, form: SettingForm, status: ExitStatus = .usage) {
        self.init("\(source): '\(Excerpt.of(form.shown(value)))' is not allowed; \(form.allowed)", status)
    }

    /// A name that means nothing: `name` behind `prefix`, which all `known` names have in front too. The message begins with
    /// `place` and ends with the known name that is nearest, or with `hint`.
    init(unknown name: String, at place: String = "", prefix: String = "", known: [String], else hint: String) {
        let advice = Spelling.nearest(to: name, among: known).map { "Did you mean \(prefix)\($0)?" } ?? hint
        self.init("\(place)\(prefix)\(Excerpt.of(name)): unknown. \(advice)", .configuration)
    }

    init(_ description: String, _ status: ExitStatus = .usage) {
        self.description = description
        self.status = status
    }
}
