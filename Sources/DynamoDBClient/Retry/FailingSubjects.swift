import Synchronization

/// The shards and streams whose newest call failed in the end. Until one of their calls succeeds, a call makes one attempt only, so
/// that a few that keep failing cannot use up the retries of all.
final class FailingSubjects: Sendable {
    private let limit: Int
    private let subjects: Mutex<Set<String>> = Mutex([])

    /// At the limit all are forgotten.
    init(limit: Int) { self.limit = limit }

    func contains(_ subject: String) -> Bool { subjects.withLock { $0.contains(subject) } }

    func insert(_ subject: String) {
        subjects.withLock { subjects in
            if subjects.count >= limit { subjects.removeAll() }
            subjects.insert(subject)
        }
    }

    func remove(_ subject: String) {
        subjects.withLock { subjects in
            guard !subjects.isEmpty else { return }
            subjects.remove(subject)
        }
    }
}
