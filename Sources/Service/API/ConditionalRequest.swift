import HTTPServer

/// The conditions of a request for something that is there (RFC 9110 section 13).
enum ConditionalRequest {
    enum Outcome: Sendable, Hashable {
        /// None failed: the answer is as without them.
        case proceed
        /// The client has it. `entityTag` is written as the client wrote it: weak for one who got it compressed.
        case notModified(entityTag: String)
        /// The client wanted another state: which field said so.
        case failed(field: String)
    }

    /// Evaluates If-Match or If-Unmodified-Since, then If-None-Match or If-Modified-Since, in this order (section 13.2.2). Times
    /// are in seconds since 1970 UTC; `lastModified` is nil where it is not known, and fields with an unreadable time count as absent.
    static func evaluate(_ call: APICall, entityTag: String, lastModified: Int64?, now: Int64) -> Outcome {
        guard call.fields.isConditional else { return .proceed }
        if let field = call.header(.ifMatch) {
            if !matchesStrongly(field, entityTag) { return .failed(field: "If-Match") }
        } else if let field = call.header(.ifUnmodifiedSince), let lastModified,
            let time = HTTPTimestamp.parse(field, now: now), lastModified > time
        {
            return .failed(field: "If-Unmodified-Since")
        }
        if let field = call.header(.ifNoneMatch) {
            return match(field, entityTag).map { .notModified(entityTag: $0) } ?? .proceed
        }
        if let field = call.header(.ifModifiedSince), let lastModified,
            let time = HTTPTimestamp.parse(field, now: now), lastModified <= time
        {
            return .notModified(entityTag: entityTag)
        }
        return .proceed
    }

    /// Whether a field value names `entityTag`, by weak comparison, or is `*`. What cannot be read names nothing.
    static func matches(_ fieldValue: String, _ entityTag: String) -> Bool { match(fieldValue, entityTag) != nil }

    /// The tag as the field writes it; for `*` as it is.
    private static func match(_ fieldValue: String, _ entityTag: String) -> String? {
        let wanted = opaque(Array(entityTag.utf8)[...])
        var rest = Array(fieldValue.utf8)[...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            guard let first = rest.first else { return nil }
            if first == UInt8(ascii: "*") { return entityTag }
            guard let tag = opaqueTagPrefix(rest) else { return nil }
            if tag.opaque == wanted {
                // Only digits and dashes between the quotes, since it equals ours.
                let isWeak = tag.opaque.startIndex != rest.startIndex
                return (isWeak ? "W/" : "") + String(decoding: wanted, as: UTF8.self)
            }
            rest = tag.rest
        }
    }

    /// If-Match compares strongly: a weak tag on either side matches nothing (section 8.8.3.2).
    private static func matchesStrongly(_ fieldValue: String, _ entityTag: String) -> Bool {
        let wanted = Array(entityTag.utf8)[...]
        var rest = Array(fieldValue.utf8)[...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            guard let first = rest.first else { return false }
            if first == UInt8(ascii: "*") { return true }
            guard let tag = opaqueTagPrefix(rest) else { return false }
            if tag.opaque.startIndex == rest.startIndex, tag.opaque == wanted { return true }
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
