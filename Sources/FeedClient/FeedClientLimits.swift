/// Every bound of the commands that read a feed, in one place, with what happens at it.
package struct FeedClientLimits: Sendable, Hashable {
    /// A longer line or event ends the connection with an error. DynamoDB items are at most 400 KB; with their old state and a
    /// patch, escaped, an event stays under this.
    package var eventBytes = 8_388_608
    /// Bytes that are read of a response's body where only its beginning is of interest: problems and status.
    package var responseBytes = 1_048_576
    /// To connect, name resolution included.
    package var connectTimeout: Duration = .seconds(10)
    /// Without one byte for this long a feed counts as lost: three times the server's own heartbeat.
    package var silence: Duration = .seconds(45)
    /// The first pause before a new attempt, unless the server said another.
    package var firstPause: Duration = .seconds(1)
    /// The longest pause that a server may ask for; a longer one is cut to it.
    package var longestAskedPause: Duration = .seconds(3_600)
    /// The longest pause between two attempts, unless the server asked for a longer one.
    package var longestPause: Duration = .seconds(30)
    /// The first pause between two loads of the whole contents. It doubles while resets follow each other.
    package var firstReloadPause: Duration = .seconds(1)
    /// The longest pause between two loads of the whole contents.
    package var longestReloadPause: Duration = .seconds(60)
    /// A feed that was not reset for this long works: the next reset is a first one.
    package var calmAfter: Duration = .seconds(300)
    /// Keys whose newest version a tail remembers, to drop older states of them. The oldest is forgotten first, and an older state of
    /// a forgotten key is printed.
    package var keysWithVersions = 10_000
    package init() {}
}
