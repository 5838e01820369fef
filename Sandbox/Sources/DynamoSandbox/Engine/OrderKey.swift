import TableModel

/// The place of an item in its table: by the hash of its partition key, then by its key, as a real table's Scan has it.
struct OrderKey: Sendable, Hashable, Comparable {
    /// The hash of the encoded partition key.
    let hash: UInt64
    /// `ItemKey`'s bytes, or any others in their order, as a bound.
    let bytes: [UInt8]

    static func < (left: OrderKey, right: OrderKey) -> Bool {
        if left.hash != right.hash { return left.hash < right.hash }
        return left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// The hash of a partition: FNV-1a with a final mix, so that neighbouring keys spread over shards and segments.
    static func hash(partition prefix: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in prefix { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }
}
