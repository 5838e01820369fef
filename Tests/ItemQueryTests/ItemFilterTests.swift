import Basics
import TableModel
import Testing

@testable import ItemQuery

@Suite struct ItemFilterTests {
    private static func contains(_ range: KeyRange, _ key: [UInt8]) -> Bool {
        key.withUnsafeBytes { range.contains($0) }
    }

    @Test("a range holds its lower bound and not its upper")
    func bounds() {
        let range = KeyRange(lower: [2], upper: [4])
        let inside: [[UInt8]] = [[2], [2, 0], [3, 255]]
        let outside: [[UInt8]] = [[], [1, 255], [4], [5]]
        for key in inside { #expect(Self.contains(range, key), "\(key)") }
        for key in outside { #expect(!Self.contains(range, key), "\(key)") }
        #expect(Self.contains(KeyRange(), []))
    }

    @Test("a prefix's range holds what starts with it, to the last byte")
    func prefix() {
        #expect(KeyRange(prefix: [1, 255]) == KeyRange(lower: [1, 255], upper: [2]))
        #expect(KeyRange(prefix: [255, 255]) == KeyRange(lower: [255, 255], upper: nil))
        #expect(Self.contains(KeyRange(prefix: [255, 255]), [255, 255, 255, 1]))
        #expect(!Self.contains(KeyRange(prefix: [1, 255]), [2]))
    }

    @Test("the range of one key holds it alone")
    func only() {
        let range = KeyRange(only: [7, 0])
        #expect(Self.contains(range, [7, 0]))
        for key: [UInt8] in [[7], [7, 0, 0], [7, 1]] { #expect(!Self.contains(range, key)) }
    }

    @Test("matches by key and by predicate, both")
    func both() throws {
        let filter = ItemFilter(keys: KeyRange(prefix: [1]), predicate: try WhereExpression("a = 1"))
        func matches(_ key: [UInt8], _ number: String) -> Bool {
            key.withUnsafeBytes { key in
                Item(["a": .number(number)]).packed.withUnsafeBytes { filter.matches(key: key, packed: $0) }
            }
        }
        #expect(matches([1, 5], "1.0"))
        #expect(!matches([2], "1"))
        #expect(!matches([1], "2"))
        #expect(!filter.isEverything && ItemFilter().isEverything)
    }

    @Test("finds bytes in others as a plain search does, and in time linear in them")
    func search() {
        var generator = SplitMix64(seed: 2)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                UInt8.random(in: 0...1, using: &generator)
            }
            let part = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                UInt8.random(in: 0...1, using: &generator)
            }
            let found = bytes.withUnsafeBytes { bytes in part.withUnsafeBytes { ByteSearch.occurs($0, in: bytes) } }
            #expect(found == Reference.occurs(part, in: bytes))
        }
        // A search that starts anew at each byte would take some 400 million steps.
        let bytes = [UInt8](repeating: 1, count: 400_000)
        let part = [UInt8](repeating: 1, count: 2000) + [2]
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(!bytes.withUnsafeBytes { bytes in part.withUnsafeBytes { ByteSearch.occurs($0, in: bytes) } })
        }
        #expect(time < .seconds(8), "\(time)")
    }

    @Test("knows the one spelling of a number that DynamoDB answers with")
    func canonicalDigits() {
        func isCanonical(_ text: String) -> Bool {
            Array(text.utf8).withUnsafeBytes { CanonicalDigits.isCanonical($0) }
        }
        let canonical = ["0", "1", "-1", "10", "100000", "0.5", "-0.5", "12.345", "1.01", "9007199254740993"]
        for text in canonical { #expect(isCanonical(text) && DecimalNumber(text)?.text == text, "\(text)") }
        for text in [
            "", "-", "00", "01", "-0", "0.0", "1.0", "1.50", "+1", ".5", "5.", "1e2", "1E+2", "-01", "1.2.3", "a", "1 ",
        ] {
            #expect(!isCanonical(text), "\(text)")
        }
        var random = RandomQueries(seed: 3)
        for _ in 0..<2000 {
            let text =
                "\(Int.random(in: -999...999, using: &random.generator))E\(Int.random(in: -9...9, using: &random.generator))"
            #expect(isCanonical(DecimalNumber(text)?.text ?? ""))
        }
    }
}
