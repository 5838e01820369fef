import ReplicaStore
import TableModel

@testable import Following

/// The contents that a follower with a planted fault shows: rows of a load as they come.
final class FleetEarlyRows {
    private let writer: GenerationWriter
    private let schema: KeySchema
    private var reader = UpstreamLineReader()
    private var splitter = LineSplitter(limit: 65_536)

    init(_ contents: UpstreamContents) {
        schema = contents.keySchema
        writer = GenerationWriter(epoch: contents.epoch, keySchema: schema, limits: StoreLimits())
        writer.beginCopy()
        if let stream = contents.stream { writer.follow(stream, since: contents.birth) }
    }

    /// Shows the rows in a piece of the upstream's lines.
    func take(_ bytes: [UInt8], into store: ReplicaStore) {
        bytes.withUnsafeBytes { bytes in
            try? splitter.receive(bytes) { line in
                // The first piece may begin within a line.
                guard case .change(let change) = try? reader.read(line, schema: schema) else { return }
                if copy(change) { store.publish(writer.snapshot()) }
            }
        }
    }

    private func copy(_ change: UpstreamChange) -> Bool {
        guard let entry = reader.batch.entries.first else { return false }
        let outcome = reader.batch.arena.withUnsafeBytes { arena in
            writer.copy(
                StoredRecord(
                    seq: change.seq,
                    at: change.at,
                    cause: change.cause,
                    version: change.version,
                    key: UnsafeRawBufferPointer(rebasing: arena[entry.key]),
                    item: change.isPut ? UnsafeRawBufferPointer(rebasing: arena[entry.item]) : nil
                )
            )
        }
        return outcome == .applied
    }
}
