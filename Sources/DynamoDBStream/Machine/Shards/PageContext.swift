/// The circumstances of a page, by which its evidence is judged.
struct PageContext: Sendable {
    /// When the page was asked for: it shows the shard as it was no earlier.
    let started: StreamTime
    let now: StreamTime
    /// The present moment by the clock that stamps records, at least.
    let recordMilliseconds: Int64
    /// When the newest complete listing began.
    let listed: Duration?
    /// The moment for which someone wants proof that everything before it has been read.
    let evidenceMoment: Duration?
    /// A shard without a page for longer than this had an outage.
    let outagePatience: Duration
    let settings: StreamSettings

    var startedAt: Duration { started.continuous }
}
