/// gzip in one call (RFC 1952).
package enum Gzip {
    static let pool = DeflaterPool(level: CompressionLimits.answerLevel)

    /// The compressed form of `bytes`.
    package static func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(64 + bytes.count / 4)
        output += GzipFormat.header
        pool.append(bytes, flush: .finish, to: &output)
        GzipFormat.appendTrailer(
            crc: GzipFormat.crc32(bytes, 0),
            length: UInt32(truncatingIfNeeded: bytes.count),
            to: &output
        )
        return output
    }
}
