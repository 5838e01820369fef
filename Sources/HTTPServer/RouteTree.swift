import Glibc

/// Routes by path segment. A literal segment wins over a parameter, unless only the parameter's branch has the method: so an
/// item may be named like one of our own words.
struct RouteTree<Action: Sendable>: Sendable {
    struct Route: Sendable {
        let method: HTTPMethod
        let pattern: String
        let names: [String]
        let action: Action
    }

    /// What a path leads to.
    struct Match {
        var route: Route?
        var segments = InlineArray<4, Range<Int>>(repeating: 0..<0)
        /// The methods of every pattern that the path fits; empty when it fits none.
        var allowed: [HTTPMethod] = []
    }

    private struct Node: Sendable {
        var literals: [(segment: [UInt8], node: Int)] = []
        var parameter: Int?
        var routes: [Route] = []
    }

    private var nodes = [Node()]
    /// The methods of all routes, in the order in which they were added.
    private(set) var methods: [HTTPMethod] = []

    mutating func add(_ method: HTTPMethod, _ pattern: String, _ action: Action) {
        precondition(pattern.hasPrefix("/"), "a route's pattern begins with /: \(pattern)")
        var node = 0
        var names: [String] = []
        for segment in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                names.append(String(segment.dropFirst().dropLast()))
                node = parameterNode(after: node)
            } else {
                node = literalNode(Array(segment.utf8), after: node)
            }
        }
        precondition(names.count <= PathParameters.limit, "too many parameters in \(pattern)")
        precondition(
            !nodes[node].routes.contains { $0.method == method },
            "\(method.name) \(pattern) is already routed"
        )
        nodes[node].routes.append(Route(method: method, pattern: pattern, names: names, action: action))
        if !methods.contains(method) { methods.append(method) }
    }

    private mutating func parameterNode(after node: Int) -> Int {
        if let known = nodes[node].parameter { return known }
        nodes.append(Node())
        nodes[node].parameter = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func literalNode(_ segment: [UInt8], after node: Int) -> Int {
        if let known = nodes[node].literals.first(where: { $0.segment == segment }) { return known.node }
        nodes.append(Node())
        nodes[node].literals.append((segment, nodes.count - 1))
        return nodes.count - 1
    }

    /// Looks up a path, given as a range of `bytes` that begins with "/" or is empty (which means "/").
    func match(_ method: HTTPMethod, _ path: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>) -> Match {
        var match = Match()
        let start = path.isEmpty ? path.lowerBound : path.lowerBound + 1
        walk(0, start..<path.upperBound, depth: 0, bytes, method, &match)
        return match
    }

    private func walk(
        _ node: Int,
        _ rest: Range<Int>?,
        depth: Int,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ method: HTTPMethod,
        _ match: inout Match
    ) {
        guard let rest else { return arrive(node, method, &match) }
        var end = rest.lowerBound
        var isEncoded = false
        while end < rest.upperBound, bytes[end] != UInt8(ascii: "/") {
            if bytes[end] == UInt8(ascii: "%") { isEncoded = true }
            end += 1
        }
        let segment = rest.lowerBound..<end
        let next = end < rest.upperBound ? end + 1..<rest.upperBound : nil
        for literal in nodes[node].literals where isSegment(segment, bytes, literal.segment, isEncoded: isEncoded) {
            walk(literal.node, next, depth: depth, bytes, method, &match)
            if match.route != nil { return }
        }
        if let parameter = nodes[node].parameter, !segment.isEmpty {
            match.segments[depth] = segment
            walk(parameter, next, depth: depth + 1, bytes, method, &match)
        }
    }

    private func arrive(_ node: Int, _ method: HTTPMethod, _ match: inout Match) {
        for route in nodes[node].routes where route.method == method {
            match.route = route
            return
        }
        for route in nodes[node].routes where !match.allowed.contains(route.method) {
            match.allowed.append(route.method)
        }
    }

    private func isSegment(
        _ range: Range<Int>,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ literal: [UInt8],
        isEncoded: Bool
    ) -> Bool {
        let segment = UnsafeBufferPointer(rebasing: bytes[range])
        if isEncoded { return PercentCoding.decode(segment) == literal }
        guard segment.count == literal.count else { return false }
        return literal.withUnsafeBufferPointer { literal in
            guard let left = segment.baseAddress, let right = literal.baseAddress else { return true }
            return memcmp(left, right, literal.count) == 0
        }
    }
}
