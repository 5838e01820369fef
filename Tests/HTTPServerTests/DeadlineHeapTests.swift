import Testing

@testable import HTTPServer

@Suite struct DeadlineHeapTests {
    @Test("gives deadlines in order, and only those that are due")
    func order() {
        var heap = DeadlineHeap()
        // A permutation of 0..<1000, from a generator of it.
        for index in 0..<1000 { heap.insert(Instant(index * 381 % 1000), token: UInt64(index)) }
        #expect(heap.earliest == 0)
        var taken: [Instant] = []
        while let entry = heap.popDue(499) { taken.append(entry.deadline) }
        #expect(taken == Array(0...499))
        #expect(heap.count == 500)
    }

    @Test("keeps its order when stale entries go")
    func stale() {
        var heap = DeadlineHeap()
        for index in 0..<100 { heap.insert(Instant(100 - index), token: UInt64(index)) }
        heap.removeStale { $0.token.isMultiple(of: 3) }
        var taken: [Instant] = []
        while let entry = heap.popDue(.max) { taken.append(entry.deadline) }
        #expect(taken == (0..<100).filter { $0.isMultiple(of: 3) }.map { Instant(100 - $0) }.reversed())
    }
}
