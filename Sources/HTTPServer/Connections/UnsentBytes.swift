/// Bytes of a response that the kernel did not take, and how fast the client takes them.
struct UnsentBytes {
    private var bytes: [UInt8] = []
    private var offset = 0
    private var pace = ReadPace()
    /// Since when there have been any.
    private(set) var since = Instant.zero

    var isEmpty: Bool { offset >= bytes.count }
    /// Bytes kept in memory, those already taken included.
    var count: Int { bytes.count }

    /// Keeps the bytes from `offset` on. `response` is the number of the response on its connection.
    mutating func keep(_ bytes: [UInt8], from offset: Int = 0, response: Int, now: Instant, _ timeouts: Timeouts) {
        self.bytes = bytes
        self.offset = offset
        since = now
        pace.begin(response: response, now: now, timeouts)
    }

    /// The client has taken `count` bytes.
    mutating func took(_ count: Int, now: Instant, _ timeouts: Timeouts) {
        offset += count
        pace.took(count, now: now, timeouts)
    }

    mutating func removeAll() {
        bytes = []
        offset = 0
    }

    /// When the client has taken too little, if it takes nothing more from `now` on.
    func deadline(now: Instant, _ timeouts: Timeouts) -> Instant { min(now + timeouts.writeStall, pace.deadline) }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
    }
}
