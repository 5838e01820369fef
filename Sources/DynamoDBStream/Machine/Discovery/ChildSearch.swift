/// The ended shards whose children are not known yet, in the order in which they are asked for.
struct ChildSearch: Sendable {
    private struct Query: Sendable {
        let parentID: String
        var attempts = 0
        var dueAt: Duration
    }

    private var queries: [Query] = []
    /// The endpoint does not know ShardFilter; full listings do its work.
    var isUnsupported = false

    var isEmpty: Bool { queries.isEmpty }

    /// When the next query is due.
    var due: Duration? { queries.lazy.map(\.dueAt).min() }

    func contains(_ parentID: String) -> Bool { queries.contains { $0.parentID == parentID } }

    /// The parent whose children are asked for now, if one is due.
    func next(at now: Duration) -> String? { queries.first { $0.dueAt <= now }?.parentID }

    mutating func begin(_ parentID: String, at now: Duration) {
        guard !contains(parentID) else { return }
        queries.append(Query(parentID: parentID, dueAt: now))
    }

    mutating func end(_ parentID: String) { queries.removeAll { $0.parentID == parentID } }

    /// Counts an attempt that found nothing. Returns the number of attempts; nil if nobody looks for the children any more.
    mutating func noteAttempt(_ parentID: String) -> Int? {
        guard let index = queries.firstIndex(where: { $0.parentID == parentID }) else { return nil }
        queries[index].attempts += 1
        return queries[index].attempts
    }

    mutating func postpone(_ parentID: String, until deadline: Duration) {
        guard let index = queries.firstIndex(where: { $0.parentID == parentID }) else { return }
        queries[index].dueAt = deadline
    }
}
