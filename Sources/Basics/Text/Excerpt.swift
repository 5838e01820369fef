/// A client's text as it may be shown in a response or a log: cut, and with nothing in it that is not seen or that
/// misleads.
package enum Excerpt {
    /// At most `limit` Unicode scalars of `text`, with controls, format characters and line separators as `\u{…}`, and
    /// a `…` where it was cut.
    package static func of(_ text: String, _ limit: Int = 80) -> String {
        var shown = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == limit { return shown + "…" }
            count += 1
            if isSeen(scalar) {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
        return shown
    }

    /// Whether a character is no control, format character or separator of lines, and has a meaning.
    package static func isSeen(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: false
        default: true
        }
    }
}
