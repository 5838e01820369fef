import ReplicaStore
import StateStore
import Synchronization
import TableModel

/// The place of saved contents, as their state keeps it beside the records: where the upstream stood, and what the bookmark there told.
struct FollowedPlace: Sendable, Hashable {
    /// The epoch and seq of the upstream that the contents are of.
    var upstreamEpoch: Epoch
    var upstreamSeq: UInt64
    /// Whether the contents count in seqs of their own (`FollowedContents`).
    var countsAlone: Bool
    /// The stream that the times are of.
    var stream: StreamTag
    /// Number and digest of the items, which the upstream had too.
    var items: Int
    var digest: ContentDigest
    /// The epochs that the contents had before.
    var lineage: EpochLineage

    /// Whether restored contents are those that were saved.
    func fits(_ writer: GenerationWriter) -> Bool {
        let (items, content) = writer.digest
        return items == self.items && content == digest
    }

    /// Seven lines, each with the name of a value and the value.
    var encoded: [UInt8] {
        let lines = [
            "epoch \(upstreamEpoch)", "seq \(upstreamSeq)", "alone \(countsAlone)", "stream \(stream)",
            "items \(items)",
            "digest \(digest)", "lineage \(lineage)",
        ]
        return Array(lines.joined(separator: "\n").utf8)
    }
}

extension FollowedPlace {
    /// Reads what `encoded` writes; nil for anything else.
    init?(decoding bytes: [UInt8]) {
        let names = ["epoch", "seq", "alone", "stream", "items", "digest", "lineage"]
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == names.count else { return nil }
        var values: [String] = []
        for (name, line) in zip(names, lines) {
            guard line.hasPrefix(name + " ") else { return nil }
            values.append(String(line.dropFirst(name.utf8.count + 1)))
        }
        guard let epoch = Epoch(values[0]), let seq = UInt64(values[1]), let countsAlone = Bool(values[2]),
            let stream = StreamTag(values[3]), let items = Int(values[4]), let digest = ContentDigest(values[5]),
            let lineage = EpochLineage(values[6])
        else { return nil }
        self.init(
            upstreamEpoch: epoch,
            upstreamSeq: seq,
            countsAlone: countsAlone,
            stream: stream,
            items: items,
            digest: digest,
            lineage: lineage
        )
    }
}

/// Contents that a bookmark has proved, ready to be saved.
struct ProvedContents: Sendable {
    let snapshot: StoreSnapshot
    let place: FollowedPlace
    let identity: StateIdentity
}

/// Contents of a saved state, and their place.
struct RestoredContents: Sendable {
    let state: RestoredState
    let place: FollowedPlace

    /// Until when the stream is known to have been read into them, in milliseconds since 1970 UTC; nil where no upstream had told its lag.
    var readAt: Int64? { state.streamReadAt == 0 ? nil : state.streamReadAt }

    /// The times of the contents as they were saved, also where readers are told none of them; nil where none are known.
    var marks: Watermarks? {
        guard let low = state.times.low, let high = state.times.high else { return nil }
        return Watermarks(stream: place.stream, low: low, high: high)
    }

    /// How the contents of an upstream differ from what these are of; nil where they go on, whatever their epoch.
    func difference(from contents: UpstreamContents) -> StateRejection? {
        let saved = state.identity
        guard let identity = contents.stateIdentity else { return .otherStream(saved.streamARN) }
        guard TableName(saved).isSame(as: TableName(identity)) else { return .otherTable(saved.tableName) }
        guard saved.keySchema == identity.keySchema else { return .otherKeySchema }
        guard saved.ignoredAttributes == identity.ignoredAttributes else {
            return .otherIgnoredAttributes(saved.ignoredAttributes.description)
        }
        // The tag is of the table's name, too: upstreams may say it with account and Region or without.
        let isSame = saved.streamARN == identity.streamARN && place.stream == contents.stream
        return isSame ? nil : .otherStream(saved.streamARN)
    }
}

/// Brings restored contents to the thread that follows, and keeps nothing of them: they have to be freed once others take their place.
final class RestoredHandover: Sendable {
    private let contents: Mutex<RestoredContents?>

    init(_ contents: RestoredContents?) { self.contents = Mutex(contents) }

    /// Gives them away. A second call gives nothing.
    func give(to followed: FollowedContents) {
        let taken = contents.withLock { contents in
            defer { contents = nil }
            return contents
        }
        if let taken { followed.restore(taken) }
    }
}
