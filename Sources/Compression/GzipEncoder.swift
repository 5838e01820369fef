/// A gzip stream (RFC 1952) written piece by piece. Confined to its owner; it holds some 260 KB.
package final class GzipEncoder {
    private let deflater = Deflater(level: CompressionLimits.answerLevel)
    private var crc: UInt32 = 0
    private var length: UInt32 = 0
    private var isStarted = false

    package init() {}

    /// Compresses `bytes` and appends what a decoder needs to read all of them now (a full flush). The first call begins with
    /// the ten bytes of the header; no bytes append nothing else.
    package func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        start(&output)
        guard !bytes.isEmpty else { return }
        crc = GzipFormat.crc32(bytes, crc)
        length &+= UInt32(truncatingIfNeeded: bytes.count)
        deflater.append(bytes, flush: .full, to: &output)
    }

    /// Ends the stream.
    package func finish(into output: inout [UInt8]) {
        start(&output)
        deflater.append(UnsafeRawBufferPointer(start: nil, count: 0), flush: .finish, to: &output)
        GzipFormat.appendTrailer(crc: crc, length: length, to: &output)
    }

    private func start(_ output: inout [UInt8]) {
        if !isStarted { output += GzipFormat.header }
        isStarted = true
    }
}
