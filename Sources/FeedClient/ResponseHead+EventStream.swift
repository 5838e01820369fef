package import CurlTransport

extension ResponseHead {
    /// Whether the response is a stream of events.
    package var isEventStream: Bool { field("content-type")?.lowercased().hasPrefix("text/event-stream") ?? false }
}
