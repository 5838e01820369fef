import Basics
import HTTPServer
import ReplicaStore

/// A request for an item that waits: for another state than the client has, or for one that satisfies a condition.
final class ItemPoll: PendingResponse {
    private let question: ItemHandler.Question
    private let handler: ItemHandler
    private let permit: Permit
    private var deadline: Duration?
    private var isDraining = false
    /// What was looked at last and is no answer yet: nothing is looked at twice.
    private var seen: (epoch: Epoch, seq: UInt64?)?
    /// Others have had their turn since the request came.
    private var hasYielded = false

    /// `permit` is held until the request is over.
    init(_ question: ItemHandler.Question, handler: ItemHandler, _ permit: Permit) {
        self.question = question
        self.handler = handler
        self.permit = permit
    }

    func poll(now: Duration) -> PendingStep {
        let deadline = self.deadline ?? now + .seconds(question.wait ?? 0)
        self.deadline = deadline
        let isLast = isDraining || now >= deadline
        do throws(Problem) {
            // A replica that is withdrawn meanwhile may be back in time.
            if handler.view.store.snapshot == nil, !isLast { return .wait(until: deadline) }
            let snapshot = try handler.view.snapshot()
            let record = snapshot.newestState(of: question.key)
            let epoch = snapshot.position.epoch
            if !isLast, let seen, seen.epoch == epoch, seen.seq == record?.seq { return .wait(until: deadline) }
            if !hasYielded, handler.isCostly(question, in: snapshot) {
                hasYielded = true
                return .again
            }
            hasYielded = true
            if !isLast, question.until != nil, !isSatisfied(record, epoch) {
                seen = (epoch, record?.seq)
                return .wait(until: deadline)
            }
            let response = try handler.answer(question, in: snapshot)
            if !isLast, question.until == nil, response.status == 304 {
                seen = (epoch, record?.seq)
                return .wait(until: deadline)
            }
            return .answer(response)
        } catch {
            return .answer(error.response(id: question.call.request.id))
        }
    }

    private func isSatisfied(_ record: ItemRecord?, _ epoch: Epoch) -> Bool {
        handler.isSatisfied(question, by: record.flatMap { $0.isTombstone ? nil : $0 }, epoch: epoch)
    }

    func drain() { isDraining = true }

    func finished(_ reason: StreamEnd) { permit.release() }
}
