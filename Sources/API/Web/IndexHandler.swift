import Basics
import HTTPSemantics
import HTTPServer
import Replication

/// Responds at `/`: the console for browsers, and an index of the API for everybody else.
struct IndexHandler: Sendable {
    let view: ReplicaView
    let limits: APILimits

    func respond(to call: APICall) -> HTTPResponse {
        if AcceptField(call.header(.accept)).names("text/html", before: ListHandler.json) {
            return Console.page.respond(to: call, limits)
        }
        var response = JSONResponse.make { json in
            json.member("service", "tablecast")
            json.member("version", Build.version)
            json.member("table", view.status().tableName)
            // Relative, since a reverse proxy may serve everything below a path of its own.
            json.object("links") { links in
                links.member("items", "v1/items")
                links.member("events", "v1/events")
                links.member("changes", "v1/changes")
                links.member("status", "v1/status")
                links.member("metrics", "metrics")
                links.member("description", "openapi.yaml")
                links.member("client", "client.js")
            }
        }
        response.fields.add("Vary", "Accept")
        return response
    }
}
