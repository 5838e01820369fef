extension [UInt8] {
    /// Appends the beginning of `bytes`, as far as the array then has at most `limit` bytes.
    mutating func append(_ bytes: Span<UInt8>, upTo limit: Int) {
        for index in 0..<Swift.min(bytes.count, Swift.max(0, limit - count)) { append(bytes[index]) }
    }
}
