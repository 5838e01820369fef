/// An entity tag into which a proxy wrote the content coding that it applied: `"abc-gzip"` of `"abc"`.
///
/// A response that a proxy compresses is another representation, so it needs another tag (RFC 9110 section 8.8.3.3). Some
/// proxies make the tag weak; others, such as Apache's mod_deflate, Jetty and Caddy, append the coding, and not all take
/// it away again when a client sends the tag back.
enum CodedEntityTag {
    /// The marks between a tag and the coding behind it.
    private static let separators: [StaticString] = ["--", "-", ";"]
    /// The codings by the names that proxies give them.
    private static let codings: [StaticString] = ["gzip", "br", "zstd", "deflate", "df"]

    /// Whether `quoted`, a tag with its quotes, is `tag`, also with its quotes, alone or with a coding before its last
    /// quote.
    static func matches(_ quoted: UnsafeBufferPointer<UInt8>, _ tag: Substring.UTF8View) -> Bool {
        let length = tag.count
        guard quoted.count > length else { return quoted.elementsEqual(tag) }
        guard length >= 2, quoted[..<(length - 1)].elementsEqual(tag.dropLast()) else { return false }
        let suffix = quoted[(length - 1)..<(quoted.count - 1)]
        return separators.contains { separator in
            starts(suffix, with: separator)
                && codings.contains { coding in
                    let rest = suffix.dropFirst(separator.utf8CodeUnitCount)
                    return rest.count == coding.utf8CodeUnitCount && starts(rest, with: coding)
                }
        }
    }

    private static func starts(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes.starts(with: $0) }
    }
}
