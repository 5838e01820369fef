import CZlib

/// zlib's raw deflate (RFC 1951): no header, no trailer. Confined to its owner.
final class Deflater {
    enum Flush {
        /// Ends at a byte boundary with nothing to refer back to: a decoder can read all so far, and any other such run may follow.
        case full
        /// Ends the last block.
        case finish

        fileprivate var code: Int32 {
            switch self {
            case .full: Z_FULL_FLUSH
            case .finish: Z_FINISH
            }
        }
    }

    /// Where zlib's state refers back to: it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int32) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        let status = deflateInit2_(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
        precondition(
            status == Z_OK,
            "zlib cannot start a compressor (\(status)): out of memory, or built for another version"
        )
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Forgets everything, as if newly made.
    func reset() { deflateReset(stream) }

    /// Compresses `bytes` and appends all of it to `output`.
    func append(_ bytes: UnsafeRawBufferPointer, flush: Flush, to output: inout [UInt8]) {
        var offset = 0
        repeat {
            // zlib counts in 32 bits.
            let count = min(bytes.count - offset, 1 << 30)
            let isLast = offset + count == bytes.count
            run(
                UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]),
                isLast ? flush.code : Z_NO_FLUSH,
                &output
            )
            offset += count
        } while offset < bytes.count
    }

    private func run(_ bytes: UnsafeRawBufferPointer, _ flush: Int32, _ output: inout [UInt8]) {
        // zlib never writes through `next_in`; its type predates const.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(bytes.count)
        var room = Int(deflateBound(stream, UInt(bytes.count))) + 16
        while true {
            let isDone = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: min(room, 65_536)) { buffer in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(buffer.count)
                let status = deflate(stream, flush)
                precondition(status != Z_STREAM_ERROR, "a compressor's state is not zlib's")
                let left = Int(stream.pointee.avail_out)
                output.append(contentsOf: buffer[..<(buffer.count - left)])
                // Room left over means that zlib has nothing more to say.
                return left > 0
            }
            if isDone { break }
            room = 65_536
        }
        stream.pointee.next_in = nil
        stream.pointee.next_out = nil
    }
}
