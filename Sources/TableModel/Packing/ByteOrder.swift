/// Unsigned byte order over raw memory, as `memcmp` defines it, with the shorter of two equal prefixes first.
package enum ByteOrder {
    /// Negative, zero or positive as `left` sorts before, equals or sorts after `right`.
    @inlinable
    package static func compare(
        _ left: UnsafeRawPointer,
        _ leftCount: Int,
        _ right: UnsafeRawPointer,
        _ rightCount: Int
    ) -> Int {
        let shared = min(leftCount, rightCount)
        var index = 0
        while index &+ 8 <= shared {
            let a = left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let b = right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if a != b { return a.bigEndian < b.bigEndian ? -1 : 1 }
            index &+= 8
        }
        while index < shared {
            let a = left.load(fromByteOffset: index, as: UInt8.self)
            let b = right.load(fromByteOffset: index, as: UInt8.self)
            if a != b { return a < b ? -1 : 1 }
            index &+= 1
        }
        return leftCount &- rightCount
    }

    /// The same over buffers; an empty buffer may have no address.
    @inlinable
    package static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else {
            return left.count &- right.count
        }
        return compare(leftBase, left.count, rightBase, right.count)
    }

    /// The first eight bytes as a big-endian integer, zero-filled: unequal prefixes order as the bytes do.
    @inlinable
    package static func prefix(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
        if count >= 8 { return bytes.loadUnaligned(as: UInt64.self).bigEndian }
        var result: UInt64 = 0
        var index = 0
        while index < count {
            result |= UInt64(bytes.load(fromByteOffset: index, as: UInt8.self)) &<< UInt64(56 &- index &* 8)
            index &+= 1
        }
        return result
    }
}
