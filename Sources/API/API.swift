package import Basics
package import Feed
import HTTPSemantics
package import HTTPServer
import ReplicaStore
import Replication
import TableModel

/// The HTTP API: its operations, and the parts that do them.
package struct API: Sendable {
    /// Every operation, in the order of `openapi.yaml`, which describes exactly these.
    package static let routes: [Route] = [
        .get("/", [], .open) { api, call in
            AcceptField(call.request.header("accept")).names("text/html", before: ListHandler.json)
                ? Console.page.respond(to: call.request) : api.index()
        },
        .get("/client.js", [], .open) { _, call in WebClient.module.respond(to: call.request) },
        .get("/client.d.ts", [], .open) { _, call in WebClient.types.respond(to: call.request) },
        .get(WebModules.Folder.client.pattern, [], .open) { _, call throws(Problem) in
            try WebModules.respond(to: call, in: .client)
        },
        .get(WebModules.Folder.console.pattern, [], .open) { _, call throws(Problem) in
            try WebModules.respond(to: call, in: .console)
        },
        .get("/v1/items", ListHandler.parameters, .read) { api, call throws(Problem) in
            try api.items(call)
        }.keepingToKeys(),
        .post("/v1/items/batch-get", BatchGetHandler.parameters, .read) { api, call throws(Problem) in
            try api.batch.respond(to: call, in: api.view.snapshot())
        }.keepingToKeys(),
        .get("/v1/items/{pk}", ListHandler.partitionParameters, .read) {
            api,
            call throws(Problem) in
            try api.partition(call)
        }.keepingToKeys(),
        .get("/v1/items/{pk}/{sk}", ItemHandler.parameters, .read) { api, call throws(Problem) in
            try api.item(call)
        }.keepingToKeys(),
        .get("/v1/items/{pk}/history", HistoryHandler.parameters, .read) { api, call throws(Problem) in
            try api.itemHistory(call, sort: nil)
        }.keepingToKeys(),
        .get("/v1/items/{pk}/{sk}/history", HistoryHandler.parameters, .read) { api, call throws(Problem) in
            try api.itemHistory(call, sort: call.path["sk"])
        }.keepingToKeys(),
        .get("/v1/changes", ChangesHandler.parameters, .stream) { api, call throws(Problem) in
            try api.changes.respond(to: call)
        }.keepingToKeys(),
        .get("/v1/events", EventsHandler.parameters, .stream) { api, call throws(Problem) in
            try api.events.respond(to: call)
        }.keepingToKeys(),
        // A ticket shows no key, and opens what its token opens.
        .post("/v1/tickets", [], .stream) { api, call throws(Problem) in
            try api.tickets.respond(to: call)
        }.keepingToKeys(),
        .get("/v1/status", [], .status) { api, call throws(Problem) in
            _ = try QueryParameters(call.request, allowed: [])
            return api.status.respond(tellsCounts: call.seesAllKeys)
        },
        .get("/livez", [], .open) { api, _ in api.health.liveness() }.servingProbes(),
        .get("/readyz", [], .open) { api, _ throws(Problem) in try api.health.readiness() }.servingProbes(),
        .get("/healthz", [], .open) { api, _ throws(Problem) in try api.health.readiness() }.servingProbes(),
        .get("/metrics", [], .metrics) { api, call throws(Problem) in
            try call.requireAllKeys()
            return api.metrics()
        },
        .get("/openapi.yaml", [], .open) { _, _ in API.description() },
    ]

    /// The patterns of all routes, each once: the bounded set of names that metrics use.
    package static let paths: [String] = routes.map(\.pattern).reduce(into: []) { paths, pattern in
        if !paths.contains(pattern) { paths.append(pattern) }
    }

    let view: ReplicaView
    let health: Health
    let metrics: @Sendable () -> HTTPResponse
    let item: ItemHandler
    let batch: BatchGetHandler
    let list: ListHandler
    let events: EventsHandler
    let changes: ChangesHandler
    let history: HistoryHandler
    let status: StatusHandler
    let tickets: TicketHandler
    private let coding: ContentCoding
    private let authenticator: Authenticator?
    private let crossOrigin: CrossOrigin
    private let hosts: HostRule?

    /// `pendingBytes` says whether large responses may be made, `connections` how many clients there may be. `metrics` answers `/metrics`. Without an `authenticator` everybody may read; `isExposed` says that this includes other
    /// machines.
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
        metrics: @escaping @Sendable () -> HTTPResponse
    ) {
        let fields = ResponseFields()
        self.view = view
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
        changes = ChangesHandler(hub: hub, view: view, fields: fields)
        history = HistoryHandler(hub: hub, view: view, fields: fields, apiLimits: limits)
        status = StatusHandler(
            view: view,
            hub: hub,
            health: health,
            startedAtMilliseconds: startedAtMilliseconds,
            pendingBytes: pendingBytes,
            connections: connections,
            authentication: AuthenticationStatus(store: authenticator?.store, isExposed: isExposed)
        )
    }

    /// The router that serves all of it. `complete` is what happens to an answer last.
    package func router(
        complete: @escaping @Sendable (HTTPRequest?, inout HTTPResponse) -> Void = { _, _ in }
    ) -> Router {
        let crossOrigin = crossOrigin
        var router = Router(
            problem: { status, detail, fields in
                Problem(status, Problem.Kind(status: status), detail).response(fields: fields)
            },
            rejected: { rejected in
                var response = Problem(rejected).response()
                Problem.identify(&response, id: rejected.id)
                return response
            },
            decorate: { request, response in
                crossOrigin.complete(&response, for: request)
                complete(request, &response)
            }
        )
        if let hosts { router.refusal = { hosts.refusal(of: $0)?.response() } }
        for route in Self.routes {
            router.on(route.method, route.pattern, isProbe: route.isProbe, action(of: route))
        }
        return router
    }

    private func action(of route: Route) -> Router.Action {
        let api = self
        let action = route.keepsToKeys ? route.action : refusingRestricted(route)
        let grant = grant(of: route)
        let isData = route.access == .read || route.access == .stream
        return { request, path in
            var call: APICall?
            var response: HTTPResponse
            do throws(Problem) {
                let admitted = APICall(request, path, grant: try grant?(request))
                call = admitted
                response = try action(api, admitted)
                api.coding.complete(&response, for: admitted, isData: isData)
            } catch {
                response = error.response()
            }
            if let grant = call?.grant {
                response.principal = grant.token.name
                api.watch(&response, grant, route)
            }
            return response
        }
    }

    /// Ties an answer that takes time to the token that opened it.
    private func watch(_ response: inout HTTPResponse, _ grant: Grant, _ route: Route) {
        guard let authenticator, case .scope(let scope) = route.access else { return }
        StandingGrant.watch(&response, grant.token, scope, in: authenticator.store)
    }

    /// The operation for tokens that may see every key.
    private func refusingRestricted(_ route: Route) -> Route.Action {
        guard authenticator != nil, route.access == .read || route.access == .stream else { return route.action }
        return { api, call throws(Problem) in
            try call.requireAllKeys()
            return try route.action(api, call)
        }
    }

    /// What lets a request in to a route; nil where everybody may.
    private func grant(of route: Route) -> (@Sendable (HTTPRequest) throws(Problem) -> Grant)? {
        guard let authenticator else { return nil }
        // Streams are what a browser asks for without fields of its own.
        let takesTicket = route.method == .get && route.access == .stream
        guard case .scope(let scope) = route.access else { return nil }
        return { request throws(Problem) in
            try authenticator.authenticate(request, scope: scope, takesTicket: takesTicket)
        }
    }

    private func items(_ call: APICall) throws(Problem) -> HTTPResponse {
        try list.respond(to: call, partition: nil, in: view.snapshot())
    }

    private func item(_ call: APICall) throws(Problem) -> HTTPResponse {
        try item.respond(to: call, partition: call.path["pk"], sort: call.path["sk"], in: view.snapshot())
    }

    /// One item of a table without a sort key; one partition of any other.
    private func partition(_ call: APICall) throws(Problem) -> HTTPResponse {
        let snapshot = try view.snapshot()
        if snapshot.keySchema.sort == nil {
            return try item.respond(to: call, partition: call.path["pk"], sort: nil, in: snapshot)
        }
        return try list.respond(to: call, partition: call.path["pk"], in: snapshot)
    }

    /// An item's history. On a table with a sort key the shorter path is an item as well: that whose sort key is `history`.
    private func itemHistory(_ call: APICall, sort: [UInt8]?) throws(Problem) -> HTTPResponse {
        let snapshot = try view.snapshot()
        let schema = snapshot.keySchema
        if sort == nil, schema.sort != nil {
            let name = Array("history".utf8)
            return try item.respond(to: call, partition: call.path["pk"], sort: name, in: snapshot)
        }
        let key = try ItemHandler.key(call.path["pk"], sort, schema: schema)
        try call.require(key, in: schema)
        return try history.respond(to: call.request, key: key, in: snapshot)
    }

    private static func description() -> HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", "application/yaml")
        fields.add("Cache-Control", "no-cache")
        fields.add("Vary", "Accept-Encoding")
        return HTTPResponse(status: 200, fields: fields, body: .bytes(PackageResources.openapi_yaml))
    }

    private func index() -> HTTPResponse {
        var answer = JSONResponse.make { json in
            json.member("service", "tablecast")
            json.member("version", Build.version)
            json.member("table", view.status().tableName)
            json.object("links") { links in
                links.member("items", "/v1/items")
                links.member("events", "/v1/events")
                links.member("changes", "/v1/changes")
                links.member("status", "/v1/status")
                links.member("metrics", "/metrics")
                links.member("description", "/openapi.yaml")
                links.member("client", "/client.js")
            }
        }
        // Browsers get the console here.
        answer.fields.add("Vary", "Accept")
        return answer
    }
}
