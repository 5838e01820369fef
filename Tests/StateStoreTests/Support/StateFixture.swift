import Glibc
import ReplicaStore
import StateStore
import TableModel

/// A state directory of its own, a generation to save in it, and a wall clock that stands still.
final class StateFixture {
    static let schema = KeySchema(
        partition: KeyAttribute(name: "id", type: .string),
        sort: KeyAttribute(name: "pos", type: .number)
    )
    static let identity = StateIdentity(tableName: "orders", keySchema: schema, streamARN: "arn:stream/1")
    /// Now, in milliseconds since 1970 UTC.
    static let now: Int64 = 1_700_000_000_000

    let path: String
    let writer: GenerationWriter
    private(set) var version = 0

    init(maximumTombstones: Int = 100) {
        var template = Array("/tmp/statestore-tests-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        writer = StateFixture.writer(maximumTombstones: maximumTombstones)
        writer.endBootstrap()
    }

    deinit { StateFixture.remove(path) }

    /// Removes a directory of files.
    static func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    static func writer(maximumTombstones: Int = 100) -> GenerationWriter {
        var limits = StoreLimits()
        limits.maximumTombstones = maximumTombstones
        return GenerationWriter(epoch: .random(), keySchema: schema, limits: limits)
    }

    var database: String { "\(path)/tablecast.sqlite" }

    func open(_ change: (inout StateLimits) -> Void = { _ in }) throws -> StateFile {
        var limits = StateLimits()
        limits.recordsPerTransaction = 7
        change(&limits)
        return StateFile(directory: try StateDirectory(path), limits: limits)
    }

    static func key(_ id: String, _ pos: Int = 1) throws -> ItemKey {
        try ItemKey(partition: .string(id), sort: .number("\(pos)"), schema: schema)
    }

    /// A change of the stream: a put, or a removal without a value.
    @discardableResult
    func change(_ id: String, _ value: String?, cause: ChangeCause = .stream) throws -> Change {
        version += 1
        let item = value.map { Item(["id": .string(id), "pos": .number("1"), "value": .string($0)]) }
        let change = Change(
            key: try StateFixture.key(id),
            outcome: item.map { .put($0) } ?? (cause == .unreadable ? .unreadable : .remove),
            version: SequenceNumber("1000000000000000000000\(version)"),
            at: StateFixture.now - 1_000 + Int64(version),
            cause: cause
        )
        _ = writer.apply(change)
        return change
    }

    func scanRow(_ id: String, _ value: String) throws {
        var batch = ItemBatch()
        batch.arena = Item(["id": .string(id), "pos": .number("1"), "value": .string(value)]).packed
        let end = batch.arena.count
        batch.arena += try StateFixture.key(id).bytes
        batch.entries.append(.init(key: end..<batch.arena.count, item: 0..<end))
        _ = writer.applyScanRows(batch, at: StateFixture.now)
    }

    static func mark(_ positions: String = "p", readAt: Int64? = now) -> StateMark {
        StateMark(positions: Array(positions.utf8), streamReadAt: readAt)
    }

    @discardableResult
    func save(
        _ file: StateFile,
        _ mark: StateMark = mark(),
        of identity: StateIdentity = identity,
        isLast: Bool = false
    ) throws -> StateSaveReport? {
        try file.save(writer.snapshot(), mark, of: identity, isLast: isLast) { false }
    }

    /// Reads the state back as a new process would.
    func load(
        expecting identity: StateIdentity = identity,
        at wall: Int64 = now,
        _ change: (inout StateLimits) -> Void = { _ in }
    ) throws -> RestoredState? {
        let file = try open(change)
        defer { file.close() }
        return try file.load(expecting: identity, at: wall, storeLimits: StoreLimits())
    }

    /// The reason for which the state is not used; nil when it is, or when there is none.
    func rejection(expecting identity: StateIdentity = identity, at wall: Int64 = now) throws -> StateRejection? {
        do {
            _ = try load(expecting: identity, at: wall)
            return nil
        } catch let rejection as StateRejection { return rejection }
    }

    /// The bytes of a file.
    static func read(_ path: String) -> [UInt8] {
        let descriptor = Glibc.open(path, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { Glibc.close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        precondition(Glibc.read(descriptor, &bytes, bytes.count) == bytes.count)
        return bytes
    }

    /// Writes a file in place, so that it stays the same file.
    static func write(_ bytes: [UInt8], to path: String) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0)
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        Glibc.close(descriptor)
    }
}

/// Everything that a snapshot says, record by record in the order of the feed.
func contents(_ snapshot: StoreSnapshot) -> [String] {
    var lines: [String] = []
    snapshot.forEachChange(after: 0) { record in
        let hash = record.withPackedItem { $0.reduce(into: 5381) { $0 = $0 &* 33 &+ Int($1) } }
        let words = "\(record.seq) \(record.at) \(record.cause) \(record.version ?? "none")"
        lines.append("\(words) \(record.key.bytes) \(record.isTombstone ? "removed" : "\(hash)")")
        return true
    }
    return lines
}

/// Whether two snapshots say the same; what a failure shows is short.
func same(_ left: StoreSnapshot, _ right: StoreSnapshot) -> Bool { contents(left) == contents(right) }
