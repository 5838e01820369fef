import Glibc

/// Whether bytes occur in others, in time linear in both, whatever they are (Knuth, Morris and Pratt, 1977).
enum ByteSearch {
    /// `part` must not be empty.
    static func occurs(_ part: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: part.count) { borders in
            // borders[i]: the length of the longest proper prefix of part[...i] that also ends there.
            borders.initialize(repeating: 0)
            var matched = 0
            for index in 1..<part.count {
                while matched > 0, part[index] != part[matched] { matched = borders[matched - 1] }
                if part[index] == part[matched] { matched += 1 }
                borders[index] = matched
            }
            matched = 0
            var index = 0
            while index < bytes.count {
                if matched == 0, bytes[index] != part[0] {
                    // Most of a text is not the part's first byte: the C library finds the next one many times faster.
                    guard let next = firstIndex(of: part[0], in: bytes, from: index) else { return false }
                    index = next
                }
                let byte = bytes[index]
                while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
                if byte == part[matched] { matched += 1 }
                if matched == part.count { return true }
                index += 1
            }
            return false
        }
    }

    private static func firstIndex(of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base + start, Int32(byte), bytes.count - start) else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }
}
