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
            for byte in bytes {
                while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
                if byte == part[matched] { matched += 1 }
                if matched == part.count { return true }
            }
            return false
        }
    }
}
