import Basics
import Glibc

/// Routes by path segment. A literal segment wins over a parameter, unless only the parameter's branch has the method:
/// so an item may be named like one of our own words.
struct RouteTree: Sendable {
    /// The end of a path.
    final class Endpoint: Sendable {
        let route: Route
        let method: HTTPMethod
        let names: [String]
        let isProbe: Bool
        let action: Router.Action

        init(
            route: Route,
            method: HTTPMethod,
            names: [String],
            isProbe: Bool,
            action: @escaping Router.Action
        ) {
            self.route = route
            self.method = method
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
        let endpoints: [Endpoint]

        init(literals: [(segment: [UInt8], node: Node)], parameter: Node?, endpoints: [Endpoint]) {
            self.literals = literals
            self.parameter = parameter
            self.endpoints = endpoints
        }

        /// This node with an endpoint added below it.
        func adding(_ endpoint: Endpoint, _ segments: ArraySlice<Substring>) -> Node {
            guard let segment = segments.first else {
                precondition(
                    !endpoints.contains { $0.method == endpoint.method },
                    "\(endpoint.method.name) \(endpoint.route.pattern) is already routed"
                )
                return Node(literals: literals, parameter: parameter, endpoints: endpoints + [endpoint])
            }
            let rest = segments.dropFirst()
            let empty = Node(literals: [], parameter: nil, endpoints: [])
            if RouteTree.isParameter(segment) {
                let parameter = (parameter ?? empty).adding(endpoint, rest)
                return Node(literals: literals, parameter: parameter, endpoints: endpoints)
            }
            var literals = literals
            let bytes = Array(segment.utf8)
            if let index = literals.firstIndex(where: { $0.segment == bytes }) {
                literals[index].node = literals[index].node.adding(endpoint, rest)
            } else {
                literals.append((bytes, empty.adding(endpoint, rest)))
            }
            return Node(literals: literals, parameter: parameter, endpoints: endpoints)
        }
    }

    private var root = Node(literals: [], parameter: nil, endpoints: [])
    private var count = 0
    /// The methods of all routes, in the order in which they were added.
    private(set) var methods: [HTTPMethod] = []

    private static func isParameter(_ segment: Substring) -> Bool { segment.hasPrefix("{") && segment.hasSuffix("}") }

    mutating func add(_ method: HTTPMethod, _ pattern: String, isProbe: Bool = false, _ action: @escaping Router.Action)
    {
        precondition(pattern.hasPrefix("/"), "a route's pattern begins with /: \(pattern)")
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let names = segments.filter(Self.isParameter).map { String($0.dropFirst().dropLast()) }
        precondition(names.count <= PathParameters.limit, "too many parameters in \(pattern)")
        let endpoint = Endpoint(
            route: Route(index: count, pattern: pattern),
            method: method,
            names: names,
            isProbe: isProbe,
            action: action
        )
        root = root.adding(endpoint, segments[...])
        count += 1
        if !methods.contains(method) { methods.append(method) }
    }

    /// The endpoint of a path, given as a range of `bytes` that begins with "/" or is empty (which means "/").
    func endpoint(
        _ method: HTTPMethod,
        _ path: Range<Int>,
        in bytes: UnsafeBufferPointer<UInt8>,
        segments: inout Segments
    ) -> Endpoint? {
        Self.walk(root, Self.firstSegment(path), depth: 0, bytes, &segments) { node in
            for endpoint in node.endpoints where endpoint.method == method { return endpoint }
            return nil
        }
    }

    /// The methods of every pattern that a path fits; empty when it fits none.
    func methods(at path: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>) -> [HTTPMethod] {
        var methods: [HTTPMethod] = []
        var segments = Segments(repeating: 0..<0)
        _ = Self.walk(root, Self.firstSegment(path), depth: 0, bytes, &segments) { node in
            for endpoint in node.endpoints where !methods.contains(endpoint.method) { methods.append(endpoint.method) }
            return nil
        }
        return methods
    }

    private static func firstSegment(_ path: Range<Int>) -> Range<Int> {
        (path.isEmpty ? path.lowerBound : path.lowerBound + 1)..<path.upperBound
    }

    /// Visits the nodes that a path leads to, literals first, until `visit` returns an endpoint.
    private static func walk(
        _ node: Node,
        _ rest: Range<Int>?,
        depth: Int,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ segments: inout Segments,
        _ visit: (Node) -> Endpoint?
    ) -> Endpoint? {
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
            if let found = walk(literal.node, next, depth: depth, bytes, &segments, visit) { return found }
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
