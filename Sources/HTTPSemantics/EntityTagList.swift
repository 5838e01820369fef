/// The elements of an If-Match or If-None-Match in order, read in place; it ends where the value cannot be read.
struct EntityTagList {
    enum Element {
        /// `*`
        case any
        /// A tag with its quotes, and whether `W/` stands before it.
        case tag(UnsafeBufferPointer<UInt8>, isWeak: Bool)
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private static func separates(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == UInt8(ascii: ",") }

    mutating func next() -> Element? {
        while index < bytes.count, Self.separates(bytes[index]) { index += 1 }
        guard index < bytes.count else { return nil }
        if bytes[index] == UInt8(ascii: "*") {
            index += 1
            return .any
        }
        let isWeak =
            index + 1 < bytes.count && bytes[index] == UInt8(ascii: "W") && bytes[index + 1] == UInt8(ascii: "/")
        let start = isWeak ? index + 2 : index
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\""),
            let end = bytes[(start + 1)...].firstIndex(of: UInt8(ascii: "\""))
        else {
            index = bytes.count
            return nil
        }
        index = end + 1
        return .tag(UnsafeBufferPointer(rebasing: bytes[start...end]), isWeak: isWeak)
    }
}
