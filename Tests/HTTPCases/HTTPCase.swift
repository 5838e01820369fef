/// One behaviour of an HTTP/1.1 server: bytes in, and what comes out. The folder's README has the notation.
package struct HTTPCase: Sendable, CustomStringConvertible {
    /// What must come back for one request, or for bytes that are none.
    package struct Reply: Sendable {
        /// 0 for any.
        package var status: Int
        /// What the parser reads: method, target and body. Nil when it refuses.
        package var request: Request?
        /// Fields that must be there, by lower-case name; without a value, any will do.
        package var fields: [(name: String, value: String?)] = []
        package var absent: [String] = []
        package var body: [UInt8]?
        package var bodyHolds: [[UInt8]] = []
        /// Field values that later bytes of the case refer to, as `${name}`.
        package var kept: [(name: String, field: String)] = []
    }

    package struct Request: Sendable, Hashable, CustomStringConvertible {
        package var method: String
        package var target: String
        package var body: [UInt8]

        package init(method: String, target: String, body: [UInt8]) {
            self.method = method
            self.target = target
            self.body = body
        }

        package var description: String { "\(method) \(target) [\(String(decoding: body, as: UTF8.self))]" }
    }

    /// Bytes, and what they bring about before the next bytes are sent.
    package struct Step: Sendable {
        package var bytes: [UInt8] = []
        /// `100 Continue` comes.
        package var isInterim = false
        package var replies: [Reply] = []
    }

    package enum End: String, Sendable {
        /// The connection goes on: another request on it is answered.
        case open
        case close
        /// What was sent is not complete: nothing comes back.
        case waiting
    }

    /// Which of the three drivers run it.
    package enum Scope: String, Sendable {
        case all
        /// Those with a socket: what it is about is no business of the parser.
        case socket
    }

    /// `M20: …`, with the variant in brackets if there are several.
    package var name: String
    package var scope = Scope.all
    /// `100 Continue` may come, depending on how the bytes are cut.
    package var mayContinue = false
    package var steps: [Step] = []
    package var end = End.open

    package var description: String { name }
    /// Longer cases are cut only near their ends: what is in between is one long word.
    package static let cutEverywhere = 600

    /// Where `count` bytes are cut in two.
    package static func cuts(_ count: Int) -> [Int] {
        if count <= cutEverywhere { return Array(1..<max(1, count)) }
        return Array(1...40) + Array((count - 40)..<count)
    }

    /// All bytes, for a parser, which is not asked to wait.
    package var bytes: [UInt8] { steps.flatMap(\.bytes) }
    package var replies: [Reply] { steps.flatMap(\.replies) }
}
