import CZlib

/// Deflate blocks (RFC 1951) that begin and end at a full flush: compressed once, they can be put into any number of gzip streams,
/// also ones that were joined in the middle.
package enum SharedDeflate {
    private static let pool = DeflaterPool(level: CompressionLimits.sharedLevel)

    /// The ten bytes that every such gzip stream begins with.
    package static var header: [UInt8] { GzipFormat.header }

    /// A run of bytes, compressed, with what a stream's trailer needs to know of it.
    package struct Block: Sendable, Hashable {
        /// The deflate blocks.
        package let bytes: [UInt8]
        /// Bytes before compression.
        package let length: UInt32
        private let crc: UInt32
        /// zlib's operator for `length`: it moves another checksum past so many bytes.
        private let shift: UInt32

        init(_ bytes: UnsafeRawBufferPointer) {
            self.bytes = SharedDeflate.blocks(bytes)
            length = UInt32(truncatingIfNeeded: bytes.count)
            crc = GzipFormat.crc32(bytes, 0)
            shift = UInt32(truncatingIfNeeded: crc32_combine_gen(bytes.count))
        }

        /// CRC-32 of everything up to this run's end, when `crc` is that of everything before it. Costs some fifty nanoseconds,
        /// however long the run.
        package func crc(after crc: UInt32) -> UInt32 {
            UInt32(truncatingIfNeeded: crc32_combine_op(UInt(crc), UInt(self.crc), UInt(shift)))
        }
    }

    /// Compresses `bytes` for many streams.
    package static func block(_ bytes: UnsafeRawBufferPointer) -> Block { Block(bytes) }

    /// The blocks of `bytes`, ended by a full flush.
    package static func blocks(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var output: [UInt8] = []
        pool.append(bytes, flush: .full, to: &output)
        return output
    }

    /// CRC-32 of `bytes` continued from `crc` (0 at the start), as the trailer needs it.
    package static func crc32(_ bytes: UnsafeRawBufferPointer, _ crc: UInt32) -> UInt32 {
        GzipFormat.crc32(bytes, crc)
    }

    /// Appends the last, empty block and the trailer: CRC-32 and length of everything that was put in.
    package static func appendTrailer(crc: UInt32, length: UInt32, to output: inout [UInt8]) {
        // A final block of fixed codes with nothing but its end (RFC 1951 section 3.2.6).
        output += [0x03, 0x00]
        GzipFormat.appendTrailer(crc: crc, length: length, to: &output)
    }
}
