import Synchronization

/// The bounded number of exports that may be under way: each keeps a snapshot of the store in memory.
final class ExportPlaces: Sendable {
    /// A place that is taken until nothing refers to it any more.
    final class Place: Sendable {
        private let places: ExportPlaces
        fileprivate init(_ places: ExportPlaces) { self.places = places }
        deinit { places.taken.withLock { $0 -= 1 } }
    }

    private let limit: Int
    private let taken = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Places taken now.
    var count: Int { taken.withLock { $0 } }

    /// Takes a place; nil when all are taken.
    func take() -> Place? {
        let isFree = taken.withLock { taken in
            guard taken < limit else { return false }
            taken += 1
            return true
        }
        return isFree ? Place(self) : nil
    }
}
