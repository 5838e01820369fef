import Compression

/// Puts a feed's bytes on the wire: as they are, or as blocks of one gzip stream, each complete for a decoder as it arrives.
struct FeedOutput {
    private let isCompressed: Bool
    private var hasBegun = false
    private var crc: UInt32 = 0
    private var length: UInt32 = 0
    /// Bytes that compression saved since the last `takeSavedBytes`.
    private var savedBytes = 0

    init(isCompressed: Bool) { self.isCompressed = isCompressed }

    /// Appends a shared frame; compressed once for all that share it.
    mutating func append(_ frame: FeedFrame, to output: inout [UInt8]) {
        if isCompressed { append(frame.deflated, to: &output) } else { output += frame.bytes }
    }

    /// Appends bytes of this subscriber's own.
    mutating func append(_ bytes: [UInt8], to output: inout [UInt8]) {
        guard isCompressed else {
            output += bytes
            return
        }
        if !bytes.isEmpty { append(bytes.withUnsafeBytes { SharedDeflate.block($0) }, to: &output) }
    }

    /// Ends the gzip stream.
    mutating func finish(_ output: inout [UInt8]) {
        guard isCompressed else { return }
        begin(&output)
        SharedDeflate.appendTrailer(crc: crc, length: length, to: &output)
    }

    /// How many bytes were saved since the last call.
    mutating func takeSavedBytes() -> Int {
        defer { savedBytes = 0 }
        return savedBytes
    }

    private mutating func append(_ block: SharedDeflate.Block, to output: inout [UInt8]) {
        if block.length == 0 { return }
        begin(&output)
        output += block.bytes
        crc = block.crc(after: crc)
        length &+= block.length
        savedBytes += Int(block.length) - block.bytes.count
    }

    private mutating func begin(_ output: inout [UInt8]) {
        if hasBegun { return }
        hasBegun = true
        output += SharedDeflate.header
    }
}
