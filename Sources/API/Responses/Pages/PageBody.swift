import Compression
import HTTPServer

/// A body of any size that is made while its client reads it: refused before it begins where too much waits for slow clients.
protocol BulkBody: StreamingBody {}

extension BulkBody {
    /// It waits for its reader alone.
    var isFinite: Bool { true }
}

/// A large response made piece by piece. What waits for a slow client is one piece; what it keeps in the store, `SnapshotPin`
/// bounds.
final class PageBody: BulkBody {
    /// Appends about so many bytes, at the server's suspending time; `.again` while there is more, `.end` with the last.
    typealias Make = (inout [UInt8], _ budget: Int, _ now: Duration) -> StreamStep

    private var make: Make?
    private(set) var length: Int?
    /// About how many bytes it has; nil where nobody knows.
    let size: Int?
    private var pin: SnapshotPin?
    private var coder: PieceCoder?
    private var plain: [UInt8] = []
    private var made = 0

    /// `length` is what `make` comes to in all, where that is known; `size` about how much, where that is.
    init(length: Int?, size: Int? = nil, pin: SnapshotPin?, _ make: @escaping Make) {
        self.length = length
        self.size = size ?? length
        self.pin = pin
        self.make = make
    }

    /// Compresses the body, whose length is not known then. Before it begins.
    func compress() {
        length = nil
        coder = PieceCoder()
    }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        guard let make else { return .end }
        if pin?.isExceeded(now: now) == true { return .abort }
        guard coder != nil else {
            let before = output.count
            let step = make(&output, budget, now)
            made += output.count - before
            // Never more or less than was said: the next response would be read from the wrong place.
            if let length, made > length || (step == .end && made != length) { return .abort }
            return step
        }
        plain.removeAll(keepingCapacity: true)
        let step = make(&plain, budget, now)
        plain.withUnsafeBytes { coder?.append($0, to: &output) }
        if step == .end { coder?.finish(into: &output) }
        plain = []
        return step
    }

    /// A response goes on while the server drains, to the end of the grace.
    func drain() {}

    func mustEnd(now: Duration) -> Bool { pin?.isExceeded(now: now) == true }

    func finished(_ reason: StreamEnd) {
        make = nil
        pin = nil
    }
}

/// A gzip stream (RFC 1952) whose pieces are compressed each by itself: nothing of a compressor is kept between two.
struct PieceCoder {
    private var crc: UInt32 = 0
    private var length: UInt32 = 0
    private var hasBegun = false

    /// Compresses `bytes` so that a decoder can read all of them at once.
    mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        begin(&output)
        guard !bytes.isEmpty else { return }
        let block = SharedDeflate.block(bytes)
        output += block.bytes
        crc = block.crc(after: crc)
        length &+= block.length
    }

    /// Ends the stream.
    mutating func finish(into output: inout [UInt8]) {
        begin(&output)
        SharedDeflate.appendTrailer(crc: crc, length: length, to: &output)
    }

    private mutating func begin(_ output: inout [UInt8]) {
        if !hasBegun { output += SharedDeflate.header }
        hasBegun = true
    }
}
