/// Why bytes are not the JSON that was expected, and where.
public struct JSONError: Error, Sendable, Hashable {
    /// The fault or the missing part, in a few words.
    public let reason: String
    /// The byte offset at which it was seen.
    public let offset: Int
    package init(_ reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}
