/// Times as HTTP's fields write them (IMF-fixdate, RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum IMFFixdate {
    /// How closely a text must keep to the form.
    package enum Reading: Sendable, Hashable {
        /// As the RFC has it, with a day that the calendar has.
        case strict
        /// The name of the day and the separators around the date may be anything, and a day beyond the month's end is
        /// one of the next month; but years begin at 1970.
        case lenient
    }

    private static let dayNames: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    private static let monthNames: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let length = 29

    /// Whether a text is a day's name of three letters.
    package static func isDayName(_ name: some Collection<UInt8>) -> Bool {
        dayNames.contains { name.elementsEqual($0.bytes) }
    }

    /// The month, 1 to 12, whose name has three letters and this spelling; nil where none has.
    package static func month(named name: some Collection<UInt8>) -> Int64? {
        monthNames.firstIndex { name.elementsEqual($0.bytes) }.map { Int64($0) + 1 }
    }

    /// Appends the time of `seconds` since 1970 UTC, for years from 0 to 9999.
    package static func append(_ seconds: Int64, to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length) { room in
            write(seconds, to: room)
            output.append(contentsOf: room)
        }
    }

    /// The same as a String.
    package static func text(_ seconds: Int64) -> String {
        String(unsafeUninitializedCapacity: length) { room in
            write(seconds, to: room)
            return length
        }
    }

    /// Seconds since 1970 UTC; nil for a text in another form.
    package static func seconds(_ text: String, _ reading: Reading = .strict) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == length, bytes[19] == UInt8(ascii: ":"), bytes[22] == UInt8(ascii: ":"),
            bytes[25...].elementsEqual(" GMT".utf8),
            let day = Digits.number(bytes[5..<7]), let month = month(named: bytes[8..<11]),
            let year = Digits.number(bytes[12..<16]), let hour = Digits.number(bytes[17..<19]),
            let minute = Digits.number(bytes[20..<22]), let second = Digits.number(bytes[23..<25])
        else { return nil }
        let time = CivilTime(
            CivilDate(year: year, month: month, day: day),
            hour: hour,
            minute: minute,
            second: second
        )
        switch reading {
        case .strict:
            guard time.exists, bytes[3] == UInt8(ascii: ","), isDayName(bytes[0..<3]),
                [4, 7, 11, 16].allSatisfy({ bytes[$0] == UInt8(ascii: " ") })
            else { return nil }
        case .lenient:
            guard time.isTimeOfDay, (1...31).contains(day), year >= 1_970 else { return nil }
        }
        return time.secondsSince1970
    }

    /// Writes `length` bytes.
    private static func write(_ seconds: Int64, to room: UnsafeMutableBufferPointer<UInt8>) {
        let time = CivilTime(secondsSince1970: seconds)
        // 1970 began on a Thursday.
        let weekday = (time.date.daysSince1970 + 4).quotientAndRemainderRoundedDown(7).remainder
        var text = FixedText(room)
        text.append(dayNames[Int(weekday)])
        text.append(", ")
        text.append(time.date.day, width: 2)
        text.append(" ")
        text.append(monthNames[Int(time.date.month) - 1])
        text.append(" ")
        text.append(min(9_999, max(0, time.date.year)), width: 4)
        text.append(" ")
        text.appendTimeOfDay(time)
        text.append(" GMT")
    }
}

extension StaticString {
    /// Its UTF-8, which lives as long as the program.
    fileprivate var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
