/// RFC 4648 base64 and base64url.
package enum Base64 {
    package static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) { fatalError("contract") }
    package static func encode(_ bytes: [UInt8]) -> String { fatalError("contract") }
    /// base64url without padding (RFC 4648 section 5).
    package static func encodeURL(_ bytes: [UInt8]) -> String { fatalError("contract") }
    /// Standard alphabet, padded; nil for anything else.
    package static func decode(_ text: String) -> [UInt8]? { fatalError("contract") }
    /// The URL alphabet, padding optional; nil for anything else.
    package static func decodeURL(_ text: String) -> [UInt8]? { fatalError("contract") }
}
