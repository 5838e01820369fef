import Basics
import Glibc

/// A growing run of bytes that an event loop shares between its connections: what one burst of responses becomes before
/// it is sent. Confined to its loop.
final class OutputBuffer {
    private(set) var count = 0
    private var capacity = 65_536
    private var start = UnsafeMutableRawPointer.allocate(byteCount: 65_536, alignment: 16)

    deinit { start.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    func removeAll() { count = 0 }

    @inline(__always)
    func append(_ source: UnsafeRawPointer, count added: Int) {
        if count + added > capacity { grow(to: count + added) }
        memcpy(start + count, source, added)
        count += added
    }

    @inline(__always)
    func append(_ text: StaticString) {
        append(text.utf8Start, count: text.utf8CodeUnitCount)
    }

    func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { append(base, count: source.count) }
        }
    }

    /// Appends a number in decimal digits.
    func append(decimal number: Int) {
        Digits.withDigits(of: UInt64(UInt(bitPattern: number))) { digits in
            if let base = digits.baseAddress { append(base, count: digits.count) }
        }
    }

    /// Appends a number in hexadecimal digits.
    func append(hexadecimal number: Int) {
        var shift = max(0, (Int.bitWidth - number.leadingZeroBitCount - 1) / 4 * 4)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digits in
            var count = 0
            while shift >= 0 {
                digits[count] = Hex.digit(UInt8(truncatingIfNeeded: number >> shift & 15))
                count += 1
                shift -= 4
            }
            if let base = digits.baseAddress { append(base, count: count) }
        }
    }

    private func grow(to needed: Int) {
        capacity = max(needed, capacity * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        memcpy(larger, start, count)
        start.deallocate()
        start = larger
    }
}
