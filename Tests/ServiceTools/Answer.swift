/// A response as it came over the wire, chunks joined.
package struct Answer {
    package let status: Int
    package let fields: [(name: String, value: String)]
    package let body: String

    /// The body's bytes as they came, for those that are no text.
    package let bytes: [UInt8]

    package init(_ received: [UInt8]) {
        let separator = Array("\r\n\r\n".utf8)
        let end = received.indices.first { received[$0...].starts(with: separator) } ?? received.endIndex
        let lines = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
        status = Int((lines.first ?? "").split(separator: " ").dropFirst().first ?? "") ?? 0
        fields = lines.dropFirst().map { line in
            let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (pair[0].lowercased(), pair.count > 1 ? String(pair[1].drop { $0 == " " }) : "")
        }
        let raw = Array(received[min(end + 4, received.endIndex)...])
        let isChunked = fields.contains { $0 == ("transfer-encoding", "chunked") }
        bytes = isChunked ? Self.unchunk(raw) : raw
        body = String(decoding: bytes, as: UTF8.self)
    }

    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
    /// The members of a field that is a list, over all its lines (RFC 9110 section 5.3), sorted.
    package func members(of name: String) -> [String] {
        fields.filter { $0.name == name }.flatMap { $0.value.split(separator: ",") }
            .map { String($0.drop { $0 == " " }) }.sorted()
    }

    private static func unchunk(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 13),
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16)
        {
            if size == 0 { break }
            rest = rest[(end + 2)...]
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return body
    }
}
