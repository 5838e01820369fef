package import HTTPServer

/// Cross-origin access (Fetch standard): anybody may read, nobody may send credentials.
package enum CrossOrigin {
    /// Adds the fields of an answer that a browser shows to a page of another origin.
    static func add(to fields: inout HTTPFields) {
        fields.add("Access-Control-Allow-Origin", "*")
        fields.add(
            "Access-Control-Expose-Headers",
            "Replica-Position, Replica-Lag, Replica-State, ETag, Link, Retry-After"
        )
    }

    /// Completes what the router answers by itself: OPTIONS, where a preflight asks for methods and headers.
    package static func decorate(_ request: HTTPRequest?, _ response: inout HTTPResponse) {
        guard let request, request.method == .options, !response.fields.contains("access-control-allow-origin") else {
            return
        }
        add(to: &response.fields)
        response.fields.add("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
        response.fields.add(
            "Access-Control-Allow-Headers",
            "Accept, Cache-Control, Content-Type, If-None-Match, Last-Event-ID"
        )
        response.fields.add("Access-Control-Max-Age", "86400")
        if !response.fields.contains("cache-control") { response.fields.add("Cache-Control", "no-store") }
    }
}
