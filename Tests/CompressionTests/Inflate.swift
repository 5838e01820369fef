import CZlib

/// zlib's own decoder, fed piece by piece.
final class Inflate {
    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var isEnded = false

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16: gzip, its header and its trailer checked.
        inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// What `bytes` make readable; nil when they are damaged.
    func read(_ bytes: [UInt8]) -> [UInt8]? {
        var input = bytes
        var output: [UInt8] = []
        return input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let status = buffer.withUnsafeMutableBufferPointer { buffer in
                    stream.pointee.next_out = buffer.baseAddress
                    stream.pointee.avail_out = UInt32(buffer.count)
                    return inflate(stream, Z_SYNC_FLUSH)
                }
                output += buffer[..<(buffer.count - Int(stream.pointee.avail_out))]
                if status == Z_STREAM_END {
                    isEnded = true
                    return output
                }
                if status == Z_BUF_ERROR { return output }
                guard status == Z_OK else { return nil }
            }
        }
    }
}

/// Text like a list of items, `count` rows of it.
func rows(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { Array(#"{"pk":"order#\#($0)","sk":"line#1","quantity":\#($0 % 7),"price":4.90},"#.utf8) }
}

/// Bytes that no compressor makes smaller.
func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 32)
    }
}
