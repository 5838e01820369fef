import Testing

@testable import Replication

@Suite struct MemoryRuleTests {
    private let rule = MemoryRule(MemoryLimit(bytes: 1 << 30, source: .controlGroup))

    private func table(_ mebibytes: Int64) -> TableMemory { TableMemory(bytes: mebibytes << 20, items: 0) }

    @Test("judges a table by its estimate: it fits twice, once, perhaps, or never")
    func judgements() {
        #expect(rule.judgement(of: table(300)) == .roomy)
        #expect(rule.judgement(of: table(600)) == .once)
        #expect(rule.judgement(of: table(1_000)) == .doubtful)
        #expect(rule.judgement(of: table(1_400)) == .doubtful)
        #expect(rule.judgement(of: table(1_500)) == .hopeless)
        #expect(rule.judgement(of: table(50 << 20)) == .hopeless)
        #expect(rule.judgement(of: TableMemory(bytes: .max, items: .max)) == .hopeless)
    }

    @Test("a table that DynamoDB has not counted yet is not judged")
    func young() {
        let young = TableMemory(bytes: 0, items: 0)
        #expect(rule.judgement(of: young) == nil)
        #expect(rule.fits(young, beside: 900 << 20))
        #expect(!rule.fits(young, beside: 1_000 << 20))
    }

    @Test("small items cost more than their bytes")
    func overhead() throws {
        let small = try #require(TableMemory(bytes: 8_189_900, items: 100_000).process)
        // Measured: 61.0 MB resident in a debug build.
        #expect((61_000_000..<80_000_000).contains(small))
    }

    @Test("memory is full at the mark")
    func full() {
        let mark = Int64(Double(1 << 30) * MemoryRule.mark)
        #expect(!rule.isFull(mark - 1))
        #expect(rule.isFull(mark))
    }
}
