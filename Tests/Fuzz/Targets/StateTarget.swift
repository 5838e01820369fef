import Glibc

@testable import ReplicaStore
@testable import StateStore
@testable import TableModel

/// Saved states with bytes changed or cut off: refused, or read as exactly what was saved.
///
/// An input is where to cut the file (0: nowhere), then for each change two bytes of place and one to combine with what is there.
final class StateTarget: FuzzTarget {
    private static let identity = StateIdentity(
        tableName: "orders",
        keySchema: KeySchema(partition: KeyAttribute(name: "id", type: .string)),
        streamARN: "arn:stream/1"
    )
    private static let now: Int64 = 1_700_000_000_000

    private let directory: StateDirectory
    /// The undamaged file, and what it holds.
    private let file: [UInt8]
    private let saved: [String]

    init() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/state-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no directory for a state") }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do {
            directory = try StateDirectory(path)
            try StateTarget.save(in: directory)
            file = StateTarget.read(directory.filePath)
            guard let whole = StateTarget.load(directory) else { fatalError("an undamaged state is refused") }
            saved = whole
        } catch {
            fatalError("a state cannot be saved: \(error)")
        }
        require(saved.count == 24, "another number of records than was saved: \(saved.count)")
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        var damaged = file
        if let cut = bytes.first, cut > 0 { damaged.removeLast(file.count * Int(cut) / 256) }
        var index = 1
        while index + 2 < bytes.count, !damaged.isEmpty {
            damaged[(Int(bytes[index]) << 8 | Int(bytes[index + 1])) % damaged.count] ^= bytes[index + 2]
            index += 3
        }
        StateTarget.write(damaged, to: directory.filePath)
        guard let records = StateTarget.load(directory) else { return }
        require(records == saved || damaged.isEmpty, "a damaged state is taken for a whole one")
    }

    private static func save(in directory: StateDirectory) throws {
        guard let epoch = Epoch("aaaaaaaa") else { fatalError("an epoch that is none") }
        let writer = GenerationWriter(epoch: epoch, keySchema: identity.keySchema, limits: StoreLimits())
        for number in 0..<24 {
            let key = try ItemKey(partition: .string("k\(number)"), sort: nil, schema: identity.keySchema)
            let item = Item(["id": .string("k\(number)"), "n": .number("\(number)")])
            let change = Change(
                key: key,
                outcome: number % 5 == 0 ? .remove : .put(item),
                version: SequenceNumber("100000000000000000000\(100 + number)"),
                at: now,
                cause: .stream
            )
            _ = writer.apply(change)
        }
        writer.endBootstrap()
        let file = StateFile(directory: directory, limits: StateLimits())
        let mark = StateMark(positions: Array("p".utf8), streamReadAt: now)
        _ = try file.save(writer.snapshot(), mark, of: identity, isLast: true) { false }
        file.close()
    }

    private static func read(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - max(0, Glibc.read(descriptor, &bytes, bytes.count)))
        return bytes
    }

    /// Writes into the same file: a state knows the number of the file it is in.
    private static func write(_ bytes: [UInt8], to path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { Glibc.close(descriptor) }
        require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count, "the state cannot be written")
    }

    /// Every record as text; nil when the state is refused, none when there is none.
    private static func load(_ directory: StateDirectory) -> [String]? {
        for suffix in ["-wal", "-shm", "-journal"] { unlink(directory.filePath + suffix) }
        let file = StateFile(directory: directory, limits: StateLimits())
        defer { file.close() }
        do {
            // A file without a byte is a place where nothing was saved yet.
            guard let state = try file.load(expecting: identity, at: now, storeLimits: StoreLimits()) else { return [] }
            var records: [String] = []
            state.writer.snapshot().forEachChange(after: 0) { record in
                let item = record.isTombstone ? [] : record.withPackedItem { Array($0) }
                records.append("\(record.key.bytes) \(record.version ?? "") \(record.at) \(item)")
                return true
            }
            return records
        } catch {
            return nil
        }
    }
}
