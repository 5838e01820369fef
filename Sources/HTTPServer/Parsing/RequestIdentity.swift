import Basics

/// The name of one request in its response, in problems and in logs: the client's `X-Request-Id` if it is well-formed,
/// otherwise one made here. Kept as a place or two numbers, so that naming a request costs no allocation.
enum RequestIdentity: Sendable, Hashable {
    /// The server does not name requests.
    case none
    /// The client's own, as its range in the head.
    case given(Range<Int>)
    /// 128 bits, written as 32 hexadecimal digits.
    case made(UInt64, UInt64)

    /// A longer one of a client is not taken over.
    static let byteLimit = 128

    private static let fieldName: StaticString = "x-request-id"

    /// The identity of a request with this head.
    init(_ head: RequestHead, _ source: inout RequestIdentitySource) {
        var found: Range<Int>?
        var count = 0
        head.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            let name = UnsafeBufferPointer(start: Self.fieldName.utf8Start, count: Self.fieldName.utf8CodeUnitCount)
            FieldLines.forEachValue(of: name, in: UnsafeBufferPointer(rebasing: bytes[head.fieldsStart...])) { value in
                count += 1
                guard let start = value.baseAddress, Self.isWellFormed(value) else { return }
                found = start - base..<start - base + value.count
            }
        }
        // Of several none is the client's word.
        if let found, count == 1 { self = .given(found) } else { self = source.next() }
    }

    /// 1 to 128 letters, digits and `-._~:/+=@`: nothing that needs an escape in a log, and the forms that proxies and clients
    /// make (UUIDs, ULIDs, base64, `Root=1-…`).
    static func isWellFormed(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        value.count > 0 && value.count <= byteLimit && value.allSatisfy(characters.contains)
    }

    private static let characters = ByteSet.unreserved.union(ByteSet(":/+=@"))

    /// The text; nil for `none`. `head` is the bytes of the request's head.
    func text(head: [UInt8]) -> String? {
        switch self {
        case .none: return nil
        case .given(let range): return String(decoding: head[range], as: UTF8.self)
        case .made(let high, let low):
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
                Self.write(high, low, to: digits)
                return String(decoding: digits, as: UTF8.self)
            }
        }
    }

    /// Appends the response field; nothing for `none`.
    func appendField(head: [UInt8], to output: OutputBuffer) {
        switch self {
        case .none: return
        case .given(let range):
            output.append("X-Request-Id: ")
            head.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress { output.append(base + range.lowerBound, count: range.count) }
            }
        case .made(let high, let low):
            output.append("X-Request-Id: ")
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
                Self.write(high, low, to: digits)
                if let base = digits.baseAddress { output.append(base, count: 32) }
            }
        }
        output.append("\r\n")
    }

    private static func write(_ high: UInt64, _ low: UInt64, to digits: UnsafeMutableBufferPointer<UInt8>) {
        Hex.write(high, to: digits)
        Hex.write(low, to: digits, at: 16)
    }
}

/// Makes identities for one event loop: 64 bits that are this loop's own, and a number that does not come twice in a loop's life,
/// mixed so that neighbours do not look alike.
struct RequestIdentitySource {
    private let own = UInt64.random(in: .min ... .max)
    private var counter = UInt64.random(in: .min ... .max)

    mutating func next() -> RequestIdentity {
        counter &+= 0x9E37_79B9_7F4A_7C15
        return .made(own, SplitMix64.mixed(counter))
    }
}
