import ReplicaStore
import TableModel

/// Checksums of records, over everything that is saved of them. Keeps its room from one to the next.
struct RecordChecksum {
    private var room: [UInt8] = []

    mutating func of(
        seq: UInt64,
        at: Int64,
        cause: UInt8,
        version: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer,
        item: UnsafeRawBufferPointer?
    ) -> UInt64 {
        let count = 30 + version.count + key.count + (item?.count ?? 0)
        if room.count < count { room = [UInt8](repeating: 0, count: max(count, 2 * room.count, 1024)) }
        return room.withUnsafeMutableBytes { room in
            room.storeBytes(of: seq.littleEndian, toByteOffset: 0, as: UInt64.self)
            room.storeBytes(of: at.littleEndian, toByteOffset: 8, as: Int64.self)
            room.storeBytes(of: UInt64(key.count).littleEndian, toByteOffset: 16, as: UInt64.self)
            room.storeBytes(of: UInt32(version.count).littleEndian, toByteOffset: 24, as: UInt32.self)
            room[28] = cause
            room[29] = item == nil ? 0 : 1
            var end = 30
            func add(_ part: UnsafeRawBufferPointer) {
                guard let from = part.baseAddress, let to = room.baseAddress else { return }
                (to + end).copyMemory(from: from, byteCount: part.count)
                end += part.count
            }
            add(version)
            add(key)
            if let item { add(item) }
            return Checksum.of(UnsafeRawBufferPointer(rebasing: room[..<end]))
        }
    }
}
