import CZlib
import Testing

/// zlib's own decoder, for gzip streams as a client sees them.
enum Inflate {
    /// What can be read of a stream that goes on.
    static func partial(_ bytes: [UInt8]) throws -> [UInt8] { try read(bytes).output }

    /// A stream with its end, whose checksum and length are right.
    static func whole(_ bytes: [UInt8]) throws -> [UInt8] {
        let (output, isEnded) = try read(bytes)
        try #require(isEnded, "the stream has no end")
        return output
    }

    private static func read(_ bytes: [UInt8]) throws -> (output: [UInt8], isEnded: Bool) {
        var stream = z_stream()
        // 16: gzip, its header and its trailer checked.
        try #require(inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
        defer { inflateEnd(&stream) }
        var input = bytes
        var output: [UInt8] = []
        var status = Z_OK
        input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while status == Z_OK {
                buffer.withUnsafeMutableBufferPointer { buffer in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(buffer.count)
                    status = inflate(&stream, Z_SYNC_FLUSH)
                }
                output += buffer[..<(buffer.count - Int(stream.avail_out))]
            }
        }
        try #require(status == Z_STREAM_END || status == Z_BUF_ERROR, "damaged: \(status)")
        return (output, status == Z_STREAM_END)
    }
}
