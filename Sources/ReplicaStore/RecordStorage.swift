import TableModel

/// The fixed part of a record: 24 bytes.
struct RecordHeader {
    var seq: UInt64
    /// Milliseconds, then the tombstone flag, then four bits of cause.
    var atAndFlags: UInt64
    /// The item's length in 32 bits, the key's in 24 (DynamoDB's are at most 3 KB), the version's digits in 8.
    private var lengths: UInt64

    static let atShift: UInt64 = 5
    static let tombstoneFlag: UInt64 = 1 << 4
    static let causeMask: UInt64 = 0xF

    init(seq: UInt64, at: Int64, cause: ChangeCause, isTombstone: Bool, key: Int, version: Int, item: Int) {
        precondition(key < 1 << 24 && item < 1 << 32, "a key or item is longer than DynamoDB allows by far")
        self.seq = seq
        // Times before 1970 and after the year 19,000,000 do not come from DynamoDB; they are clamped, not trusted.
        let milliseconds = UInt64(min(max(at, 0), 1 << 58))
        atAndFlags =
            milliseconds << RecordHeader.atShift | (isTombstone ? RecordHeader.tombstoneFlag : 0)
            | UInt64(cause.rawValue)
        lengths = UInt64(item) << 32 | UInt64(key) << 8 | UInt64(version)
    }

    @inline(__always) var itemCount: Int { Int(lengths >> 32) }
    @inline(__always) var keyCount: Int { Int(lengths >> 8 & 0xFF_FFFF) }
    @inline(__always) var versionDigits: Int { Int(lengths & 0xFF) }
    /// Two digits a byte.
    @inline(__always) var versionCount: Int { (versionDigits + 1) / 2 }
}

/// One allocation: the header, then the version's digits two a byte, the key and the packed item.
///
/// Written once before it is shared and never again, which is what makes it safe to read from any thread.
final class RecordStorage: ManagedBuffer<RecordHeader, UInt8> {
    /// The longest sequence number kept; AWS promises at most 40 digits. A longer one is kept as none.
    static let maximumVersionDigits = 255

    static func make(
        seq: UInt64,
        at: Int64,
        cause: ChangeCause,
        version: SequenceNumber?,
        key: UnsafeRawBufferPointer,
        item: UnsafeRawBufferPointer?
    ) -> RecordStorage {
        var digits = version?.text.utf8.count ?? 0
        if digits > maximumVersionDigits { digits = 0 }
        let header = RecordHeader(
            seq: seq,
            at: at,
            cause: cause,
            isTombstone: item == nil,
            key: key.count,
            version: digits,
            item: item?.count ?? 0
        )
        let count = header.versionCount + key.count + header.itemCount
        let buffer = RecordStorage.create(minimumCapacity: count) { _ in header }
        // Proven: `create` on this class returns an instance of this class.
        let storage = unsafeDowncast(buffer, to: RecordStorage.self)
        var target = UnsafeMutableRawPointer(storage.tail)
        if digits > 0, let version { target += pack(version.text, to: target) }
        if let source = key.baseAddress { target.copyMemory(from: source, byteCount: key.count) }
        if let item, let source = item.baseAddress {
            (target + key.count).copyMemory(from: source, byteCount: item.count)
        }
        return storage
    }

    @inline(__always)
    private var tail: UnsafeMutablePointer<UInt8> { withUnsafeMutablePointerToElements { $0 } }

    /// Valid while the storage is alive.
    @inline(__always)
    var keyBytes: UnsafeRawBufferPointer {
        let header = header
        return UnsafeRawBufferPointer(start: tail + header.versionCount, count: header.keyCount)
    }

    /// Valid while the storage is alive.
    @inline(__always)
    var itemBytes: UnsafeRawBufferPointer {
        let header = header
        return UnsafeRawBufferPointer(start: tail + header.versionCount + header.keyCount, count: header.itemCount)
    }

    /// Key and item, which lie side by side. Valid while the storage is alive.
    @inline(__always)
    var contentBytes: UnsafeRawBufferPointer {
        let header = header
        return UnsafeRawBufferPointer(start: tail + header.versionCount, count: header.keyCount + header.itemCount)
    }

    private static func pack(_ text: String, to target: UnsafeMutableRawPointer) -> Int {
        var index = 0
        for digit in text.utf8 {
            let value = digit &- UInt8(ascii: "0")
            let byte = index & 1 == 0 ? value << 4 : target.load(fromByteOffset: index / 2, as: UInt8.self) | value
            target.storeBytes(of: byte, toByteOffset: index / 2, as: UInt8.self)
            index += 1
        }
        return (index + 1) / 2
    }

    /// One digit of the version.
    @inline(__always)
    fileprivate func digit(_ index: Int) -> UInt8 {
        let byte = tail[index / 2]
        return index & 1 == 0 ? byte >> 4 : byte & 0xF
    }

    var version: String? {
        let count = header.versionDigits
        if count == 0 { return nil }
        return String(unsafeUninitializedCapacity: count) { room in
            for index in 0..<count {
                room[index] = UInt8(ascii: "0") + digit(index)
            }
            return count
        }
    }
}

extension RecordStorage {
    @inline(__always) var isTombstone: Bool { header.atAndFlags & RecordHeader.tombstoneFlag != 0 }

    /// Whether the key is kept without an item because the table's cannot be read: no removal, so it is never forgotten.
    @inline(__always) var isUnreadable: Bool {
        isTombstone && header.atAndFlags & RecordHeader.causeMask == UInt64(ChangeCause.unreadable.rawValue)
    }

    /// Whether a scan row must not replace this state: the stream (or a repair) has touched the key since the bookmark.
    var beatsScanRows: Bool {
        isTombstone || header.atAndFlags & RecordHeader.causeMask != UInt64(ChangeCause.snapshot.rawValue)
    }

    /// Bytes of key and packed item.
    var byteCount: Int { header.keyCount + header.itemCount }

    /// Whether the record's version is not below `version`: then a change of that version is a replay.
    func has(atLeast version: SequenceNumber) -> Bool {
        let count = header.versionDigits
        if count == 0 { return false }
        var text = version.text
        return text.withUTF8 { digits in
            // Numeric order: the longer number is the greater once leading zeros are left out.
            var mine = 0
            while mine < count, digit(mine) == 0 { mine += 1 }
            var theirs = 0
            while theirs < digits.count, digits[theirs] == UInt8(ascii: "0") { theirs += 1 }
            if count - mine != digits.count - theirs { return count - mine > digits.count - theirs }
            while mine < count {
                let (left, right) = (digit(mine), digits[theirs] - UInt8(ascii: "0"))
                if left != right { return left > right }
                mine += 1
                theirs += 1
            }
            return true
        }
    }
}
