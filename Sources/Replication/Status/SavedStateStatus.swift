/// The saved state's part of the status.
package struct SavedStateStatus: Sendable, Hashable {
    /// How the process began: resumed, or from the table and why.
    package var start = "the state has not been read yet"
    /// Whether the process resumed from a saved state.
    package var isResumed = false
    /// Milliseconds since 1970 UTC of the last save; nil before the first.
    package var savedAt: Int64?
    /// The moment up to which the saved contents have the stream. The state's age counts from it.
    package var streamReadAt: Int64?
    /// The greatest seq that is saved.
    package var savedSeq: UInt64?
    /// Bytes on disk.
    package var bytes = 0
    /// Saves that wrote something.
    package var saves = 0
    /// Saves that failed.
    package var failures = 0
    /// Why the last attempt to save failed; nil when it did not.
    package var trouble: String?
    package init() {}
}
