@testable import API

/// The operations of `openapi.yaml` with their parameters: as much of YAML as its section `paths` uses.
struct DescribedOperations {
    /// By `GET /path`: the names of the query parameters.
    private(set) var query: [String: Set<String>] = [:]

    private struct Parameter {
        var name = ""
        var place = ""
    }

    init(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Line($0) }
        let shared = Self.sharedParameters(lines)
        var section = ""
        var path = ""
        var operation = ""
        var isInParameters = false
        var open: Parameter?
        func close() {
            if let open, open.place == "query" { query[operation]?.insert(open.name) }
            open = nil
        }
        for line in lines where !line.text.isEmpty {
            if line.indent == 0 {
                close()
                section = line.text
            }
            guard section == "paths:" else { continue }
            if line.indent <= 6 {
                close()
                isInParameters = line.indent == 6 && line.text == "parameters:"
            }
            if line.indent == 2 { path = String(line.text.dropLast()) }
            if line.indent == 4, line.text != "parameters:" {
                operation = "\(line.text.dropLast().uppercased()) \(path)"
                query[operation] = []
            }
            guard isInParameters else { continue }
            if line.indent == 8, line.text.hasPrefix("- ") {
                close()
                if let name = line.reference { open = shared[name] } else { open = Parameter() }
            }
            if line.indent <= 10 { line.read(into: &open) }
        }
        close()
    }

    private static func sharedParameters(_ lines: [Line]) -> [String: Parameter] {
        var parameters: [String: Parameter] = [:]
        var section = ""
        var part = ""
        var id = ""
        for line in lines where !line.text.isEmpty {
            if line.indent == 0 { section = line.text }
            if line.indent == 2 { part = line.text }
            guard section == "components:", part == "parameters:" else { continue }
            if line.indent == 4 { id = String(line.text.dropLast()) }
            var parameter: Parameter? = parameters[id] ?? Parameter()
            if line.indent == 6 { line.read(into: &parameter) }
            parameters[id] = parameter
        }
        return parameters
    }

    private struct Line {
        let indent: Int
        let text: String

        init(_ line: Substring) {
            indent = line.prefix { $0 == " " }.count
            text = String(line.dropFirst(indent))
        }

        /// The last part of `- $ref: "#/components/parameters/limit"`.
        var reference: String? {
            guard text.hasPrefix("- $ref:") else { return nil }
            return text.split(separator: "/").last.map { String($0.prefix { $0 != "\"" }) }
        }

        func read(into parameter: inout Parameter?) {
            let text = text.hasPrefix("- ") ? String(text.dropFirst(2)) : text
            if text.hasPrefix("name: ") { parameter?.name = String(text.dropFirst(6)) }
            if text.hasPrefix("in: ") { parameter?.place = String(text.dropFirst(4)) }
        }
    }
}
