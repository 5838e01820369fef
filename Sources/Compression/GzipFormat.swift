import CZlib

/// What stands around deflate blocks in a gzip member (RFC 1952).
enum GzipFormat {
    /// ID1, ID2, CM deflate, no flags, no time, no level, OS unknown (section 2.3).
    static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// CRC-32 and length of everything compressed, each in four bytes, the lowest first.
    static func appendTrailer(crc: UInt32, length: UInt32, to output: inout [UInt8]) {
        for value in [crc, length] {
            for shift: UInt32 in [0, 8, 16, 24] { output.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
    }

    /// CRC-32 of `bytes` continued from `crc` (0 at the start).
    static func crc32(_ bytes: UnsafeRawBufferPointer, _ crc: UInt32) -> UInt32 {
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return crc }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(crc), base, bytes.count))
    }
}
