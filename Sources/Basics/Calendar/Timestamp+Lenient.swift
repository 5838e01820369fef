extension Timestamp {
    /// Milliseconds since 1970 UTC of a text as services write times (RFC 3339 section 5.6 and ISO 8601): `2026-11-30T00:00:00Z`, with or
    /// without a fraction, with `Z`, `UTC`, an offset such as `+01:00`, `+0100` or `+01`, or nothing, which stands for UTC. A fraction is
    /// cut to milliseconds. Nil for anything else and for years before 1970.
    package static func lenientMilliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        // The shape of `2026-11-30T00:00:00`; the `T` may be small or a space.
        guard bytes.count >= 19, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = Digits.number(bytes[0..<4]), let month = Digits.number(bytes[5..<7]),
            let day = Digits.number(bytes[8..<10]), let hour = Digits.number(bytes[11..<13]),
            let minute = Digits.number(bytes[14..<16]), let second = Digits.number(bytes[17..<19])
        else { return nil }
        let time = CivilTime(
            CivilDate(year: year, month: month, day: day),
            hour: hour,
            minute: minute,
            second: second
        )
        guard year >= 1_970, time.exists else { return nil }
        var rest = bytes[19...]
        guard let fraction = takeFraction(&rest), let offset = offsetSeconds(rest) else { return nil }
        return (time.secondsSince1970 - offset) * 1_000 + fraction
    }

    /// Takes `.` or `,` and digits from the front; 0 where there is no fraction, nil where its digits are missing.
    private static func takeFraction(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard let mark = rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ",") else { return 0 }
        let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        let thousandths = digits.prefix(3) + Array(repeating: UInt8(ascii: "0"), count: max(0, 3 - digits.count))
        return digits.isEmpty ? nil : Digits.number(thousandths)
    }

    /// The seconds that a zone is ahead of UTC; nil for a text that names none.
    private static func offsetSeconds(_ zone: ArraySlice<UInt8>) -> Int64? {
        if zone.isEmpty || ["Z", "z", "UTC"].contains(where: { zone.elementsEqual($0.utf8) }) { return 0 }
        guard let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        var digits = Array(zone.dropFirst())
        if digits.count == 5, digits[2] == UInt8(ascii: ":") { digits.remove(at: 2) }
        guard digits.count == 2 || digits.count == 4, let hours = Digits.number(digits[0..<2]),
            let minutes = digits.count == 2 ? 0 : Digits.number(digits[2...]), hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }
}
