import API
import Basics
import HTTPServer

/// A request's target as logs may show it: cut, without what lets somebody in, and without parameters that mean nothing here. The parser lets only printable ASCII into a target,
/// so nothing in it can end a line.
struct LoggedTarget: Sendable, Hashable {
    /// What stands in place of a secret's value.
    private static let hidden = Array("***".utf8)
    /// Parameters whose values are secrets: our own, and those that people send by mistake (any case, also escaped).
    private static let secrets = Authenticator.secretParameters

    let path: String
    /// Nil when there was no `?`.
    let query: String?

    init(_ request: HTTPRequest, limits: AccessLogLimits) {
        path = Self.cut(Array(request.rawPath.utf8), to: limits.pathBytes)
        let shown = request.rawQuery.flatMap { Self.shown($0) }
        query = shown.map { Self.cut($0, to: limits.queryBytes) }
    }

    /// The query string with the values of secret parameters replaced, and without ignored ones; nil where there are no others.
    private static func shown(_ query: String) -> [UInt8]? {
        let bytes = Array(query.utf8)
        let equals = UInt8(ascii: "=")
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var isFirst = true
        for pair in bytes.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
            let name = pair.prefix { $0 != equals }
            let decoded = decoded(name)
            if IgnoredParameters.contains(decoded) { continue }
            if !isFirst { shown.append(UInt8(ascii: "&")) }
            isFirst = false
            shown += name
            guard name.endIndex < pair.endIndex else { continue }
            shown.append(equals)
            shown += secrets.contains(decoded.lowercased()) ? hidden[...] : pair[name.endIndex...].dropFirst()
        }
        return isFirst ? nil : shown
    }

    private static func decoded(_ name: ArraySlice<UInt8>) -> String {
        let bytes = name.withUnsafeBufferPointer { PercentEncoding.decode($0, plusIsSpace: true) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func cut(_ bytes: [UInt8], to limit: Int) -> String {
        let text = String(decoding: bytes.prefix(limit), as: UTF8.self)
        return bytes.count > limit ? text + "…" : text
    }
}
