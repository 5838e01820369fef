import Basics

/// A `traceparent` field (W3C Trace Context): which trace a request belongs to, and under which span.
package struct TraceParent: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// 16 of them, not all zero: the caller's span.
    package let parentID: String

    /// Nil unless `value` is well-formed: version 00 exactly, a later version at least in the parts that 00 has.
    package init?(_ value: String) {
        let bytes = Array(value.utf8)
        guard bytes.count >= 55, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
            Self.isHexadecimal(bytes[0..<2]), Self.isHexadecimal(bytes[53..<55]),
            Self.isIdentity(bytes[3..<35]), Self.isIdentity(bytes[36..<52])
        else { return nil }
        let version = bytes[0..<2]
        if version.elementsEqual("ff".utf8) { return nil }
        if version.elementsEqual("00".utf8) {
            if bytes.count > 55 { return nil }
        } else if bytes.count > 55, bytes[55] != Self.dash {
            return nil
        }
        traceID = String(decoding: bytes[3..<35], as: UTF8.self)
        parentID = String(decoding: bytes[36..<52], as: UTF8.self)
    }

    private static let dash = UInt8(ascii: "-")

    private static func isIdentity(_ bytes: ArraySlice<UInt8>) -> Bool {
        isHexadecimal(bytes) && bytes.contains { $0 != UInt8(ascii: "0") }
    }

    private static func isHexadecimal(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy(digits.contains)
    }

    private static let digits = ByteSet("0123456789abcdef")
}
