/// The requests of the two services, which wait and count apart: requests that hang at one service leave room for the other's.
struct RequestLanes {
    private struct Lane {
        var waiting = WaitingLine()
        /// Requests on the wire.
        var active = 0
    }

    private var table = Lane()
    private var streams = Lane()
    private let total: Int
    private let perLane: Int

    init(_ limits: AWSClientLimits) {
        total = limits.concurrentRequests
        perLane = max(1, total - limits.requestsKeptFree)
    }

    /// Requests that wait, over both lanes.
    var waitingCount: Int { table.waiting.count + streams.waiting.count }

    mutating func append(_ ticket: Ticket) {
        if ticket.request.isOfStreams { streams.waiting.append(ticket) } else { table.waiting.append(ticket) }
    }

    /// The next request that may be sent, in order within its lane; the caller says when it is over. Those of the streams come first:
    /// they are few and small, and the replica's age depends on them.
    mutating func popFirst() -> Ticket? {
        guard table.active + streams.active < total else { return nil }
        if streams.active < perLane, let ticket = streams.waiting.popFirst() {
            streams.active += 1
            return ticket
        }
        guard table.active < perLane, let ticket = table.waiting.popFirst() else { return nil }
        table.active += 1
        return ticket
    }

    /// A request that `popFirst` gave is over.
    mutating func ended(_ ticket: Ticket) {
        if ticket.request.isOfStreams { streams.active -= 1 } else { table.active -= 1 }
    }

    /// Takes a request that waits out of its line.
    mutating func remove(_ identifier: UInt64) -> Ticket? {
        table.waiting.remove(identifier) ?? streams.waiting.remove(identifier)
    }

    /// Takes out all that wait.
    mutating func removeAll() -> [Ticket] {
        var tickets: [Ticket] = []
        while let ticket = streams.waiting.popFirst() ?? table.waiting.popFirst() { tickets.append(ticket) }
        return tickets
    }
}
