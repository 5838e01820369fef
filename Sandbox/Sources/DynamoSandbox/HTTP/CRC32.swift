/// The CRC-32 of IEEE 802.3 (also zlib's and gzip's), which DynamoDB sends as x-amz-crc32.
enum CRC32 {
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let bytes = bytes.span
        let table = table.span
        var crc = UInt32.max
        for index in bytes.indices { crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])] ^ (crc >> 8) }
        return crc ^ UInt32.max
    }

    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
        return value
    }
}
