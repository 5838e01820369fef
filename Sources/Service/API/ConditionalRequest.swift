/// If-None-Match (RFC 9110 section 13.1.2).
enum ConditionalRequest {
    /// Whether a field value names `entityTag`, by weak comparison, or is `*`. What cannot be read names nothing.
    static func matches(_ fieldValue: String, _ entityTag: String) -> Bool {
        let wanted = opaque(Array(entityTag.utf8)[...])
        var rest = Array(fieldValue.utf8)[...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            guard let first = rest.first else { return false }
            if first == UInt8(ascii: "*") { return true }
            let tag = opaqueTagPrefix(rest)
            guard let tag else { return false }
            if tag.opaque == wanted { return true }
            rest = tag.rest
        }
    }

    private static func opaque(_ tag: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        tag.starts(with: "W/".utf8) ? tag.dropFirst(2) : tag
    }

    /// The quoted tag at the start of `bytes` without its `W/`, and what follows it.
    private static func opaqueTagPrefix(
        _ bytes: ArraySlice<UInt8>
    ) -> (opaque: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        let quoted = opaque(bytes)
        guard quoted.first == UInt8(ascii: "\""),
            let end = quoted.dropFirst().firstIndex(of: UInt8(ascii: "\""))
        else { return nil }
        return (quoted[quoted.startIndex...end], quoted[(end + 1)...])
    }
}
