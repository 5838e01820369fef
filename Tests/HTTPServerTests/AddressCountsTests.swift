import Testing

@testable import HTTPServer

@Suite struct AddressCountsTests {
    @Test("counts up to the limit, forgets addresses without connections, and counts nothing without a limit")
    func counts() {
        let counts = AddressCounts(limit: 2)
        #expect(counts.admit(7))
        #expect(counts.admit(7))
        #expect(!counts.admit(7))
        #expect(counts.admit(8))
        #expect(counts.addressCount == 2)
        counts.leave(7)
        #expect(counts.admit(7))
        for key: UInt64 in [7, 7, 8, 9] { counts.leave(key) }
        #expect(counts.addressCount == 0)
        let unbounded = AddressCounts(limit: 0)
        for _ in 0..<10 { #expect(unbounded.admit(1)) }
        #expect(unbounded.addressCount == 0)
    }
}
