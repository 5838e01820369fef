/// Whether a client takes what waits for it fast enough: a credit of time, which passes only while bytes wait and which each
/// byte taken renews. So a stream that has nothing to send costs its client nothing, and a client that takes one byte now and
/// then runs out of credit.
struct ReadPace {
    private var credit: Int64 = 0
    private var since = Instant.zero
    private var response = -1

    /// Bytes of a response begin to wait. Each response begins with the whole credit.
    mutating func begin(response: Int, now: Instant, _ timeouts: Timeouts) {
        if self.response != response {
            self.response = response
            credit = timeouts.responseGrace
        }
        since = now
    }

    /// The client has taken `count` bytes of those that waited.
    mutating func took(_ count: Int, now: Instant, _ timeouts: Timeouts) {
        let earned = Int64(count).multipliedReportingOverflow(by: timeouts.responseByte)
        let spent = now - since
        credit =
            earned.overflow ? timeouts.responseGrace : min(timeouts.responseGrace, credit - spent + earned.partialValue)
        since = now
    }

    /// When the client has no credit left, if it takes nothing more.
    var deadline: Instant { since + credit }
}
