import Basics

/// The bounds of the saved state, each with what happens at it.
package struct StateLimits: Sendable, Hashable {
    /// Records of one transaction. A save with more takes several; only the last one moves the positions.
    package var recordsPerTransaction = 20_000
    /// How long ago the stream may have been read for its state to be used: DynamoDB Streams keeps records 24 hours, and an hour
    /// earlier nothing can be proved any more. Beyond it the table is read.
    package var maximumAge: Duration = .seconds(23 * 3_600)
    /// How far in the future the state may seem to have been saved: how far clocks may be apart. Beyond it its age is unknown, and
    /// the table is read.
    package var clockSkew: Duration = .seconds(15 * 60)
    /// While nothing changes, only the proof that the stream was read is saved, and no more often than this.
    package var refreshInterval: Duration = .seconds(30)
    /// The time that a first save has after the process was asked to stop. Beyond it the save is left unfinished, and the next
    /// start reads the table.
    package var stopGrace: Duration = .seconds(10)
    /// How long taking the directory may last at the start. Then the start fails.
    package var directoryPatience: Duration = .seconds(10)
    /// Bytes of SQLite's page cache.
    package var cacheBytes = 8 << 20
    /// Bytes of the file at most, the write-ahead log not counted; nil leaves it to the disk. At the bound saving fails as on a
    /// full disk.
    package var fileBytes: Int?
    /// Bytes that the write-ahead log keeps once it was longer.
    package var logBytes = 64 << 20

    /// Numbers of the feed set aside with every save. A process that ends without saving its last changes has told their numbers
    /// to clients; the next one counts from behind what was set aside, so that no number ever stands for two changes. It cannot
    /// run out: a state older than `maximumAge` is not used, and this many changes in 23 hours are 13 million a second.
    package static let reservedSeqs: UInt64 = 1 << 40
    /// The greatest number of the feed that a saved state may have: 19 digits, and as many numbers again above it.
    package static let maximumSeq: UInt64 = 1 << 62

    /// Bytes of records between two looks at the memory while a state is loaded, with so many for each record beside its contents.
    static let memoryStep = 1 << 20
    static let recordOverhead = 128

    /// The defaults.
    package init() {}

    /// Whether a state is too old to be resumed at `wall`: its stream was last read at `streamReadAt`, in milliseconds since 1970 UTC.
    package func rejection(readAt streamReadAt: Int64, at wall: Int64) -> StateRejection? {
        let age = (wall - streamReadAt) / 1_000
        return age > maximumAge.wholeSeconds ? .tooOld(seconds: age) : nil
    }
}
