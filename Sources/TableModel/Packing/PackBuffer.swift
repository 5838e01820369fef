/// A growing block of raw bytes into which items are packed: one owner, reused for item after item.
struct PackBuffer: ~Copyable {
    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int
    var count = 0

    init(capacity: Int = 512) {
        self.capacity = capacity
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// The bytes written so far.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes room for `extra` more bytes; every raw write is preceded by it.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if count &+ extra > capacity { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let larger = max(capacity * 2, count + extra)
        let block = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        block.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = block
        capacity = larger
    }

    @inline(__always)
    mutating func append(byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ source: UnsafeRawPointer, _ length: Int) {
        reserve(length)
        (base + count).copyMemory(from: source, byteCount: length)
        count &+= length
    }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        if let address = source.baseAddress { append(address, source.count) }
    }

    /// LEB128: seven bits a byte, lowest first.
    @inline(__always)
    mutating func append(varint value: Int) {
        reserve(10)
        count &+= PackBuffer.write(varint: value, at: base + count)
    }

    /// Writes a varint and returns its length.
    @inline(__always)
    static func write(varint value: Int, at target: UnsafeMutableRawPointer) -> Int {
        var rest = UInt(bitPattern: value)
        var length = 0
        while rest >= 0x80 {
            target.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: length, as: UInt8.self)
            rest &>>= 7
            length &+= 1
        }
        target.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: length, as: UInt8.self)
        return length &+ 1
    }

    /// How many bytes `value` takes as a varint.
    @inline(__always)
    static func length(ofVarint value: Int) -> Int {
        var rest = UInt(bitPattern: value) &>> 7
        var length = 1
        while rest != 0 {
            rest &>>= 7
            length &+= 1
        }
        return length
    }

    /// Puts a varint before the bytes from `start + 1` on, where one byte was reserved for it; moves them if one is not enough.
    /// Returns by how many bytes they moved.
    mutating func close(varint value: Int, reservedAt start: Int) -> Int {
        let extra = PackBuffer.length(ofVarint: value) - 1
        if extra > 0 {
            reserve(extra)
            (base + start + 1 + extra).copyMemory(from: base + start + 1, byteCount: count - start - 1)
            count += extra
        }
        _ = PackBuffer.write(varint: value, at: base + start)
        return extra
    }

    /// Rewrites the pieces `order` points at, which together are exactly the bytes from `start` to the end, in that order,
    /// and updates their offsets. The tail of the buffer is the scratch space.
    mutating func permute(from start: Int, _ order: UnsafeMutableBufferPointer<PackPiece>) {
        let length = count - start
        reserve(length)
        var target = count
        for index in order.indices {
            let piece = order[index]
            let size = piece.end - piece.start
            (base + target).copyMemory(from: base + piece.start, byteCount: size)
            let moved = start + (target - count) - piece.start
            order[index].start += moved
            order[index].name += moved
            order[index].end += moved
            target += size
        }
        (base + start).copyMemory(from: base + count, byteCount: length)
    }
}

/// One attribute, map member or set element inside a `PackBuffer`: what sorting needs to know of it.
struct PackPiece {
    /// The sort text's first eight bytes, so that most comparisons need not follow the offsets.
    var prefix: UInt64
    /// The offset of the piece, its header included.
    var start: Int
    /// The offset of the sort text: the name, or the element's bytes.
    var name: Int
    var nameCount: Int
    /// The offset behind the piece.
    var end: Int
}

/// A stack of pieces: each open container owns the pieces above its mark.
struct PackPieces: ~Copyable {
    private(set) var base: UnsafeMutablePointer<PackPiece>
    private var capacity = 64
    private(set) var count = 0

    init() { base = UnsafeMutablePointer<PackPiece>.allocate(capacity: capacity) }

    deinit { base.deallocate() }

    @inline(__always)
    mutating func push(_ piece: PackPiece) {
        if count == capacity { grow() }
        (base + count).initialize(to: piece)
        count &+= 1
    }

    @inline(never)
    private mutating func grow() {
        let block = UnsafeMutablePointer<PackPiece>.allocate(capacity: capacity * 2)
        block.moveInitialize(from: base, count: count)
        base.deallocate()
        base = block
        capacity *= 2
    }

    /// The pieces pushed since `mark`.
    func since(_ mark: Int) -> UnsafeMutableBufferPointer<PackPiece> {
        UnsafeMutableBufferPointer(start: base + mark, count: count - mark)
    }

    mutating func pop(to mark: Int) { count = mark }
}
