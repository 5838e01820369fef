import Synchronization

/// Compressors of one level for short uses: making one costs more than compressing a small answer.
final class DeflaterPool: Sendable {
    /// A compressor on its way between its users.
    //
    // Unchecked, because each is in the pool or in the hands of the one call that took it out, and the pool's lock lies
    // between two calls: no two threads ever use one at once.
    private struct Lent: @unchecked Sendable {
        let deflater: Deflater
    }

    private let level: Int32
    private let idle = Mutex<[Lent]>([])

    init(level: Int32) { self.level = level }

    /// Compresses `bytes` from a fresh state. Nobody waits: when no compressor is idle, one more is made.
    func append(_ bytes: UnsafeRawBufferPointer, flush: Deflater.Flush, to output: inout [UInt8]) {
        let lent = idle.withLock { $0.popLast() } ?? Lent(deflater: Deflater(level: level))
        lent.deflater.append(bytes, flush: flush, to: &output)
        lent.deflater.reset()
        idle.withLock { idle in
            if idle.count < CompressionLimits.idleCompressors { idle.append(lent) }
        }
    }
}
