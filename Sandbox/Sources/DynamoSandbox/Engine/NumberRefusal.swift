/// Why DynamoDB refuses a number, told from its text.
enum NumberRefusal {
    /// The error for a text that is not a number DynamoDB can store.
    static func error(_ text: String) -> SandboxError {
        guard let (digits, magnitude) = significand(text) else {
            return SandboxError.validation("The parameter cannot be converted to a numeric value: \(text)")
        }
        if digits > 0, magnitude > 125 {
            return SandboxError.validation(
                "Number overflow. Attempting to store a number with magnitude larger than supported range"
            )
        }
        if digits > 0, magnitude < -130 {
            return SandboxError.validation(
                "Number underflow. Attempting to store a number with magnitude smaller than supported range"
            )
        }
        return SandboxError.validation("Attempting to store more than 38 significant digits in a Number")
    }

    /// How many significant digits a number has, and the power of ten of the first; nil when the text is no number.
    private static func significand(_ text: String) -> (digits: Int, magnitude: Int)? {
        var rest = Substring(text)
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        let parts = rest.split(separator: "e", omittingEmptySubsequences: false).flatMap {
            $0.split(separator: "E", omittingEmptySubsequences: false)
        }
        guard let mantissa = parts.first, parts.count <= 2 else { return nil }
        var exponent = 0
        if parts.count == 2 {
            guard let value = Int(parts[1]) else { return nil }
            exponent = value
        }
        let halves = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = halves[0]
        let fraction = halves.count == 2 ? halves[1] : ""
        let all = whole + fraction
        guard !all.isEmpty, all.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard let first = all.firstIndex(where: { $0 != "0" }), let last = all.lastIndex(where: { $0 != "0" }) else {
            return (0, 0)
        }
        let leadingZeros = all.distance(from: all.startIndex, to: first)
        return (all.distance(from: first, to: last) + 1, whole.count - 1 - leadingZeros + exponent)
    }
}
