import CXXHash
import ReplicaStore
import TableModel

/// The one row of the table `state`: what the records belong to, and what they must add up to.
struct StateRow: Sendable, Hashable {
    var identity: StateIdentity
    var epoch: Epoch
    /// The greatest number of a record, or more.
    var seq: UInt64
    /// Every seq that clients may have been told before the process ended lies below this.
    var reservedSeq: UInt64
    var horizon: UInt64
    var positions: [UInt8]
    var streamReadAt: Int64
    /// Every record of the generation is there.
    var isComplete = false
    /// The last process stopped in order: nothing beyond `seq` was told to clients.
    var isClosed = false
    var records: Int64 = 0
    /// The sum of the records' checksums, which makes a lost or doubled record visible.
    var recordsChecksum: UInt64 = 0
    /// The file's own inode number. A copy of the file has another one, and must not number its changes as the original does.
    var fileNumber: UInt64
    var abandoned: String?
    /// The keys whose items are newer than the positions: all of them, or how many, and the sum of their checksums.
    var isEveryKeyAhead = false
    var keysAhead: Int64 = 0
    var keysAheadChecksum: UInt64 = 0
    /// The times of the stream that hold for the records.
    var times = StreamTimes()

    /// Reads the row; nil when its values are invalid, or not those that its checksum is of.
    init?(_ row: Statement) {
        guard let tableName = row.text(1), let partition = StateRow.attribute(row.text(2), row.text(3)),
            let streamARN = row.text(6), let epoch = row.text(7).flatMap(Epoch.init)
        else { return nil }
        var sort: KeyAttribute?
        if let name = row.text(4) {
            sort = StateRow.attribute(name, row.text(5))
            if sort == nil { return nil }
        }
        var ignored = AttributePatterns.none
        if let text = row.text(22) {
            guard let read = AttributePatterns(text) else { return nil }
            ignored = read
        }
        identity = StateIdentity(
            tableName: tableName,
            keySchema: KeySchema(partition: partition, sort: sort),
            streamARN: streamARN,
            ignoredAttributes: ignored
        )
        self.epoch = epoch
        seq = UInt64(bitPattern: row.integer(8))
        reservedSeq = UInt64(bitPattern: row.integer(9))
        horizon = UInt64(bitPattern: row.integer(10))
        positions = [UInt8](row.bytes(11))
        streamReadAt = row.integer(12)
        isComplete = row.integer(13) != 0
        isClosed = row.integer(14) != 0
        records = row.integer(15)
        recordsChecksum = UInt64(bitPattern: row.integer(16))
        fileNumber = UInt64(bitPattern: row.integer(17))
        abandoned = row.text(18)
        isEveryKeyAhead = row.integer(19) != 0
        keysAhead = row.integer(20)
        keysAheadChecksum = UInt64(bitPattern: row.integer(21))
        times = StreamTimes(birth: row.time(23), low: row.time(24), high: row.time(25))
        guard checksum == UInt64(bitPattern: row.integer(0)) else { return nil }
    }

    /// The row of a generation that is about to be saved.
    init(identity: StateIdentity, epoch: Epoch, fileNumber: UInt64) {
        self.identity = identity
        self.epoch = epoch
        self.fileNumber = fileNumber
        (seq, reservedSeq, horizon, positions, streamReadAt) = (0, StateLimits.reservedSeqs, 0, [], 0)
    }

    private static func attribute(_ name: String?, _ type: String?) -> KeyAttribute? {
        guard let name, let type = type.flatMap(KeyType.init(rawValue:)) else { return nil }
        return KeyAttribute(name: name, type: type)
    }

    /// The times that hold for the records of the row. A process that was killed may have told clients of more than is saved, and of newer
    /// states: nothing is claimed for them until the stream has been read again.
    var restorableTimes: StreamTimes {
        isClosed ? times : StreamTimes(birth: times.birth, low: nil, high: times.high)
    }

    /// Writes the row with `StateSchema.writeState`.
    func write(with statement: Statement) throws(SQLiteError) {
        let schema = identity.keySchema
        statement.bind(1, Int64(bitPattern: checksum))
        statement.bind(2, text: identity.tableName)
        statement.bind(3, text: schema.partition.name)
        statement.bind(4, text: schema.partition.type.rawValue)
        statement.bind(5, text: schema.sort?.name)
        statement.bind(6, text: schema.sort?.type.rawValue)
        statement.bind(7, text: identity.streamARN)
        statement.bind(8, text: epoch.text)
        for (index, value) in [(9, seq), (10, reservedSeq), (11, horizon), (17, recordsChecksum), (18, fileNumber)] {
            statement.bind(Int32(index), Int64(bitPattern: value))
        }
        statement.bind(13, streamReadAt)
        statement.bind(14, isComplete ? 1 : 0)
        statement.bind(15, isClosed ? 1 : 0)
        statement.bind(16, records)
        statement.bind(19, text: abandoned)
        statement.bind(20, isEveryKeyAhead ? 1 : 0)
        statement.bind(21, keysAhead)
        statement.bind(22, Int64(bitPattern: keysAheadChecksum))
        statement.bind(23, text: ignoredText)
        for (index, time) in [(24, times.birth), (25, times.low), (26, times.high)] {
            statement.bind(Int32(index), time ?? 0)
        }
        let outcome = positions.withUnsafeBytes { bytes in
            statement.bind(12, bytes: bytes)
            return Result { () throws(SQLiteError) in try statement.run() }
        }
        try outcome.get()
    }

    /// Nil for none.
    private var ignoredText: String? {
        identity.ignoredAttributes.isEmpty ? nil : identity.ignoredAttributes.description
    }

    /// Of every value, so that none can change unnoticed.
    private var checksum: UInt64 {
        var bytes: [UInt8] = []
        func add(_ text: String?) {
            add(UInt64(text.map { $0.utf8.count + 1 } ?? 0))
            bytes += Array((text ?? "").utf8)
        }
        func add(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += Array($0) } }
        let schema = identity.keySchema
        for text in [identity.tableName, schema.partition.name, schema.partition.type.rawValue] { add(text) }
        for text in [
            schema.sort?.name, schema.sort?.type.rawValue, identity.streamARN, epoch.text, abandoned, ignoredText,
        ] {
            add(text)
        }
        for number in [seq, reservedSeq, horizon, recordsChecksum, fileNumber, keysAheadChecksum] { add(number) }
        for number in [streamReadAt, isComplete ? 1 : 0, isClosed ? 1 : 0, records, isEveryKeyAhead ? 1 : 0, keysAhead]
        { add(UInt64(bitPattern: number)) }
        for time in [times.birth, times.low, times.high] { add(UInt64(bitPattern: time ?? 0)) }
        bytes += positions
        return bytes.withUnsafeBytes(Checksum.of)
    }
}

extension Statement {
    /// A time in a column; 0 stands for an unknown one.
    fileprivate func time(_ column: Int32) -> Int64? {
        let value = integer(column)
        return value == 0 ? nil : value
    }
}

/// 64 bits of XXH3: fast, and certain enough that a flipped bit shows.
enum Checksum {
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        withUnsafeTemporaryAllocation(of: CUnsignedLongLong.self, capacity: 2) { halves in
            tablecast_xxh3_128(bytes.baseAddress, bytes.count, halves.baseAddress)
            return UInt64(halves[1])
        }
    }
}
