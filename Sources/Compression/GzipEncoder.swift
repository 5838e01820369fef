/// A gzip stream (RFC 1952) written piece by piece. Confined to its owner.
package final class GzipEncoder {
    package init() { fatalError("contract") }

    /// Compresses `bytes` and appends what a decoder needs to read all of them now (a full flush).
    package func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) { fatalError("contract") }

    /// Ends the stream.
    package func finish(into output: inout [UInt8]) { fatalError("contract") }
}
