/// Every bound of the compression, in one place, with what happens at it.
package enum CompressionLimits {
    /// Compressors kept for the next use, some 260 KB each; one more is made when all are in use, and dropped after it.
    static let idleCompressors = 4
    /// zlib's level for what is sent once: the fastest. It costs a third of level 6 and gives away a tenth of the saving on JSON.
    static let answerLevel: Int32 = 1
    /// zlib's level for what is compressed once and sent many times.
    static let sharedLevel: Int32 = 6
}
