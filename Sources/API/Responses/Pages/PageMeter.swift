/// Takes a response's bytes as they are made. While they are few it keeps them; of many it knows only their number and their
/// hash, so that a large response can be made again while its client reads it.
struct PageMeter {
    private let limit: Int
    /// All bytes, unless the response is large.
    private(set) var bytes: [UInt8] = []
    /// Bytes taken so far.
    private(set) var count = 0
    /// Set once there were more bytes than are kept.
    private(set) var isLarge = false
    private var hash: ContentHash.Stream?

    /// Keeps at most about `limit` bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Takes what `make` appends.
    mutating func take(_ make: (inout [UInt8]) -> Void) {
        let before = bytes.count
        make(&bytes)
        count += bytes.count - before
        guard isLarge || bytes.count > limit else { return }
        isLarge = true
        let hash = hash ?? ContentHash.Stream()
        self.hash = hash
        bytes.withUnsafeBytes { hash.add($0) }
        bytes.removeAll(keepingCapacity: true)
    }

    /// The weak entity tag of all bytes and of `closing`: the same however large they are. Asked for once, at the end.
    func entityTag(closing: [UInt8] = [], suffix: StaticString) -> String {
        guard let hash else {
            return (bytes + closing).withUnsafeBytes { ContentHash.entityTag($0, weak: true, suffix: suffix) }
        }
        closing.withUnsafeBytes { hash.add($0) }
        return ContentHash.entityTag(hash.halves, weak: true, suffix: suffix)
    }
}
