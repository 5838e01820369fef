import Digest
import TableModel

/// 128 bits that tell tickets, or what they open, apart.
struct TicketMark: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// 128 random bits.
    static func random() -> TicketMark {
        // On Linux this generator is getrandom(2).
        var generator = SystemRandomNumberGenerator()
        return TicketMark(high: generator.next(), low: generator.next())
    }
}

/// A ticket: a text that stands for a token in a URL. The token's digest seals it, so every replica whose file has the token can check it
/// and no replica has to remember it.
///
/// 48 bytes as base64url: what the ticket is (1 byte, which is also the version), which token it stands for (8), when it ends (7, in
/// milliseconds since 1970 UTC), its mark (16) and the seal (16), which is the beginning of the HMAC-SHA-256 of the others. Integers have
/// their most significant byte first.
///
/// A reader of a ticket can test guesses of its token against the seal, so a token must be random. The digest of a token suffices to make
/// tickets.
struct SealedTicket: Sendable, Hashable {
    enum Kind: UInt8, Sendable {
        /// Opens one stream at each replica. The mark is random.
        case single = 1
        /// Opens streams of one path and query until it ends. The mark is theirs.
        case reusable = 2
    }

    let kind: Kind
    /// See `TicketKey.tokenID`.
    let tokenID: UInt64
    /// Milliseconds since 1970 UTC.
    let end: Int64
    let mark: TicketMark

    /// The characters of a ticket's text.
    static let characters = 64
    private static let bytes = 48
    private static let sealBytes = 16

    /// The text of the ticket under a key.
    func text(under key: TicketKey) -> String {
        let content = content
        return Base64.encodeURL(content + key.seal(content).bytes.prefix(Self.sealBytes))
    }

    private var content: [UInt8] {
        var content: [UInt8] = [kind.rawValue]
        content.append(contentsOf: tokenID, bytes: 8)
        content.append(contentsOf: UInt64(clamping: end), bytes: 7)
        content.append(contentsOf: mark.high, bytes: 8)
        content.append(contentsOf: mark.low, bytes: 8)
        return content
    }

    /// A text that has the form of a ticket. Nothing in it is true before `isSealed` says so.
    struct Claim: Sendable {
        let ticket: SealedTicket
        private let seal: [UInt8]

        /// Reads a text; nil when it has another form.
        init?(_ text: String) {
            guard text.utf8.count == SealedTicket.characters, let bytes = Base64.decodeURL(text),
                bytes.count == SealedTicket.bytes, let first = bytes.first, let kind = Kind(rawValue: first)
            else { return nil }
            ticket = SealedTicket(
                kind: kind,
                tokenID: UInt64(mostSignificantFirst: bytes[1..<9]),
                // Proven: 7 bytes are below 2^56.
                end: Int64(UInt64(mostSignificantFirst: bytes[9..<16])),
                mark: TicketMark(
                    high: UInt64(mostSignificantFirst: bytes[16..<24]),
                    low: UInt64(mostSignificantFirst: bytes[24..<32])
                )
            )
            seal = Array(bytes[32...])
        }

        /// Whether the token of `key` made the ticket. The time it takes tells nothing about the right seal.
        func isSealed(under key: TicketKey) -> Bool { key.seal(ticket.content).begins(with: seal) }
    }
}

/// The key that seals the tickets of one token. It comes from the token's digest alone, which a file has whether it gives the token or
/// its digest. So replicas agree on it although their files differ in other tokens, and it goes when the token goes.
struct TicketKey: Sendable {
    private let key: SHA256Digest
    /// Names the token in its tickets. It helps to guess the token no more than the seal does.
    let tokenID: UInt64

    init(of token: SHA256Digest) {
        key = SHA256Digest(hmacOf: "tablecast ticket 1: seal".utf8, key: token.bytes)
        let id = SHA256Digest(hmacOf: "tablecast ticket 1: token".utf8, key: token.bytes)
        tokenID = UInt64(mostSignificantFirst: id.bytes.prefix(8))
    }

    func seal(_ content: [UInt8]) -> SHA256Digest { SHA256Digest(hmacOf: content, key: key.bytes) }
}

extension UInt64 {
    /// Reads at most 8 bytes.
    init(mostSignificantFirst bytes: some Sequence<UInt8>) { self = bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

extension [UInt8] {
    /// Appends the lowest `count` bytes of a number, the most significant one first.
    mutating func append(contentsOf number: UInt64, bytes count: Int) {
        for place in (0..<count).reversed() { append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(place)))) }
    }
}
