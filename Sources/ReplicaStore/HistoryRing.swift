/// The writer's side of the history: the newest steps within a number of bytes.
struct HistoryRing {
    private let limit: Int
    /// Oldest first, without a gap.
    private var chunks: [HistoryChunk] = []
    private var bytes = 0
    private var origin: UInt64?
    private var isRecording = false

    /// `limit` is in bytes; 0 keeps nothing.
    init(limit: Int) { self.limit = limit }

    /// Steps are kept from now on. `origin` is where that is, or nil when changes before it were lost as steps.
    mutating func begin(origin: UInt64?) {
        isRecording = limit > 0
        self.origin = origin
    }

    /// Gives up all steps, because others are missing after them. None is kept before `resume`.
    mutating func suspend() {
        isRecording = false
        chunks = []
        bytes = 0
        origin = nil
    }

    /// Keeps steps again after `suspend`.
    mutating func resume() { isRecording = limit > 0 }

    /// Keeps a step; `new` bears the seq after the last one's.
    @inline(__always)
    mutating func append(new: RecordStorage, old: RecordStorage?) {
        guard isRecording else { return }
        keep(new, old)
    }

    private mutating func keep(_ new: RecordStorage, _ old: RecordStorage?) {
        var open = chunks.last
        if let last = open, last.count == HistoryChunk.capacity || last.bytes > limit / 16 { open = nil }
        let chunk = open ?? HistoryChunk(first: new.header.seq)
        if open == nil { chunks.append(chunk) }
        let before = chunk.bytes
        chunk.append(new: new, old: old)
        bytes += chunk.bytes - before
        while bytes > limit, chunks.count > 1 {
            bytes -= chunks[0].bytes
            chunks.removeFirst()
        }
    }

    /// The steps for a snapshot at `head`.
    func view(head: UInt64) -> ChangeHistory {
        ChangeHistory(
            chunks: chunks,
            floor: chunks.first.map { $0.first - 1 } ?? head,
            head: head,
            bytes: bytes,
            limit: limit,
            origin: origin
        )
    }
}
