import Basics
import TableModel
import Testing

private let nines = String(repeating: "9", count: 38)

private func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }

/// What DynamoDB takes, and the digits it returns.
private let spellings: [(String, String)] = [
    ("0", "0"), ("-0", "0"), ("0.000", "0"), ("0E10", "0"), ("+5", "5"), ("5.", "5"), (".5", "0.5"), ("-.5", "-0.5"),
    ("007", "7"), ("1E+2", "100"), ("1e2", "100"), ("1E-2", "0.01"), ("100", "100"), ("1.500", "1.5"),
    ("12.34", "12.34"),
    ("-123.456E1", "-1234.56"), ("0.00100", "0.001"), ("99999999999999999999999999999999999999", nines),
    ("1000000000000000000000000000000000000000", "1\(zeros(39))"),
    ("1E125", "1\(zeros(125))"), ("1E-130", "0.\(zeros(129))1"),
    ("9.9999999999999999999999999999999999999E+125", "\(nines)\(zeros(88))"),
]

@Suite struct DecimalNumberTests {
    @Test("every spelling that DynamoDB takes has one canonical text", arguments: spellings)
    func canonical(text: String, expected: String) { #expect(DecimalNumber(text)?.text == expected) }

    @Test(
        "what is no number, too precise or out of range is refused",
        arguments: [
            "", "+", "-", ".", "e5", "1e", "1e+", "1.2.3", "--1", "1 ", " 1", "0x1", "NaN", "Infinity", "1_0", "１",
            "1E126", "1E-131",
            "100000000000000000000000000000000000001", "0.123456789012345678901234567890123456789",
            "1E99999999999999999999",
        ]
    )
    func refused(text: String) { #expect(DecimalNumber(text) == nil) }

    @Test(
        "sums and differences are exact",
        arguments: [
            ("1", "2", "3"), ("0.1", "0.2", "0.3"), ("-1", "1", "0"), ("1E20", "1", "100000000000000000001"),
            (nines, "0", nines), ("1E38", "-1", nines), ("1E-130", "1E-130", "0.\(zeros(129))2"),
            ("99", "1", "100"), ("-5", "2", "-3"), ("5E37", "5E37", "1\(zeros(38))"), ("0", "-7", "-7"),
        ]
    )
    func sum(left: String, right: String, expected: String) throws {
        let a = try #require(DecimalNumber(left))
        let b = try #require(DecimalNumber(right))
        #expect(DecimalNumber.sum(a, b)?.text == expected)
        #expect(DecimalNumber.sum(b, a)?.text == expected)
        let total = try #require(DecimalNumber(expected))
        #expect(DecimalNumber.difference(total, b) == a)
        #expect(DecimalNumber.difference(total, a) == b)
    }

    @Test(
        "a sum that needs more than 38 digits, or leaves the range, is none",
        arguments: [
            ("1E38", "1"), ("1E125", "1E-130"), (nines, "0.1"), ("9E125", "1E125"), ("9E38", "1"), ("1E40", "-1"),
        ]
    )
    func unrepresentable(left: String, right: String) throws {
        #expect(DecimalNumber.sum(try #require(DecimalNumber(left)), try #require(DecimalNumber(right))) == nil)
    }

    @Test("ordered bytes order as the numbers do, are equal where they are, and none begins another")
    func orderedBytes() throws {
        var random = RandomValues(seed: 17)
        var numbers = [
            "0", "1", "-1", "10", "-10", "0.1", "99", "100", "101", ninesTimes(0), "-" + ninesTimes(0), "1E125",
            "-1E125", "1E-130", "-1E-130",
        ]
        for _ in 0..<150 { numbers.append(random.digits()) }
        for _ in 0..<50 { numbers.append(String(Int.random(in: -300...300, using: &random.generator))) }
        let encoded = try numbers.map { text -> (DecimalNumber, [UInt8]) in
            let number = try #require(DecimalNumber(text))
            var bytes: [UInt8] = []
            number.appendOrderedBytes(to: &bytes)
            #expect(!bytes.contains(0))
            return (number, bytes)
        }
        for (a, aBytes) in encoded {
            for (b, bBytes) in encoded {
                #expect(aBytes.lexicographicallyPrecedes(bBytes) == (a < b))
                #expect((aBytes == bBytes) == (a == b))
                if a != b { #expect(!aBytes.starts(with: bBytes)) }
            }
        }
    }

    @Test("order agrees with integer arithmetic")
    func order() throws {
        var generator = SplitMix64(seed: 8)
        for _ in 0..<500 {
            let (a, b) = (
                Int.random(in: -5000...5000, using: &generator), Int.random(in: -5000...5000, using: &generator)
            )
            let (left, right) = (try #require(DecimalNumber("\(a)E-2")), try #require(DecimalNumber("\(b)E-2")))
            #expect((left < right) == (a < b))
            #expect((left == right) == (a == b))
        }
    }

    private func ninesTimes(_ exponent: Int) -> String { nines + "E\(exponent)" }
}
