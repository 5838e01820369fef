/// Text of other people on a terminal.
package enum TerminalText {
    /// The text with its control characters as `\u0007`. A terminal obeys control characters: those of a table's contents must not reach
    /// it. JSON escapes C0, but not DEL and C1.
    package static func safe(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                output += "\\u" + Hex.text(scalar.value, width: 4)
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}
