import Basics
import Testing

@Suite struct PermitsTests {
    @Test("one holder has at most its share, and all together at most the limit")
    func bounds() throws {
        let permits = Permits(limit: 3, perHolder: 2)
        let own = [try permits.take(for: 1), try permits.take(for: 1)]
        #expect(throws: PermitCounts.Refusal.holder) { try permits.take(for: 1) }
        let other = try permits.take(for: 2)
        #expect(throws: PermitCounts.Refusal.total) { try permits.take(for: 3) }
        #expect(permits.count == 3)
        withExtendedLifetime((own, other)) {}
    }

    @Test("a permit is given back once: when it is released, or with its object")
    func release() throws {
        let permits = Permits(limit: 2)
        do {
            let first = try permits.take()
            _ = try permits.take()
            #expect(permits.count == 1)
            first.release()
            first.release()
            #expect(permits.count == 0)
        }
        #expect(permits.count == 0)
    }

    @Test("counts beyond the bounds are taken back like others, and what was not taken changes nothing")
    func beyondLimits() throws {
        var counts = PermitCounts(limit: 1, perHolder: 1)
        try counts.take(for: 1)
        counts.takeBeyondLimits(for: 1)
        #expect(counts.count == 2)
        counts.release(for: 1)
        #expect(throws: PermitCounts.Refusal.total) { try counts.take(for: 2) }
        counts.release(for: 2)
        #expect(counts.count == 1)
        counts.release(for: 1)
        #expect(counts.holderCount == 0)
        try counts.take(for: 2)
    }
}
