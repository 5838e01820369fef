import Basics
import Glibc

/// Routes by path segment. A literal segment wins over a parameter, unless only the parameter's branch has the method:
/// so an item may be named like one of our own words.
struct RouteTree: Sendable {
    final class Route: Sendable {
        let method: HTTPMethod
        let pattern: String
        let names: [String]
        let isProbe: Bool
        let action: Router.Action

        init(
            method: HTTPMethod,
            pattern: String,
            names: [String],
            isProbe: Bool,
            action: @escaping Router.Action
        ) {
            self.method = method
            self.pattern = pattern
            self.names = names
            self.isProbe = isProbe
            self.action = action
        }
    }

    /// Where each parameter of a matched pattern stands in the path.
    typealias Segments = InlineArray<4, Range<Int>>

    private final class Node: Sendable {
        let literals: [(segment: [UInt8], node: Node)]
        let parameter: Node?
        let routes: [Route]

        init(literals: [(segment: [UInt8], node: Node)], parameter: Node?, routes: [Route]) {
            self.literals = literals
            self.parameter = parameter
            self.routes = routes
        }

        /// This node with a route added below it.
        func adding(_ route: Route, _ segments: ArraySlice<Substring>) -> Node {
            guard let segment = segments.first else {
                precondition(
                    !routes.contains { $0.method == route.method },
                    "\(route.method.name) \(route.pattern) is already routed"
                )
                return Node(literals: literals, parameter: parameter, routes: routes + [route])
            }
            let rest = segments.dropFirst()
            let empty = Node(literals: [], parameter: nil, routes: [])
            if RouteTree.isParameter(segment) {
                return Node(literals: literals, parameter: (parameter ?? empty).adding(route, rest), routes: routes)
            }
            var literals = literals
            let bytes = Array(segment.utf8)
            if let index = literals.firstIndex(where: { $0.segment == bytes }) {
                literals[index].node = literals[index].node.adding(route, rest)
            } else {
                literals.append((bytes, empty.adding(route, rest)))
            }
            return Node(literals: literals, parameter: parameter, routes: routes)
        }
    }

    private var root = Node(literals: [], parameter: nil, routes: [])
    /// The methods of all routes, in the order in which they were added.
    private(set) var methods: [HTTPMethod] = []

    private static func isParameter(_ segment: Substring) -> Bool { segment.hasPrefix("{") && segment.hasSuffix("}") }

    mutating func add(_ method: HTTPMethod, _ pattern: String, isProbe: Bool = false, _ action: @escaping Router.Action)
    {
        precondition(pattern.hasPrefix("/"), "a route's pattern begins with /: \(pattern)")
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let names = segments.filter(Self.isParameter).map { String($0.dropFirst().dropLast()) }
        precondition(names.count <= PathParameters.limit, "too many parameters in \(pattern)")
        let route = Route(method: method, pattern: pattern, names: names, isProbe: isProbe, action: action)
        root = root.adding(route, segments[...])
        if !methods.contains(method) { methods.append(method) }
    }

    /// The route of a path, given as a range of `bytes` that begins with "/" or is empty (which means "/").
    func route(
        _ method: HTTPMethod,
        _ path: Range<Int>,
        in bytes: UnsafeBufferPointer<UInt8>,
        segments: inout Segments
    ) -> Route? {
        Self.walk(root, Self.firstSegment(path), depth: 0, bytes, &segments) { node in
            for route in node.routes where route.method == method { return route }
            return nil
        }
    }

    /// The methods of every pattern that a path fits; empty when it fits none.
    func methods(at path: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>) -> [HTTPMethod] {
        var methods: [HTTPMethod] = []
        var segments = Segments(repeating: 0..<0)
        _ = Self.walk(root, Self.firstSegment(path), depth: 0, bytes, &segments) { node in
            for route in node.routes where !methods.contains(route.method) { methods.append(route.method) }
            return nil
        }
        return methods
    }

    private static func firstSegment(_ path: Range<Int>) -> Range<Int> {
        (path.isEmpty ? path.lowerBound : path.lowerBound + 1)..<path.upperBound
    }

    /// Visits the nodes that a path leads to, literals first, until `visit` returns a route.
    private static func walk(
        _ node: Node,
        _ rest: Range<Int>?,
        depth: Int,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ segments: inout Segments,
        _ visit: (Node) -> Route?
    ) -> Route? {
        guard let rest else { return visit(node) }
        var end = rest.lowerBound
        var isEncoded = false
        while end < rest.upperBound, bytes[end] != UInt8(ascii: "/") {
            if bytes[end] == UInt8(ascii: "%") { isEncoded = true }
            end += 1
        }
        let segment = rest.lowerBound..<end
        let next = end < rest.upperBound ? end + 1..<rest.upperBound : nil
        for literal in node.literals where isSegment(segment, bytes, literal.segment, isEncoded: isEncoded) {
            if let route = walk(literal.node, next, depth: depth, bytes, &segments, visit) { return route }
        }
        guard let parameter = node.parameter, !segment.isEmpty else { return nil }
        segments[depth] = segment
        return walk(parameter, next, depth: depth + 1, bytes, &segments, visit)
    }

    private static func isSegment(
        _ range: Range<Int>,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ literal: [UInt8],
        isEncoded: Bool
    ) -> Bool {
        let segment = UnsafeBufferPointer(rebasing: bytes[range])
        if isEncoded { return PercentEncoding.decode(segment) == literal }
        guard segment.count == literal.count else { return false }
        return literal.withUnsafeBufferPointer { literal in
            guard let left = segment.baseAddress, let right = literal.baseAddress else { return true }
            return memcmp(left, right, literal.count) == 0
        }
    }
}
