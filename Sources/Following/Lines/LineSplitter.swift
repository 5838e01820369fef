/// Cuts the bytes of a stream into lines.
struct LineSplitter {
    /// A line has more bytes than are allowed.
    struct LineTooLong: Error, Sendable, Hashable {
        let limit: Int
    }

    private let limit: Int
    private var rest: [UInt8] = []

    /// `limit` is the most bytes that a line may have.
    init(limit: Int) { self.limit = limit }

    /// Whether a line has begun that has not ended.
    var isInside: Bool { !rest.isEmpty }

    /// Calls `body` with each line that ends in `bytes`, without its end, in order. Stops at the first error of `body`.
    mutating func receive(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            guard rest.count + piece.count <= limit else { throw LineTooLong(limit: limit) }
            if end == bytes.count {
                rest.append(contentsOf: piece)
            } else if rest.isEmpty {
                try body(piece)
            } else {
                rest.append(contentsOf: piece)
                defer { rest.removeAll(keepingCapacity: rest.count <= 65_536) }
                try rest.withUnsafeBytes(body)
            }
            start = end + 1
        }
    }
}
