package import Basics
package import Feed
import HTTPSemantics
package import HTTPServer

/// The HTTP API: the handlers of its operations, and the router to them.
package struct API: Sendable {
    let health: Health
    let metrics: @Sendable () -> HTTPResponse
    let index: IndexHandler
    let item: ItemHandler
    let batch: BatchGetHandler
    let list: ListHandler
    let events: EventsHandler
    let changes: ChangesHandler
    let history: HistoryHandler
    let status: StatusHandler
    let tickets: TicketHandler
    let limits: APILimits
    private let coding: ContentCoding
    private let authenticator: Authenticator?
    private let crossOrigin: CrossOrigin
    private let hosts: HostRule?

    /// `pendingBytes` says whether large responses may be made, `connections` how many clients there may be. `metrics` responds to
    /// `/metrics`. Without an `authenticator` everybody may read; `isExposed` says that this includes other machines. `aws` says how
    /// AWS is reached.
    package init(
        view: ReplicaView,
        hub: FeedHub,
        health: Health,
        limits: APILimits = APILimits(),
        pendingBytes: PendingBytes = PendingBytes(limit: HTTPServerLimits().pendingBytes),
        connections: ConnectionBudget? = nil,
        startedAtMilliseconds: Int64,
        waiting: Permits? = nil,
        crossOrigin: CrossOrigin = CrossOrigin(.loopback),
        hosts: HostRule? = nil,
        authenticator: Authenticator? = nil,
        isExposed: Bool = false,
        aws: (@Sendable () -> AWSStatus)? = nil,
        process: (@Sendable () -> ProcessStatus)? = nil,
        metrics: @escaping @Sendable () -> HTTPResponse
    ) {
        let fields = ResponseFields()
        index = IndexHandler(view: view, limits: limits)
        self.limits = limits
        self.health = health
        self.metrics = metrics
        self.crossOrigin = crossOrigin
        self.hosts = hosts
        self.authenticator = authenticator
        coding = ContentCoding(limits: limits, pendingBytes: pendingBytes)
        tickets = TicketHandler(authenticator: authenticator)
        let item = ItemHandler(
            view: view,
            fields: fields,
            limits: limits,
            waiting: waiting ?? Permits(limit: limits.waitingRequests),
            verdicts: UntilVerdicts(limits: limits)
        )
        self.item = item
        batch = BatchGetHandler(view: view, fields: fields, limits: limits)
        list = ListHandler(view: view, fields: fields, limits: limits, item: item)
        events = EventsHandler(hub: hub, view: view, fields: fields)
        changes = ChangesHandler(hub: hub, view: view, fields: fields, limits: limits, isPublic: authenticator == nil)
        history = HistoryHandler(hub: hub, view: view, fields: fields, apiLimits: limits, item: item)
        status = StatusHandler(
            view: view,
            hub: hub,
            health: health,
            startedAtMilliseconds: startedAtMilliseconds,
            pendingBytes: pendingBytes,
            connections: connections,
            authentication: AuthenticationStatus(store: authenticator?.store, isExposed: isExposed),
            aws: aws,
            process: process
        )
    }

    /// The router of all operations. `finishers` complete every response after the cross-origin fields.
    package func router(finishers: [any ResponseFinisher] = []) -> Router {
        var router = Router(
            finishers: [crossOrigin] + finishers,
            problem: { status, detail, fields, requestID in
                Problem(status, Problem.Kind(status: status), detail).response(id: requestID, fields: fields)
            },
            rejected: { Problem($0).response(id: $0.id) }
        )
        if let hosts { router.refusal = { hosts.refusal(of: $0)?.response(id: $0.id) } }
        for operation in Self.operations {
            router.on(operation.method, operation.pattern, isProbe: operation.isProbe, routed(operation))
        }
        return router
    }

    /// The operation as the router calls it: it lets the request in, acts, and makes a problem of what went wrong.
    private func routed(_ operation: Operation) -> Router.Action {
        let api = self
        let action = operation.keepsToKeys ? operation.action : refusingRestricted(operation)
        let authenticate = authentication(for: operation)
        return { request, path in
            let grant: Grant?
            do throws(Problem) { grant = try authenticate?(request) } catch { return error.response(id: request.id) }
            var response: HTTPResponse
            do throws(Problem) {
                let call = APICall(request, path, grant: grant)
                response = try action(api, call)
                // Before the token's watch, which then covers the steps of a compression too.
                api.coding.apply(to: &response, of: call, hasData: operation.hasData)
            } catch {
                response = error.response(id: request.id)
            }
            if let grant {
                response.principal = grant.token.name
                api.watch(&response, to: request, grant, operation)
            }
            return response
        }
    }

    /// Ties a response that takes time to the token that opened it, and to the end of a reusable ticket.
    private func watch(_ response: inout HTTPResponse, to request: HTTPRequest, _ grant: Grant, _ operation: Operation)
    {
        guard let authenticator, case .scope(let scope) = operation.access else { return }
        let end = grant.ticketEnd.map { TicketEnd(at: $0, clock: authenticator.wallMilliseconds) }
        StandingGrant(grant.token, scope, in: authenticator.store, until: end).watch(&response, to: request)
    }

    /// The operation for tokens that may see every key.
    private func refusingRestricted(_ operation: Operation) -> Operation.Action {
        guard authenticator != nil, operation.hasData else { return operation.action }
        return { api, call throws(Problem) in
            try call.requireAllKeys()
            return try operation.action(api, call)
        }
    }

    /// Lets requests of an operation in; nil where everybody may use it.
    private func authentication(
        for operation: Operation
    ) -> (@Sendable (HTTPRequest) throws(Problem) -> Grant)? {
        guard let authenticator, case .scope(let scope) = operation.access else { return nil }
        let pattern = operation.takesTicket ? operation.pattern : nil
        return { request throws(Problem) in
            try authenticator.authenticate(request, scope: scope, ticketsFor: pattern)
        }
    }
}
