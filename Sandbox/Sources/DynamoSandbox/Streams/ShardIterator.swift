import TableModel

/// A place in a shard, as the opaque token that clients carry around.
struct ShardIterator: Sendable, Equatable {
    let streamARN: String
    let shardID: String
    /// Records numbered from here on are to come.
    let from: UInt128
    /// When it was handed out: milliseconds since 1970 UTC. Its life begins then.
    let issuedAt: Int64
    /// A LATEST iterator's slack: records created before this time are passed over.
    var skipsBefore: Int64 = 0

    /// The stream's ARN, a version, and the rest in base64url: the shape that real iterators have.
    var token: String {
        let rest = "\(shardID)|\(from)|\(issuedAt)|\(skipsBefore)"
        return "\(streamARN)|1|\(Base64.encodeURL(Array(rest.utf8)))"
    }

    /// Reads a token; nil for what the sandbox did not hand out.
    init?(token: String) {
        let parts = token.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "1", let bytes = Base64.decodeURL(String(parts[2])) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: "|", omittingEmptySubsequences: false)
        guard fields.count == 4, let from = UInt128(fields[1]), let issuedAt = Int64(fields[2]),
            let skipsBefore = Int64(fields[3])
        else { return nil }
        self.init(
            streamARN: String(parts[0]),
            shardID: String(fields[0]),
            from: from,
            issuedAt: issuedAt,
            skipsBefore: skipsBefore
        )
    }

    init(streamARN: String, shardID: String, from: UInt128, issuedAt: Int64, skipsBefore: Int64 = 0) {
        self.streamARN = streamARN
        self.shardID = shardID
        self.from = from
        self.issuedAt = issuedAt
        self.skipsBefore = skipsBefore
    }
}
