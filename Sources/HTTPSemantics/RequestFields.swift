/// Which of the fields that matter here a request has, found in one pass: most requests have none of them, and asking
/// for each would cost a pass each.
package struct RequestFields: Sendable, Hashable {
    /// The fields that are known.
    package enum Field: UInt8, Sendable, CaseIterable {
        case accept
        case acceptEncoding
        case contentType
        case ifMatch
        case ifModifiedSince
        case ifNoneMatch
        case ifUnmodifiedSince
        case lastEventID
        case prefer

        /// In lower case.
        package var name: String {
            switch self {
            case .accept: "accept"
            case .acceptEncoding: "accept-encoding"
            case .contentType: "content-type"
            case .ifMatch: "if-match"
            case .ifModifiedSince: "if-modified-since"
            case .ifNoneMatch: "if-none-match"
            case .ifUnmodifiedSince: "if-unmodified-since"
            case .lastEventID: "last-event-id"
            case .prefer: "prefer"
            }
        }
    }

    private var bits: UInt16 = 0

    /// Has no field yet.
    package init() {}

    /// Takes the name of a field that the request has, as sent.
    package mutating func insert(_ name: UnsafeBufferPointer<UInt8>) {
        guard let field = Self.field(name) else { return }
        bits |= 1 << UInt16(field.rawValue)
    }

    /// Whether the request has a field.
    package func contains(_ field: Field) -> Bool { bits & 1 << UInt16(field.rawValue) != 0 }

    /// Whether the request has conditions (RFC 9110 section 13.1).
    package var isConditional: Bool {
        contains(.ifNoneMatch) || contains(.ifMatch) || contains(.ifModifiedSince) || contains(.ifUnmodifiedSince)
    }

    /// By length first: few names share one.
    private static func field(_ name: UnsafeBufferPointer<UInt8>) -> Field? {
        switch name.count {
        case 6: matches(name, "accept") ? .accept : matches(name, "prefer") ? .prefer : nil
        case 8: matches(name, "if-match") ? .ifMatch : nil
        case 12: matches(name, "content-type") ? .contentType : nil
        case 13:
            matches(name, "if-none-match") ? .ifNoneMatch : matches(name, "last-event-id") ? .lastEventID : nil
        case 15: matches(name, "accept-encoding") ? .acceptEncoding : nil
        case 17: matches(name, "if-modified-since") ? .ifModifiedSince : nil
        case 19: matches(name, "if-unmodified-since") ? .ifUnmodifiedSince : nil
        default: nil
        }
    }

    private static func matches(_ name: UnsafeBufferPointer<UInt8>, _ lowercased: StaticString) -> Bool {
        for index in 0..<name.count {
            let byte = name[index]
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            guard lower == lowercased.utf8Start[index] else { return false }
        }
        return true
    }
}
