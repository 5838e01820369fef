import HTTPSemantics

/// Version 2 of the PROXY protocol: a signature, a command, a family, a length, two addresses, and values of types (TLV).
enum ProxyHeaderV2 {
    /// Signature, version with command, family with transport, and length.
    private static let fixedBytes = 16
    /// The type of the checksum among the values.
    private static let checksumType: UInt8 = 0x03
    private static let checksumBytes = 4

    /// Reads a header of which as many bytes as there are of the signature have been seen.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int) -> ProxyHeader.Outcome {
        let signature = ProxyHeader.signature.count
        // Each byte is judged as soon as it is there, so that the outcome does not depend on how the bytes are cut.
        if bytes.count > signature, bytes[signature] != 0x20, bytes[signature] != 0x21 {
            return malformed("the PROXY protocol header's version or command is unknown")
        }
        if bytes.count > signature + 1, bytes[signature + 1] >> 4 > 3 || bytes[signature + 1] & 0xF > 2 {
            return malformed("the PROXY protocol header's address family or transport is unknown")
        }
        guard bytes.count >= fixedBytes else { return .incomplete }
        let length = fixedBytes + Int(bytes[14]) << 8 + Int(bytes[15])
        guard length <= limit else { return malformed("the PROXY protocol header is too long") }
        guard bytes.count >= length else { return .incomplete }
        return complete(UnsafeBufferPointer(rebasing: bytes[..<length]))
    }

    private static func complete(_ header: UnsafeBufferPointer<UInt8>) -> ProxyHeader.Outcome {
        // LOCAL has addresses and values of no meaning; the bytes are skipped all the same.
        guard header[12] & 0xF == 1 else { return .complete(ProxyHeader(client: nil, length: header.count)) }
        let (addressBytes, sourceBytes) =
            switch header[13] >> 4 {
            case 1: (12, 4)
            case 2: (36, 16)
            case 3: (216, 0)
            // UNSPEC: a receiver cannot know where addresses of an unknown form would end.
            default: (header.count - fixedBytes, 0)
            }
        let values = fixedBytes + addressBytes
        guard values <= header.count else {
            return malformed("the PROXY protocol header is shorter than its addresses")
        }
        guard let isIntact = checkValues(header, from: values) else {
            return malformed("a value in the PROXY protocol header is longer than the header")
        }
        guard isIntact else { return malformed("the PROXY protocol header's checksum is wrong") }
        let client = IPAddress(bytes: header[fixedBytes..<(fixedBytes + sourceBytes)])
        return .complete(ProxyHeader(client: client, length: header.count))
    }

    /// Skips the values, and verifies the checksum if there is one. Nil where a value does not end with the header.
    private static func checkValues(_ header: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool? {
        var index = start
        var isIntact = true
        while index < header.count {
            guard index + 3 <= header.count else { return nil }
            let value = index + 3
            let end = value + Int(header[index + 1]) << 8 + Int(header[index + 2])
            guard end <= header.count else { return nil }
            if header[index] == checksumType {
                isIntact = isIntact && end - value == checksumBytes && hasChecksum(header, at: value)
            }
            index = end
        }
        return isIntact
    }

    /// Whether the checksum at `place` is that of the header with zeros in its place.
    private static func hasChecksum(_ header: UnsafeBufferPointer<UInt8>, at place: Int) -> Bool {
        let given = header[place..<(place + checksumBytes)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        var sum = CRC32C()
        for index in 0..<header.count {
            sum.add((place..<(place + checksumBytes)).contains(index) ? 0 : header[index])
        }
        return sum.value == given
    }

    private static func malformed(_ text: StaticString) -> ProxyHeader.Outcome {
        .malformed(RequestRejection(400, text))
    }
}

/// The checksum CRC-32C (RFC 3720 appendix B.4), bit by bit: of a header of some hundred bytes, once a connection.
struct CRC32C {
    private static let polynomial: UInt32 = 0x82F6_3B78
    private var state: UInt32 = .max

    /// Of the bytes added so far.
    var value: UInt32 { ~state }

    mutating func add(_ byte: UInt8) {
        state ^= UInt32(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ Self.polynomial : state >> 1 }
    }
}
