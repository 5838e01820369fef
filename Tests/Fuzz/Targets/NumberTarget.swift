@testable import TableModel

/// Numbers, two in an input with a line feed between them: order, text and ordered bytes agree, sums are exact.
struct NumberTarget: FuzzTarget {
    func run(_ bytes: UnsafeRawBufferPointer) {
        let lines = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = lines.compactMap { DecimalNumber(digits: UnsafeRawBufferPointer(rebasing: $0)) }
        for number in numbers {
            require(DecimalNumber(number.text) == number, "the text of a number is another number: \(number.text)")
        }
        guard numbers.count == 2 else { return }
        let (left, right) = (numbers[0], numbers[1])
        var ordered: [[UInt8]] = [[], []]
        left.appendOrderedBytes(to: &ordered[0])
        right.appendOrderedBytes(to: &ordered[1])
        require((left < right) == ordered[0].lexicographicallyPrecedes(ordered[1]), "the order of bytes is another")
        require((left == right) == (ordered[0] == ordered[1]), "equal numbers, different bytes")
        require(!(left < right && right < left), "each is less than the other")
        let sum = DecimalNumber.sum(left, right)
        require(sum == DecimalNumber.sum(right, left), "the sum depends on the order")
        if let sum, let back = DecimalNumber.difference(sum, right) {
            require(back == left, "a sum less one term is not the other")
        }
    }
}
