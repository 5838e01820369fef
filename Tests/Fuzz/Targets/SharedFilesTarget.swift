@testable import DynamoDBClient

/// AWS's shared files, the words of a command, and what programs and logins leave: read or refused, never the end of the process. A file
/// that is read comes back when it is written and read again, and so do words that are quoted.
struct SharedFilesTarget: FuzzTarget {
    func run(_ bytes: UnsafeRawBufferPointer) {
        let bytes = Array(bytes)
        _ = try? ProcessOutput(bytes)
        _ = try? SSOToken(bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        _ = HomePath.expand(text, ["HOME": text, "A": "b"])
        require(!Redaction.of(text, secrets: ["secret!"]).utf8.contains("secret!".utf8), "a secret that is shown")
        if let words = try? CommandWords.split(text) {
            // By scalars: a quote before a combining character is a quote.
            let quoted = words.map { word in
                "'" + word.unicodeScalars.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
            }
            let again = try? CommandWords.split(quoted.joined(separator: " "))
            require(again == words, "words that do not come back")
        }
        guard let document = try? INIDocument(bytes) else { return }
        _ = SharedProfiles(config: document, credentials: document)
        guard let written = Self.text(document) else { return }
        require((try? INIDocument(Array(written.utf8))) == document, "a file that does not come back")
    }

    /// The file of a document; nil where a name would be a comment on a line of its own.
    private static func text(_ document: INIDocument) -> String? {
        var text = ""
        for section in document.sections {
            text += "[\(section.name)]\n"
            for (name, value) in section.values {
                text +=
                    "\(name) = \(value.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  "))\n"
            }
            for (name, values) in section.nested {
                text += "\(name) =\n"
                for (inner, value) in values {
                    if let first = inner.unicodeScalars.first, first == "#" || first == ";" { return nil }
                    text += "  \(inner)=\(value)\n"
                }
            }
        }
        return text
    }
}
