import Testing

@testable import AWSClient

@Suite struct WaitingLineTests {
    private func ticket(_ identifier: UInt64) -> Ticket {
        Ticket(identifier: identifier, request: makeRequest("http://127.0.0.1:1"))
    }

    @Test("tickets leave in the order in which they came, over any number of them")
    func order() {
        var line = WaitingLine()
        var expected: UInt64 = 0
        for identifier in 0..<5_000 as Range<UInt64> {
            line.append(ticket(identifier))
            if identifier % 3 == 0 {
                #expect(line.popFirst()?.identifier == expected)
                expected += 1
            }
        }
        while let ticket = line.popFirst() {
            #expect(ticket.identifier == expected)
            expected += 1
        }
        #expect(expected == 5_000)
        #expect(line.count == 0)
    }

    @Test("a ticket that was taken out is skipped and no longer counted")
    func remove() {
        var line = WaitingLine()
        for identifier in 1...4 as ClosedRange<UInt64> { line.append(ticket(identifier)) }
        #expect(line.remove(1)?.identifier == 1)
        #expect(line.remove(3)?.identifier == 3)
        #expect(line.remove(3) == nil)
        #expect(line.count == 2)
        #expect(line.popFirst()?.identifier == 2)
        #expect(line.popFirst()?.identifier == 4)
        #expect(line.popFirst() == nil)
    }
}
