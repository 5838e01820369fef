import DynamoDBClient

/// Why the replica is in its state, in one of a bounded set of names: what a metric's label or an alert can be made of.
package enum ReasonCode: String, Sendable, Hashable, CaseIterable {
    // On the way to live.

    /// DescribeTable has not described a table that can be followed yet.
    case waitingForTable = "waiting-for-table"
    /// The stream is being enabled and has no shards yet.
    case streamEnabling = "stream-enabling"
    /// The saved state is being read.
    case resuming
    /// The bookmark of the stream is being taken.
    case bookmarking
    /// The table is being scanned.
    case scanning
    /// The scan is complete, and the stream is read up to what was written meanwhile.
    case catchingUp = "catching-up"

    /// No upstream (`--follow`) has contents that can be followed yet.
    case waitingForUpstream = "waiting-for-upstream"
    /// The contents of the upstream are being loaded.
    case loadingUpstream = "loading-upstream"

    // Live.

    /// Everything older than the bound is there.
    case following

    // Why it is not live although nothing is lost.

    /// No answer, or none that can be used.
    case streamUnreachable = "stream-unreachable"
    /// The identity may not make a call that is needed.
    case accessDenied = "access-denied"
    /// No credentials have been found yet.
    case credentialsMissing = "credentials-missing"
    /// The credentials have expired and were not renewed.
    case credentialsExpired = "credentials-expired"
    /// Calls are refused because there are too many.
    case throttled
    /// Everything answers, but more is written than is read, or the reading was interrupted for too long.
    case lagging
    /// No read was completed for longer than the bound: replication itself stands still, or no call comes back.
    case stalled
    /// The table's stream is disabled.
    case streamDisabled = "stream-disabled"
    /// The table does not exist any more, or is being deleted.
    case tableMissing = "table-missing"
    /// DynamoDB has no access to the KMS key that encrypts the table.
    case keyInaccessible = "key-inaccessible"
    /// DynamoDB has archived the table.
    case tableArchived = "table-archived"
    /// The contents do not fit into the memory that the process may use. Also the cause of a rebuild, which pauses then.
    case insufficientMemory = "insufficient-memory"

    /// The saved state is shown as it was: the table has not been described yet, or what was written since is being read. Also the cause
    /// of a rebuild when it cannot be resumed.
    case savedState = "saved-state"

    /// The upstream that is followed is not live itself.
    case upstreamStale = "upstream-stale"
    /// No upstream responds.
    case upstreamUnreachable = "upstream-unreachable"
    /// What the upstream offers cannot be followed: somebody has to change a setting.
    case upstreamUnusable = "upstream-unusable"

    // Causes of a rebuild.

    /// The upstream's lines contradict each other, or what was made of them.
    case upstreamDiffers = "upstream-differs"

    /// Records were lost: trimmed, or their shard vanished.
    case gap
    /// The table has another stream than the one that is followed.
    case newStream = "new-stream"
    /// The service does not know the stream that the table names.
    case streamMissing = "stream-missing"
    /// DescribeTable describes another account's or Region's table than the one that was followed.
    case otherTable = "other-table"
    /// A record cannot be applied.
    case unusableRecord = "unusable-record"
    /// The scan of a rebuild failed.
    case scanFailed = "scan-failed"

    /// Whether it names a step on the way to live, and no trouble.
    package var isStep: Bool {
        switch self {
        case .waitingForTable, .streamEnabling, .resuming, .bookmarking, .scanning, .catchingUp, .waitingForUpstream,
            .loadingUpstream:
            true
        default: false
        }
    }

    /// The reason that a failed call stands for.
    init(_ error: DynamoDBError) { self = error.isCredentialsNotFound ? .credentialsMissing : ReasonCode(error.kind) }

    /// The reason that a call which keeps failing stands for.
    init(_ kind: DynamoDBError.Kind) {
        switch kind {
        case .throttled: self = .throttled
        case .accessDenied: self = .accessDenied
        case .expiredCredentials: self = .credentialsExpired
        case .transient, .expiredIterator, .trimmed, .notFound, .malformed, .fatal, .cancelled:
            self = .streamUnreachable
        }
    }
}

/// Why, by name and in a sentence.
package struct Reason: Sendable, Hashable {
    package let code: ReasonCode
    /// Without its full stop.
    package let text: String
    package init(_ code: ReasonCode, _ text: String) {
        self.code = code
        self.text = text
    }
}
