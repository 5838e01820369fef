/// The head of an answer.
package struct AnswerHead: Sendable, Hashable {
    package var status: Int
    /// The version that the connection spoke: `1.0`, `1.1`, `2`.
    package var version: String
    /// Fields in order, names in lower case.
    package var fields: [Field]

    /// One field line.
    package struct Field: Sendable, Hashable {
        package var name: String
        package var value: String
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(status: Int, version: String, fields: [Field]) {
        self.status = status
        self.version = version
        self.fields = fields
    }

    /// The first value of a field, by lower-case name.
    package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Whether the answer is a stream of events.
    package var isEventStream: Bool { field("content-type")?.lowercased().hasPrefix("text/event-stream") ?? false }
}

/// Reads the lines of an answer's head as libcurl hands them over, one a call.
struct AnswerHeadReader {
    private(set) var head: AnswerHead?

    /// Takes one line, its line end included. A new status line (after a 1xx) begins a new head.
    mutating func receive(_ line: String) {
        let text = line.trimmingLineEnd
        if text.hasPrefix("HTTP/") {
            let words = text.split(separator: " ", maxSplits: 2)
            let version = words.first.map { String($0.dropFirst(5)) } ?? ""
            head = AnswerHead(status: words.count > 1 ? Int(words[1]) ?? 0 : 0, version: version, fields: [])
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return }
        let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        head?.fields.append(AnswerHead.Field(name: text[..<colon].lowercased(), value: String(value)))
    }
}

extension String {
    fileprivate var trimmingLineEnd: Substring {
        var text = self[...]
        while let last = text.unicodeScalars.last, last == "\r" || last == "\n" { text.unicodeScalars.removeLast() }
        return text
    }
}
