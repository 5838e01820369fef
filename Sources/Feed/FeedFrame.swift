import ReplicaStore

/// A run of changes, encoded once and written to every subscriber that stands at its start.
final class FeedFrame: Sendable {
    let bytes: [UInt8]
    /// Where a subscriber stands after it.
    let end: UInt64
    /// Data events in it.
    let count: Int

    init(bytes: [UInt8], end: UInt64, count: Int) {
        self.bytes = bytes
        self.end = end
        self.count = count
    }

    /// Encodes the changes after `start` as server-sent events, until `byteLimit` or `countLimit` is reached.
    static func encode(
        after start: UInt64,
        kind: FrameKind,
        format: FeedFormat,
        in snapshot: StoreSnapshot,
        byteLimit: Int,
        countLimit: Int = .max
    ) -> FeedFrame {
        let envelope = ChangeEnvelope(schema: snapshot.keySchema, epoch: snapshot.position.epoch, format: format)
        let (isSnapshot, base): (Bool, UInt64) =
            switch kind {
            case .snapshot(let base): (true, base)
            case .changes: (false, 0)
            }
        var bytes: [UInt8] = []
        var count = 0
        var end = snapshot.position.seq
        snapshot.forEachChange(after: start) { record in
            if record.isTombstone, record.seq <= base { return true }
            bytes += "id: ".utf8
            envelope.appendID(record.seq, to: &bytes)
            bytes += "\ndata: ".utf8
            envelope.append(record, asSnapshot: isSnapshot, to: &bytes)
            bytes += "\n\n".utf8
            count += 1
            if bytes.count >= byteLimit || count >= countLimit {
                end = record.seq
                return false
            }
            return true
        }
        return FeedFrame(bytes: bytes, end: end, count: count)
    }
}
