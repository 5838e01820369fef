import DynamoDBClient

/// The calls of a start, by the table, stream or shard that each is about: since when one has had no usable response, and since when it is
/// refused. Pure: the caller gives the time, on the continuous clock.
struct CallHistory: Sendable {
    /// An operation on one table, stream or shard. All segments of a scan are one subject: a page of any of them is progress.
    struct Subject: Sendable, Hashable, CustomStringConvertible {
        let operation: String
        let name: String

        /// The table's description. Once the table is found, a start can do without.
        var isDescription: Bool { operation == "DescribeTable" }
        /// Whether it may be called no more: a shard ends, or is removed.
        var isOfShard: Bool { operation == "GetShardIterator" || operation == "GetRecords" }
        fileprivate var isScan: Bool { operation == "Scan" }

        var description: String { "\(operation) \(name)" }
    }

    /// A subject without a usable response.
    struct Wait: Sendable, Hashable {
        let subject: Subject
        /// Its newest failure; nil where no call has ended yet.
        let error: DynamoDBError?
    }

    /// A subject that is refused for a reason that no waiting can mend.
    struct Refusal: Sendable, Hashable {
        let subject: Subject
        let error: DynamoDBError
        /// From the first such refusal in a row to the newest one.
        let duration: Duration
    }

    private struct Entry {
        /// The begin of the first call without a usable response, or the newest response while other calls are in flight.
        var since: Duration
        var inFlight = 0
        var failure: (error: DynamoDBError, at: Duration)?
        /// The first of the refusals in a row.
        var refusedSince: Duration?
        /// How long calls had waited that were cancelled before they had a response. The pause after them does not count.
        var waited: Duration?
    }

    private let memory: Duration
    private var entries: [Subject: Entry] = [:]
    private var lastResponse: Duration?
    private var lastPage: Duration?

    /// A call of a subject that begins within `memory` of a failure counts as its retry.
    init(memory: Duration) { self.memory = memory }

    // MARK: Calls

    /// A call begins.
    mutating func began(_ subject: Subject, at now: Duration) {
        var entry = entries[subject] ?? Entry(since: now)
        if entry.inFlight == 0 {
            if let waited = entry.waited { entry.since = now - waited }
            if let failure = entry.failure, now - failure.at > memory { entry = Entry(since: now) }
            entry.waited = nil
        }
        entry.inFlight += 1
        entries[subject] = entry
    }

    /// A call has had a usable response.
    mutating func responded(_ subject: Subject, at now: Duration) {
        lastResponse = now
        if subject.isScan { lastPage = now }
        guard let inFlight = entries[subject]?.inFlight, inFlight > 1 else {
            entries[subject] = nil
            return
        }
        entries[subject] = Entry(since: now, inFlight: inFlight - 1)
    }

    /// A call has failed, or was cancelled.
    mutating func failed(_ subject: Subject, _ error: DynamoDBError, at now: Duration) {
        guard var entry = entries[subject] else { return }
        entry.inFlight -= 1
        if error.kind != .cancelled {
            entry.failure = (error, now)
            entry.refusedSince = error.canPass ? nil : entry.refusedSince ?? now
            // AWS responds, and the scan keeps to what it allows.
            if error.kind == .throttled, subject.isScan { entry.since = now }
        } else if entry.inFlight == 0, entry.failure == nil {
            entry.waited = now - entry.since
        }
        entries[subject] = entry
    }

    /// The process stood still for `duration`, as a suspended machine does: no call had that time.
    mutating func stoodStill(for duration: Duration) {
        lastResponse = lastResponse.map { $0 + duration }
        lastPage = lastPage.map { $0 + duration }
        entries = entries.mapValues { entry in
            var entry = entry
            entry.since += duration
            entry.refusedSince = entry.refusedSince.map { $0 + duration }
            entry.failure = entry.failure.map { ($0.error, $0.at + duration) }
            return entry
        }
    }

    /// Another generation begins. The failures of the one before say nothing about it, but for those of DescribeTable, which both need.
    mutating func beginGeneration() {
        entries = entries.filter { $0.value.inFlight > 0 || $0.key.isDescription }
        for subject in Array(entries.keys) { entries[subject]?.refusedSince = nil }
    }

    // MARK: Findings

    /// The subject that has waited longest, if it has had no usable response for `timeout`. A failed one counts during the pause before its
    /// retry too; a shard only when it has failed after that time, since it may be called no more. While pages of a scan
    /// arrive, none counts. `isSearching`: the start waits for a description of its table.
    func overdue(after timeout: Duration, at now: Duration, isSearching: Bool) -> Wait? {
        if let lastPage, now - lastPage < timeout { return nil }
        let late = entries.filter { subject, entry in
            guard isSearching || !subject.isDescription else { return false }
            let isCalled = entry.inFlight > 0 || (entry.failure != nil && !subject.isOfShard)
            let end = isCalled ? now : entry.failure?.at ?? entry.since
            return end - entry.since >= timeout
        }
        return late.min { $0.value.since < $1.value.since }.map {
            Wait(subject: $0.key, error: $0.value.failure?.error)
        }
    }

    /// The subjects that are refused.
    var refusals: [Refusal] {
        entries.compactMap { subject, entry in
            guard let (error, newest) = entry.failure, let first = entry.refusedSince else { return nil }
            return Refusal(subject: subject, error: error, duration: newest - first)
        }
    }

    /// Whether AWS is away: some call waits or fails, and none has had a usable response, for `patience` or longer.
    func isAway(for patience: Duration, at now: Duration) -> Bool {
        if let lastResponse, now - lastResponse < patience { return false }
        return entries.values.contains { entry in
            let isCalled = entry.inFlight > 0 || entry.failure.map { now - $0.at <= memory } ?? false
            return isCalled && now - entry.since >= patience
        }
    }
}
