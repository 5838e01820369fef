import HTTPServer

/// Cross-origin access (the CORS protocol of the Fetch standard): which pages may read. Nobody may send credentials: what needs a
/// token sends `Authorization`, which a preflight allows.
package struct CrossOrigin: Sendable {
    /// Whose pages may read.
    package enum Origins: Sendable, Hashable {
        /// Pages of every origin.
        case any
        /// Pages of these, each `scheme://host[:port]` in lower case; of none when empty.
        case only([String])

        /// Reads `*`, `none`, or origins with commas between them; nil for anything else.
        package init?(_ text: String) {
            switch text {
            case "*": self = .any
            case "none": self = .only([])
            default:
                let origins = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
                    var part = part.drop { $0 == " " }
                    while part.last == " " { part.removeLast() }
                    return String(part)
                }
                guard origins.allSatisfy(Self.isOrigin) else { return nil }
                self = .only(origins)
            }
        }

        /// `scheme://host[:port]` as browsers send it: in lower case, without a path.
        private static func isOrigin(_ text: String) -> Bool {
            for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
                let rest = text.utf8.dropFirst(scheme.utf8.count)
                return !rest.isEmpty
                    && rest.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"),
                            UInt8(ascii: "["),
                            UInt8(ascii: "]"):
                            true
                        default: false
                        }
                    }
            }
            return false
        }
    }

    private static let exposed =
        "Replica-Position, Replica-Lag, Replica-State, ETag, Link, Preference-Applied, Retry-After, X-Request-Id"
    private static let requestFields =
        "Accept, Authorization, Cache-Control, Content-Type, If-Match, If-Modified-Since, If-None-Match, Last-Event-ID, "
        + "Prefer, X-Request-Id"

    /// Nil where any origin may read.
    private let allowed: [String: HTTPFields]?
    /// For any origin; or for requests of no allowed one.
    private let common: HTTPFields
    private let preflight: HTTPFields

    /// Makes the fields of all answers.
    package init(_ origins: Origins) {
        var common = HTTPFields()
        switch origins {
        case .any:
            allowed = nil
            common = Self.fields(allowing: "*")
        case .only(let list):
            var allowed: [String: HTTPFields] = [:]
            for origin in list {
                var fields = Self.fields(allowing: origin)
                fields.add("Vary", "Origin")
                allowed[origin] = fields
            }
            self.allowed = allowed
            // Also without an origin: a cache must not give this answer to a page that may read.
            if !list.isEmpty { common.add("Vary", "Origin") }
        }
        self.common = common
        var preflight = HTTPFields()
        preflight.add("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
        preflight.add("Access-Control-Allow-Headers", Self.requestFields)
        preflight.add("Access-Control-Max-Age", "86400")
        self.preflight = preflight
    }

    /// Adds what every answer says of it, and to an answer to OPTIONS what a preflight asks for.
    func complete(_ response: inout HTTPResponse, for request: HTTPRequest?) {
        var isAllowed = true
        if let allowed {
            let known = request?.header("origin").flatMap { allowed[$0] }
            response.fields.append(known ?? common)
            isAllowed = known != nil
        } else {
            response.fields.append(common)
        }
        guard let request, request.method == .options else { return }
        if isAllowed { response.fields.append(preflight) }
        if !response.fields.contains("cache-control") { response.fields.add("Cache-Control", "no-store") }
    }

    private static func fields(allowing origin: String) -> HTTPFields {
        var fields = HTTPFields()
        fields.add("Access-Control-Allow-Origin", origin)
        fields.add("Access-Control-Expose-Headers", exposed)
        return fields
    }
}
