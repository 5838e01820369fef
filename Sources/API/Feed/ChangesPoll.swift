import Basics
import Feed
import HTTPServer
import ReplicaStore

/// A page of changes on its way: answered as soon as there is something to tell, and at the latest when the wait is over. Confined to
/// the event loop of its connection.
final class ChangesPoll: PendingResponse {
    private let handler: ChangesHandler
    private let feed: FeedRequest
    private let reading: FeedParameters
    private let caching: PageCaching
    private let wait: Duration
    private let permit: Permit?
    private var page: ChangesPage?
    private var began: Duration?
    private var isDraining = false

    /// `place` is the waiting client's among the subscribers.
    init(
        handler: ChangesHandler,
        feed: FeedRequest,
        reading: FeedParameters,
        caching: PageCaching,
        wait: Duration,
        permit: Permit?
    ) {
        self.handler = handler
        self.feed = feed
        self.reading = reading
        self.caching = caching
        self.wait = wait
        self.permit = permit
    }

    func drain() { isDraining = true }

    func finished(_ reason: StreamEnd) {
        page = nil
        permit?.release()
    }

    func poll(now: Duration) -> PendingStep {
        let began = began ?? now
        self.began = began
        let until = began + wait
        do throws(Problem) {
            let snapshot = try handler.view.snapshot()
            let page = try page(in: snapshot, now: now)
            switch page.read(snapshot, now: now) {
            case .behind:
                let patience = began + handler.hub.limits.placementPatience
                if isDraining || now >= min(until, patience) { throw ChangesHandler.behind }
                return .wait(until: min(until, patience, now + FeedLimits.placementPause))
            case .gone(let reason): throw ChangesHandler.gone(reason, reading)
            case .page(let contents): return .answer(handler.answer(contents, caching: caching, wait: wait))
            case .nothing(let contents):
                if isDraining || now >= until {
                    return .answer(handler.answer(contents, caching: caching, wait: wait))
                }
                return .wait(until: until)
            case .piece: return .answer(handler.answer(streaming: page, caching: caching, wait: wait))
            case .again: return .again
            }
        } catch {
            return .answer(error.response(id: reading.call.request.id))
        }
    }

    private func page(in snapshot: StoreSnapshot, now: Duration) throws(Problem) -> ChangesPage {
        if let page { return page }
        do throws(FeedFilterError) {
            let made = try ChangesPage(hub: handler.hub, request: feed, snapshot: snapshot, now: now)
            page = made
            return made
        } catch {
            throw Problem(400, .invalidParameter, error.detail)
        }
    }
}
