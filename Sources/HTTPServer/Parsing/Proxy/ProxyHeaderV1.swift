import Basics
import HTTPSemantics

/// Version 1 of the PROXY protocol: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`, one line of text.
enum ProxyHeaderV1 {
    /// The longest line with its CRLF, as the protocol says.
    static let byteLimit = 107

    /// Reads a header of which as many bytes as there are of `PROXY ` have been seen.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> ProxyHeader.Outcome {
        guard let end = bytes.prefix(byteLimit).firstIndex(of: ByteClass.lineFeed) else {
            return bytes.count < byteLimit ? .incomplete : malformed("the PROXY protocol header's line is too long")
        }
        guard end > 0, bytes[end - 1] == ByteClass.carriageReturn else {
            return malformed("the PROXY protocol header's line does not end in CRLF")
        }
        let line = bytes[ProxyHeader.word.count..<(end - 1)]
        let words = line.split(separator: ByteClass.space, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let length = end + 1
        // The protocol tells receivers to ignore the rest of the line after UNKNOWN.
        if words[0] == "UNKNOWN" { return .complete(ProxyHeader(client: nil, length: length)) }
        guard words.count == 5, words[0] == "TCP4" || words[0] == "TCP6" else {
            return malformed("the PROXY protocol header is not TCP4, TCP6 or UNKNOWN with two addresses and two ports")
        }
        guard let client = address(words[1], words[0]), address(words[2], words[0]) != nil else {
            return malformed("the PROXY protocol header holds an invalid address")
        }
        guard isPort(words[3]), isPort(words[4]) else {
            return malformed("the PROXY protocol header holds an invalid port")
        }
        return .complete(ProxyHeader(client: client, length: length))
    }

    private static func address(_ text: String, _ family: String) -> IPAddress? {
        (family == "TCP6") == text.contains(":") ? IPAddress(text) : nil
    }

    private static func isPort(_ text: String) -> Bool {
        guard (1...5).contains(text.utf8.count), let port = Digits.integer(text) else { return false }
        return port <= 65_535 && (text == "0" || !text.hasPrefix("0"))
    }

    private static func malformed(_ text: StaticString) -> ProxyHeader.Outcome {
        .malformed(RequestRejection(400, text))
    }
}
