import Basics

/// What a client would like (RFC 7240), as far as we do it: `wait`.
package struct Preferences: Sendable, Hashable {
    /// Seconds that the client is willing to wait for a response.
    package private(set) var wait: Int?

    /// Reads a field's value. The first of several equal preferences counts; what cannot be read is ignored (section
    /// 2).
    package init(_ field: String?) {
        guard let field else { return }
        for element in field.split(separator: ",") {
            let preference = element.prefix { $0 != ";" }
            let pair = preference.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, pair[0].trimmed().lowercased() == "wait" else { continue }
            var text = pair[1].trimmed()
            if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = text.dropFirst().dropLast() }
            wait = Digits.integer(text)
            return
        }
    }
}
