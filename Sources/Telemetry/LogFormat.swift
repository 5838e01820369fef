/// How a log record is written.
package enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// One JSON object a line.
    case json
    /// Time, level, message and metadata, for people.
    case text
}
