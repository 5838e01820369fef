import Basics

/// A request whose answer is pending.
final class PendingRequest {
    let answer: any PendingResponse
    let request: HTTPRequest
    let route: Route?
    let began: Instant

    init(answer: any PendingResponse, request: HTTPRequest, route: Route?, began: Instant) {
        self.answer = answer
        self.request = request
        self.route = route
        self.began = began
    }
}

/// Pending answers: asked at once, at each wake-up and at their deadlines, in one queue with the streams. Requests behind
/// one wait unread, so answers stay in order.
extension ConnectionLoop {
    /// Begins to wait for an answer, or sends it when it is there at once.
    func wait(
        for answer: any PendingResponse,
        to request: HTTPRequest,
        on connection: Connection,
        route: Route?,
        began: Instant
    ) {
        if isStopping { answer.drain() }
        switch answer.poll(now: .nanoseconds(now)) {
        case .answer(let response):
            answer.finished(.completed)
            self.answer(connection, request, response, began: began)
        case .wait(let until):
            if begin(answer, to: request, on: connection, route, began) { sleep(connection, until) }
        case .again:
            if begin(answer, to: request, on: connection, route, began) { askAgain(connection) }
        }
    }

    /// The connection waits from now on. False when it broke.
    private func begin(
        _ answer: any PendingResponse,
        to request: HTTPRequest,
        on connection: Connection,
        _ route: Route?,
        _ began: Instant
    ) -> Bool {
        connection.phase = .polling
        connection.poll = PendingRequest(answer: answer, request: request, route: route, began: began)
        join(connection)
        // The answers to requests before this one do not wait for it.
        if transmitOutput(connection) { return true }
        close(connection, .clientGone)
        return false
    }

    /// Asks a pending answer again; when it answers, the response is sent.
    func poll(_ connection: Connection) {
        guard let poll = connection.poll else { return }
        switch poll.answer.poll(now: .nanoseconds(now)) {
        case .wait(let until):
            sleep(connection, until)
        case .again: askAgain(connection)
        case .answer(let response):
            connection.poll = nil
            leave(connection)
            connection.phase = .reading
            poll.answer.finished(.completed)
            answer(connection, poll.request, response, began: poll.began)
            // The client may have sent more meanwhile, unread so far: a plain close would be a reset.
            if connection.closing == .close { connection.closing = .linger }
            if output.count > 0 || connection.phase == .sending { flush(connection) }
        }
    }

    /// The connection closes before the answer: tells it why.
    func breakOffPoll(_ connection: Connection, _ reason: StreamEnd) {
        guard let poll = connection.poll else { return }
        connection.poll = nil
        leave(connection)
        if let observer {
            let duration = Duration.nanoseconds(SystemClock.suspendingNanoseconds() - poll.began)
            observer.responded(
                to: poll.request,
                HTTPOutcome(route: poll.route, status: 0, bytes: 0, duration: duration)
            )
        }
        poll.answer.finished(reason)
    }

    /// There is more to do for the answer: when others have had their turn, and the client has taken what was sent before.
    private func askAgain(_ connection: Connection) {
        if connection.hasPending { connection.streamState = .blocked } else { enqueue(connection) }
    }

    /// While the client has not taken what was sent before, an answer could not be sent either: then it is asked again when
    /// the client has, and the write stall is the deadline.
    private func sleep(_ connection: Connection, _ until: Duration) {
        if connection.hasPending {
            connection.streamState = .blocked
        } else {
            connection.streamState = .waiting
            connection.deadline = until.wholeNanoseconds
        }
    }
}
