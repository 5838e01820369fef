/// Fills memory that has room for a text of known length. Writing past its end traps in debug builds.
struct FixedText {
    private let room: UnsafeMutableBufferPointer<UInt8>
    private var count = 0

    init(_ room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes in
            for byte in bytes {
                room[count] = byte
                count += 1
            }
        }
    }

    /// Appends `15:40:09`.
    mutating func appendTimeOfDay(_ time: CivilTime) {
        append(time.hour, width: 2)
        append(":")
        append(time.minute, width: 2)
        append(":")
        append(time.second, width: 2)
    }

    /// Appends the last `width` decimal digits of a number that is not negative, zeros before it.
    mutating func append(_ number: Int64, width: Int) {
        var rest = number
        for index in stride(from: count + width - 1, through: count, by: -1) {
            room[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += width
    }
}
