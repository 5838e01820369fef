/// Since when a connection has been in the phase of its parser that it is in: idle, in a head or in a body.
struct ReadProgress {
    private var phase = RequestParser.Phase.idle
    private var request = 0
    private(set) var start: Instant

    init(now: Instant) { start = now }

    /// The parser is in `phase`, and `request` requests came before.
    mutating func note(_ phase: RequestParser.Phase, request: Int, now: Instant) {
        guard self.phase != phase || self.request != request else { return }
        self.phase = phase
        self.request = request
        start = now
    }
}
