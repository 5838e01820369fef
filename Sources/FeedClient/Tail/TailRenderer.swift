import Basics

/// Turns events into the lines of `tablecast tail`.
package struct TailRenderer: Sendable {
    /// The output of a line.
    package enum Line: Sendable, Hashable {
        /// A change: standard output.
        case change(String)
        /// Standard error: the state of the feed.
        case note(String)
    }

    /// The reader of the lines.
    package enum Style: Sendable, Hashable {
        /// One JSON object a change, as the feed carries it.
        case json
        /// For eyes, with the colours of a terminal.
        case coloured
        /// For eyes, without.
        case plain
    }

    private let style: Style

    package init(style: Style) { self.style = style }

    /// The line of an event; nil for one that says nothing worth a line (a bookmark).
    package func line(of event: ServerSentEvent) -> Line? {
        switch event.name {
        case "message": .change(change(event.data))
        case "bookmark": nil
        default: .note(note(event))
        }
    }

    private func change(_ data: [UInt8]) -> String {
        let text = String(decoding: data, as: UTF8.self)
        guard style != .json else { return text }
        guard let envelope = JSONMembers(data) else { return TerminalText.safe(text) }
        let isRemoval = envelope.string("op") == "remove"
        let time = envelope.string("at").map { String($0.dropFirst(11).prefix(12)) } ?? "            "
        let key = envelope.object("key")?.all.map { String(decoding: $0.value, as: UTF8.self) } ?? []
        var line = "\(dim(time))  \(isRemoval ? red("remove") : green("put   "))  \(bold(key.joined(separator: " / ")))"
        if let cause = envelope.string("cause"), cause != "stream" { line += dim("  (\(cause))") }
        if let changed = envelope["changed"] { line += dim("  changed") + " " + TerminalText.safe(changed) }
        if let patch = envelope["patch"] {
            line += "  " + TerminalText.safe(patch)
        } else if let item = envelope["item"] {
            line += "  " + TerminalText.safe(item)
        }
        return line
    }

    private func note(_ event: ServerSentEvent) -> String {
        let data = JSONMembers(event.data)
        let words =
            switch event.name {
            case "hello": "connected at position \(data?.string("position") ?? "?")"
            case "reset":
                "reset (\(data?.string("reason") ?? "?")): what came before no longer holds; everything follows anew"
            case "moved":
                "another replica continues from position \(data?.string("from") ?? "?"): "
                    + "changes of the last \(data?["overlap_s"] ?? "?") s may come again"
            case "ready": "at the head: \(Self.items(data))position \(data?.string("position") ?? "?")"
            case "busy": "the server is busy (\(data?.string("reason") ?? "?")): \(data?.string("detail") ?? "")"
            case "bye": "the server says goodbye (\(data?.string("reason") ?? "?"))"
            default: "\(event.name) \(String(decoding: event.data, as: UTF8.self))"
            }
        return TerminalText.safe(words)
    }

    /// How many items the table has; nothing where the token is not to know.
    private static func items(_ data: JSONMembers?) -> String {
        guard let items = data?["items"], items != "null" else { return "" }
        return "\(items) items, "
    }

    private func dim(_ text: String) -> String { coloured("2", text) }
    private func bold(_ text: String) -> String { coloured("1", text) }
    private func red(_ text: String) -> String { coloured("31", text) }
    private func green(_ text: String) -> String { coloured("32", text) }

    private func coloured(_ code: String, _ text: String) -> String {
        let text = TerminalText.safe(text)
        return style == .coloured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
