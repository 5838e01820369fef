import Synchronization

/// Reports each kind of record that this release does not know, by its name or its version, once in the life of the process.
final class UnknownRecords: Sendable {
    /// Kinds that are remembered; further ones are not reported.
    private static let limit = 64

    private let reported = Mutex<Set<String>>([])
    private let report: @Sendable (_ kind: String, _ shardID: String) -> Void

    /// `report` hears of each kind, with the shard of its first record.
    init(_ report: @escaping @Sendable (_ kind: String, _ shardID: String) -> Void) { self.report = report }

    /// A record of the kind has come.
    func note(_ kind: String, in shardID: String) {
        let isNews = reported.withLock { $0.count < Self.limit && $0.insert(kind).inserted }
        if isNews { report(kind, shardID) }
    }
}
