import Basics
import CXXHash

/// XXH3-128 of bytes, in hexadecimal digits: equal contents have equal hashes on every replica.
enum ContentHash {
    /// The two halves of the hash.
    static func halves(_ bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2) { halves in
            // The shim writes both halves, as `unsigned long long`, which is UInt64's layout.
            halves.withMemoryRebound(to: CUnsignedLongLong.self) { halves in
                tablecast_xxh3_128(bytes.baseAddress, bytes.count, halves.baseAddress)
            }
            return (halves[0], halves[1])
        }
    }

    /// The hash of bytes that come piece by piece: that of all of them together.
    final class Stream {
        /// Made with the first piece.
        private var state: UnsafeMutableRawPointer?

        deinit { if let state { tablecast_xxh3_end(state) } }

        /// Adds a piece.
        func add(_ bytes: UnsafeRawBufferPointer) {
            if state == nil { state = tablecast_xxh3_begin() }
            guard let state else { fatalError("cannot hash a response: no memory is left") }
            tablecast_xxh3_add(state, bytes.baseAddress, bytes.count)
        }

        /// The two halves of what was added so far.
        var halves: (high: UInt64, low: UInt64) {
            guard let state else { return ContentHash.halves(UnsafeRawBufferPointer(start: nil, count: 0)) }
            return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2) { halves in
                // As in `ContentHash.halves`.
                halves.withMemoryRebound(to: CUnsignedLongLong.self) { halves in
                    tablecast_xxh3_halves(state, halves.baseAddress)
                }
                return (halves[0], halves[1])
            }
        }
    }

    /// An entity tag: 32 digits and a suffix that names the representation.
    static func entityTag(_ bytes: UnsafeRawBufferPointer, weak: Bool = false, suffix: StaticString) -> String {
        entityTag(halves(bytes), weak: weak, suffix: suffix)
    }

    /// The same of a hash's two halves.
    static func entityTag(_ halves: (high: UInt64, low: UInt64), weak: Bool, suffix: StaticString) -> String {
        let capacity = 36 + suffix.utf8CodeUnitCount + (weak ? 2 : 0)
        return String(unsafeUninitializedCapacity: capacity) { buffer in
            var count = 0
            func put(_ byte: UInt8) {
                buffer[count] = byte
                count += 1
            }
            if weak {
                put(UInt8(ascii: "W"))
                put(UInt8(ascii: "/"))
            }
            put(UInt8(ascii: "\""))
            Hex.write(halves.high, to: buffer, at: count)
            Hex.write(halves.low, to: buffer, at: count + 16)
            count += 32
            put(UInt8(ascii: "-"))
            suffix.withUTF8Buffer { for byte in $0 { put(byte) } }
            put(UInt8(ascii: "\""))
            return count
        }
    }
}
