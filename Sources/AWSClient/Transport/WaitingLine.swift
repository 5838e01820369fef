/// Tickets in the order in which they came. The head moves and the array shrinks now and then, so both ends are cheap.
struct WaitingLine {
    private var tickets: [Ticket?] = []
    private var head = 0

    /// Tickets in line; places left behind by `remove` do not count.
    private(set) var count = 0

    mutating func append(_ ticket: Ticket) {
        tickets.append(ticket)
        count += 1
    }

    mutating func popFirst() -> Ticket? {
        while head < tickets.count {
            let ticket = tickets[head]
            tickets[head] = nil
            head += 1
            shrink()
            if let ticket {
                count -= 1
                return ticket
            }
        }
        return nil
    }

    /// Takes a ticket out of the line, wherever it stands.
    mutating func remove(_ identifier: UInt64) -> Ticket? {
        guard let place = tickets[head...].firstIndex(where: { $0?.identifier == identifier }) else { return nil }
        let ticket = tickets[place]
        tickets[place] = nil
        count -= 1
        return ticket
    }

    private mutating func shrink() {
        if head == tickets.count {
            tickets.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024 {
            tickets.removeFirst(head)
            head = 0
        }
    }
}
