/// Deflate blocks (RFC 1951) that begin and end at a full flush: compressed once, they can be put into any number of gzip streams,
/// also ones that were joined in the middle.
package enum SharedDeflate {
    /// The ten bytes that every such gzip stream begins with.
    package static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// The blocks of `bytes`, ended by a full flush.
    package static func blocks(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { fatalError("contract") }

    /// CRC-32 of `bytes` continued from `crc` (0 at the start), as the trailer needs it.
    package static func crc32(_ bytes: UnsafeRawBufferPointer, _ crc: UInt32) -> UInt32 { fatalError("contract") }

    /// Appends the last, empty block and the trailer: CRC-32 and length of everything that was put in.
    package static func appendTrailer(crc: UInt32, length: UInt32, to output: inout [UInt8]) { fatalError("contract") }
}
