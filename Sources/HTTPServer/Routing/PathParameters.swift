import Basics

/// A route's path parameters by name, percent-decoded bytes.
package struct PathParameters: Sendable {
    /// More parameters in one pattern are refused when the route is added.
    static let limit = 4

    private let head: [UInt8]
    private let names: [String]
    private let segments: InlineArray<4, Range<Int>>

    init(head: [UInt8], names: [String], segments: InlineArray<4, Range<Int>>) {
        self.head = head
        self.names = names
        self.segments = segments
    }

    /// The decoded segment that stood at `{name}`; never empty. Traps when the route's pattern has no such parameter.
    package subscript(name: String) -> [UInt8] {
        guard let index = names.firstIndex(of: name) else {
            preconditionFailure("the route's pattern has no parameter named \(name)")
        }
        return head.withUnsafeBufferPointer {
            PercentEncoding.decode(UnsafeBufferPointer(rebasing: $0[segments[index]]))
        }
    }
}
