import HTTPServer

/// A response that takes several steps, with others' turns between them: a long search, a page that is encoded, a body that is
/// compressed. Confined to the event loop of its connection.
final class SteppedResponse: PendingResponse {
    private var step: (() -> HTTPResponse?)?

    /// `step` returns nil when more is to be done, and takes well under a millisecond.
    init(_ step: @escaping () -> HTTPResponse?) { self.step = step }

    /// Takes the first step now: a small response is complete with it.
    static func response(_ step: @escaping () -> HTTPResponse?) -> HTTPResponse {
        step() ?? HTTPResponse(status: 200, body: .pending(SteppedResponse(step)))
    }

    func poll(now: Duration) -> PendingStep {
        guard let response = step?() else { return .again }
        return .answer(response)
    }

    /// It is on its way: draining changes nothing.
    func drain() {}

    /// Gives back the things that the steps hold: a snapshot, half a page.
    func finished(_ reason: StreamEnd) { step = nil }
}
