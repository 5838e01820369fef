import Basics

/// How the values of an option are written, whatever their type.
struct SettingForm: Sendable, Hashable {
    enum Syntax: Sendable { case single, list, toggle }
    enum Completion: Sendable, Hashable {
        case nothing, file, directory
        case words([String])
    }

    /// The word behind the flag in `--help`.
    var placeholder: String
    /// The allowed values in a few words; nil where the meaning says them.
    var values: String?
    /// The end of the message for a bad value: the allowed ones.
    var allowed: String
    /// A list may be given repeatedly, and as an array in a file. A toggle needs no value behind its flag.
    var syntax = Syntax.single
    var completion = Completion.nothing
    /// Whether a value may hold a password, which must not be printed.
    var isURL = false
    /// Whether a file may have a number where a flag has digits.
    var takesNumbers = false

    /// The types of values in a file. A string is always one.
    var fileTypes: [SettingsFileValue.ValueType] {
        let others: [SettingsFileValue.ValueType] =
            switch syntax {
            case .single: takesNumbers ? [.number] : []
            case .list: [.strings]
            case .toggle: [.boolean]
            }
        return [.string] + others
    }

    /// A value as it may be printed: a URL without the user and the password before its host, also when it is no valid one.
    func shown(_ value: String) -> String {
        guard isURL, let at = value.lastIndex(of: "@") else { return value }
        let scheme = ["http://", "https://"].first { value.hasPrefix($0) } ?? ""
        return "\(scheme)***\(value[at...])"
    }
}

/// How the texts of an option become values of one type, and back.
struct SettingKind<Value: Sendable>: Sendable {
    var form: SettingForm
    /// The value that a text means; nil for a text that is not allowed.
    let read: @Sendable (String) -> Value?
    /// The text of a value; nil where it has none.
    var text: @Sendable (Value) -> String?

    /// The same for an option that can be unset, which no text does.
    var optional: SettingKind<Value?> {
        SettingKind<Value?>(form: form, read: { [read] in read($0).map { $0 } }, text: { [text] in $0.flatMap(text) })
    }
}

extension SettingKind where Value == String {
    /// A text that `isAllowed` accepts.
    static func text(
        _ placeholder: String,
        allowed: String,
        isAllowed: @escaping @Sendable (String) -> Bool
    ) -> Self {
        let form = SettingForm(placeholder: placeholder, allowed: allowed)
        return SettingKind(form: form, read: { isAllowed($0) ? $0 : nil }, text: { $0 })
    }

    /// The path of a file or of a directory.
    static func path(_ noun: String, _ completion: SettingForm.Completion) -> Self {
        var kind = text(noun, allowed: "give the path of a \(noun)") { !$0.isEmpty && !$0.utf8.contains(0) }
        kind.form.completion = completion
        return kind
    }
}

extension SettingKind where Value == Int {
    /// A whole number.
    static func integer(_ range: ClosedRange<Int>) -> Self {
        let values = "\(range.lowerBound) to \(range.upperBound)"
        let form = SettingForm(
            placeholder: "number",
            values: values,
            allowed: "give a whole number from \(values)",
            takesNumbers: true
        )
        return SettingKind(
            form: form,
            read: { Digits.integer($0).flatMap { range.contains($0) ? $0 : nil } },
            text: { "\($0)" }
        )
    }
}

extension SettingKind where Value == Int64 {
    /// A number of bytes, perhaps with a unit, or 0 for no bound.
    static func bytesOrNone(_ range: ClosedRange<Int64>, such example: String) -> Self {
        let bounds = "\(ByteText.exact(range.lowerBound)) to \(ByteText.exact(range.upperBound))"
        let form = SettingForm(
            placeholder: "bytes",
            values: "\(bounds), or 0",
            allowed: "give 0, or bytes from \(bounds), such as \(example)",
            takesNumbers: true
        )
        return SettingKind(
            form: form,
            read: { ByteText.parse($0).flatMap { $0 == 0 || range.contains($0) ? $0 : nil } },
            text: { ByteText.exact($0) }
        )
    }
}

extension SettingKind where Value == Duration {
    /// A time with its unit.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let form = SettingForm(
            placeholder: "duration",
            values: "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))",
            allowed: "give a duration from \(DurationText.hint(range, examples: ["250ms", "5s", "2m"]))",
            takesNumbers: true
        )
        return SettingKind(
            form: form,
            read: { DurationText.parse($0).flatMap { range.contains($0) ? $0 : nil } },
            text: { DurationText.format($0) }
        )
    }
}

extension SettingKind where Value == Duration? {
    /// A time with its unit, or 0 for none.
    static func durationOrNone(_ range: ClosedRange<Duration>, such example: String) -> Self {
        let duration = SettingKind<Duration>.duration(range)
        var form = duration.form
        form.values = duration.form.values.map { "\($0), or 0" }
        form.allowed =
            "give 0, or a duration from \(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound)), "
            + "such as \(example)"
        return SettingKind(
            form: form,
            read: { text in text == "0" ? .some(nil) : duration.read(text).map { $0 } },
            text: { $0.map { DurationText.format($0) } ?? "0" }
        )
    }
}

extension SettingKind where Value == Bool {
    /// On or off; `true` and `false` mean the same, as in files of JSON.
    static var toggle: Self {
        let form = SettingForm(
            placeholder: "on|off",
            allowed: "give on or off",
            syntax: .toggle,
            completion: .words(["on", "off"])
        )
        return SettingKind(
            form: form,
            read: { text in
                switch text {
                case "on", "true": true
                case "off", "false": false
                default: nil
                }
            },
            text: { $0 ? "on" : "off" }
        )
    }
}

extension SettingKind where Value: CaseIterable & RawRepresentable<String> & Sendable {
    /// One of the words of a type.
    static var choice: Self {
        let words = Value.allCases.map(\.rawValue)
        let form = SettingForm(
            placeholder: "word",
            values: "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")",
            allowed: "allowed are \(words.joined(separator: ", "))",
            completion: .words(words)
        )
        return SettingKind(form: form, read: { Value(rawValue: $0) }, text: { $0.rawValue })
    }
}
