/// One server-sent event as a client sees it.
package struct ReceivedEvent: Equatable, Sendable {
    package var id: String?
    package var name: String
    package var data: String

    package init(id: String? = nil, name: String = "message", data: String = "") {
        self.id = id
        self.name = name
        self.data = data
    }

    /// Parses complete events; `retry` fields are left out.
    package static func parse(_ text: some StringProtocol) -> [ReceivedEvent] {
        var events: [ReceivedEvent] = []
        var event = ReceivedEvent()
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                if !event.data.isEmpty { events.append(event) }
                event = ReceivedEvent()
            } else if line.hasPrefix("id: ") {
                event.id = String(line.dropFirst(4))
            } else if line.hasPrefix("event: ") {
                event.name = String(line.dropFirst(7))
            } else if line.hasPrefix("data: ") {
                event.data += line.dropFirst(6)
            }
        }
        return events
    }
}
