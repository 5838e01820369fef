import HTTPServer

extension API {
    /// Every operation, in the order of `openapi.yaml`, which describes exactly these. The router's routes have the same order.
    package static let operations: [Operation] = [
        .get("/", [], .open) { api, call in api.index.respond(to: call) },
        .get("/client.js", [], .open) { api, call in WebClient.module.respond(to: call, api.limits) },
        .get("/client.d.ts", [], .open) { api, call in WebClient.types.respond(to: call, api.limits) },
        .get(WebModules.Folder.client.pattern, [], .open) { api, call throws(Problem) in
            try WebModules.respond(to: call, in: .client, api.limits)
        },
        .get(WebModules.Folder.console.pattern, [], .open) { api, call throws(Problem) in
            try WebModules.respond(to: call, in: .console, api.limits)
        },
        .get("/v1/items", ListHandler.parameters, .read) { api, call throws(Problem) in
            try api.list.respond(to: call)
        }.keepingToKeys(),
        .post("/v1/items/batch-get", BatchGetHandler.parameters, .read) { api, call throws(Problem) in
            try api.batch.respond(to: call)
        }.keepingToKeys(),
        .get("/v1/items/{pk}", ListHandler.partitionParameters, .read) { api, call throws(Problem) in
            try api.list.respondWithPartition(to: call)
        }.keepingToKeys(),
        .get("/v1/items/{pk}/{sk}", ItemHandler.parameters, .read) { api, call throws(Problem) in
            try api.item.respond(to: call)
        }.keepingToKeys(),
        .get("/v1/items/{pk}/history", HistoryHandler.parameters, .read) { api, call throws(Problem) in
            try api.history.respond(to: call, sort: nil)
        }.keepingToKeys(),
        .get("/v1/items/{pk}/{sk}/history", HistoryHandler.parameters, .read) { api, call throws(Problem) in
            try api.history.respond(to: call, sort: call.path["sk"])
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
        .get("/v1/status", [], .status) { api, call throws(Problem) in try api.status.respond(to: call) },
        .get("/livez", [], .open) { api, _ in api.health.liveness() }.servingProbes(),
        .get("/readyz", Health.parameters, .open) { api, call throws(Problem) in
            try api.health.readiness(for: call)
        }.servingProbes(),
        .get("/healthz", Health.parameters, .open) { api, call throws(Problem) in
            try api.health.readiness(for: call)
        }.servingProbes(),
        .get("/metrics", [], .metrics) { api, call throws(Problem) in
            try call.requireAllKeys()
            return api.metrics()
        },
        .get("/openapi.yaml", [], .open) { _, _ in Description.response },
    ]
}
