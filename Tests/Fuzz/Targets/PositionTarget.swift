import HTTPSemantics

@testable import Feed
@testable import HTTPServer
@testable import ReplicaStore
@testable import TableModel

/// Positions and other small texts of clients: what is accepted writes itself back, byte for byte.
struct PositionTarget: FuzzTarget {
    func run(_ bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let position = Position(text) {
            require(position.description == text, "a position that writes itself differently")
        }
        if let start = FeedStart(since: text), case .position(let position) = start {
            require(position.description == text, "a start that is another position")
        }
        _ = FeedStart(lastEventID: text)
        if let trace = TraceParent(text) {
            require(text.utf8.dropFirst(3).starts(with: "\(trace.traceID)-\(trace.parentID)-".utf8), "another trace")
        }
        let decoded = Array(bytes)
        require(Base64.decodeURL(Base64.encodeURL(decoded)) == decoded, "base64url does not come back")
        require(Base64.decode(Base64.encode(decoded)) == decoded, "base64 does not come back")
        if let content = Base64.decode(text) {
            require(Base64.encode(content) == text, "base64 in a form that is not the one it is written in")
        }
    }
}
