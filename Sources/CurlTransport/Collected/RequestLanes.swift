import DequeModule

/// Requests that wait and count apart, by lane: requests that hang at one service leave room for the other's.
struct RequestLanes {
    private struct Lane {
        var waiting: Deque<InFlightRequest> = []
        /// Requests on the wire.
        var active = 0
    }

    private var lanes: [Lane]
    private var active = 0
    private let total: Int
    private let perLane: Int

    /// Requests that wait, over all lanes.
    private(set) var waitingCount = 0

    init(_ settings: TransportSettings) {
        lanes = Array(repeating: Lane(), count: settings.lanes)
        total = settings.concurrentRequests
        perLane = max(1, total - settings.requestsKeptFree)
    }

    mutating func append(_ request: InFlightRequest) {
        lanes[request.lane].waiting.append(request)
        waitingCount += 1
    }

    /// The next request that may be sent, in order within its lane; the caller says when it is over. Those of a lower
    /// lane come first.
    mutating func popFirst() -> InFlightRequest? {
        guard active < total else { return nil }
        for index in lanes.indices where lanes[index].active < perLane {
            guard let request = lanes[index].waiting.popFirst() else { continue }
            lanes[index].active += 1
            active += 1
            waitingCount -= 1
            return request
        }
        return nil
    }

    /// A request that `popFirst` gave is over.
    mutating func ended(_ request: InFlightRequest) {
        lanes[request.lane].active -= 1
        active -= 1
    }

    /// Takes out a request that waits, wherever it stands.
    mutating func remove(_ identifier: UInt64) -> InFlightRequest? {
        for index in lanes.indices {
            guard let place = lanes[index].waiting.firstIndex(where: { $0.identifier == identifier }) else { continue }
            waitingCount -= 1
            return lanes[index].waiting.remove(at: place)
        }
        return nil
    }

    /// Takes out all that wait.
    mutating func removeAll() -> [InFlightRequest] {
        defer {
            for index in lanes.indices { lanes[index].waiting = [] }
            waitingCount = 0
        }
        return lanes.flatMap(\.waiting)
    }
}
