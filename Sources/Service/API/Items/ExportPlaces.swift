import Synchronization

/// The bounded number of exports that may be in progress, in all and for one client: each keeps a snapshot of the store in memory.
final class ExportPlaces: Sendable {
    /// A place that is taken until nothing refers to it any more.
    final class Place: Sendable {
        private let places: ExportPlaces
        private let client: UInt64

        fileprivate init(_ places: ExportPlaces, _ client: UInt64) {
            self.places = places
            self.client = client
        }

        deinit { places.leave(client) }
    }

    /// Which bound was reached.
    enum Refusal: Error, Sendable, Hashable { case total, address }

    private struct State {
        var total = 0
        var byClient: [UInt64: Int] = [:]
    }

    private let limit: Int
    private let perAddress: Int
    private let state = Mutex(State())

    /// `limit` places in all, `perAddress` of them for one client.
    init(limit: Int, perAddress: Int = .max) {
        self.limit = limit
        self.perAddress = perAddress
    }

    /// Places taken now.
    var count: Int { state.withLock { $0.total } }

    /// Takes a place for the client whose addresses have `client` in common (`HTTPRequest.clientKey`).
    func take(for client: UInt64) -> Result<Place, Refusal> {
        let refusal = state.withLock { state -> Refusal? in
            guard state.total < limit else { return .total }
            let mine = state.byClient[client, default: 0]
            guard mine < perAddress else { return .address }
            state.total += 1
            state.byClient[client] = mine + 1
            return nil
        }
        if let refusal { return .failure(refusal) }
        return .success(Place(self, client))
    }

    private func leave(_ client: UInt64) {
        state.withLock { state in
            state.total -= 1
            let left = state.byClient[client, default: 1] - 1
            state.byClient[client] = left > 0 ? left : nil
        }
    }
}
