package import Feed
package import HTTPServer
import ReplicaStore
import Replication
import TableModel

/// The HTTP API: its routes, and what each does.
package struct API: Sendable {
    /// A path of the service, all of them GET (and so HEAD). `openapi.yaml` describes exactly these.
    package static let paths = [
        "/", "/v1/items", "/v1/items/{pk}", "/v1/items/{pk}/{sk}", "/v1/events", "/v1/status",
        "/livez", "/readyz", "/healthz", "/metrics", "/openapi.yaml",
    ]

    private let view: ReplicaView
    private let health: Health
    private let metrics: @Sendable () -> HTTPResponse
    private let item: ItemHandler
    private let list: ListHandler
    private let events: EventsHandler
    private let status: StatusHandler

    /// `metrics` answers `/metrics`.
    package init(
        view: ReplicaView,
        hub: FeedHub,
        health: Health,
        limits: APILimits = APILimits(),
        startedAtMilliseconds: Int64,
        metrics: @escaping @Sendable () -> HTTPResponse
    ) {
        let fields = AnswerFields()
        self.view = view
        self.health = health
        self.metrics = metrics
        item = ItemHandler(view: view, fields: fields)
        list = ListHandler(view: view, fields: fields, limits: limits)
        events = EventsHandler(hub: hub, view: view, fields: fields)
        status = StatusHandler(
            view: view,
            hub: hub,
            health: health,
            startedAtMilliseconds: startedAtMilliseconds
        )
    }

    /// The router that serves all of it.
    package func router() -> Router {
        var router = Router(
            problem: { status, detail, fields in
                Problem(status, Problem.Kind(status: status), detail).response(fields: fields)
            },
            decorate: CrossOrigin.decorate
        )
        for path in Self.paths { router.on(.get, path, action(for: path)) }
        return router
    }

    private func action(for path: String) -> Router.Action {
        switch path {
        case "/v1/items": catching { request, _ throws(Problem) in try items(request) }
        case "/v1/items/{pk}": catching { request, path throws(Problem) in try partition(request, path["pk"]) }
        case "/v1/items/{pk}/{sk}":
            catching { request, path throws(Problem) in
                try item.respond(to: request, partition: path["pk"], sort: path["sk"], in: view.snapshot())
            }
        case "/v1/events": catching { request, _ throws(Problem) in try events.respond(to: request) }
        case "/v1/status":
            catching { request, _ throws(Problem) in
                _ = try QueryParameters(request, allowed: [])
                return status.respond()
            }
        case "/livez": { _, _ in health.liveness() }
        case "/readyz", "/healthz": catching { _, _ throws(Problem) in try health.readiness() }
        case "/metrics": { _, _ in metrics() }
        case "/openapi.yaml": { _, _ in Self.description() }
        default: { _, _ in index() }
        }
    }

    private func catching(
        _ action: @escaping @Sendable (HTTPRequest, PathParameters) throws(Problem) -> HTTPResponse
    ) -> Router.Action {
        { request, path in
            do throws(Problem) { return try action(request, path) } catch { return error.response() }
        }
    }

    private func items(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
        try list.respond(to: request, partition: nil, in: view.snapshot())
    }

    /// One item of a table without a sort key; one partition of any other.
    private func partition(_ request: HTTPRequest, _ partition: [UInt8]) throws(Problem) -> HTTPResponse {
        let snapshot = try view.snapshot()
        if snapshot.keySchema.sort == nil {
            return try item.respond(to: request, partition: partition, sort: nil, in: snapshot)
        }
        return try list.respond(to: request, partition: partition, in: snapshot)
    }

    private static func description() -> HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", "application/yaml")
        fields.add("Cache-Control", "no-cache")
        CrossOrigin.add(to: &fields)
        return HTTPResponse(status: 200, fields: fields, body: .bytes(PackageResources.openapi_yaml))
    }

    private func index() -> HTTPResponse {
        var links = JSONObject()
        links.add("items", "/v1/items")
        links.add("events", "/v1/events")
        links.add("status", "/v1/status")
        links.add("metrics", "/metrics")
        links.add("description", "/openapi.yaml")
        var object = JSONObject()
        object.add("service", "tablecast")
        object.add("version", Build.version)
        object.add("table", view.status().tableName)
        object.add("links", links)
        return JSONAnswer.make(object)
    }
}
