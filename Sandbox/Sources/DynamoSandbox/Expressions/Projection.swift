import TableModel

/// The part of an item that a list of paths covers: ProjectionExpression, and the UPDATED_… return values.
struct Projection: Sendable {
    let paths: [DocumentPath]

    init(paths: [DocumentPath]) {
        self.paths = paths
    }

    static func parse(_ expression: String, _ placeholders: inout Placeholders) throws(SandboxError) -> Projection {
        var parser = try ExpressionParser(expression, .projection, placeholders)
        let paths = try parser.list { parser throws(SandboxError) in try parser.path() }
        try parser.expectEnd()
        placeholders = parser.placeholders
        try PathOverlap.check(paths, in: .projection)
        return Projection(paths: paths)
    }

    func apply(to attributes: Attributes) -> Attributes {
        var result: Attributes = [:]
        for (root, paths) in Dictionary(grouping: paths, by: \.root) {
            guard let value = attributes[root] else { continue }
            if let part = Self.part(of: value, paths.map { $0.steps[...] }) { result[root] = part }
        }
        return result
    }

    private static func part(
        of value: AttributeValue,
        _ paths: [ArraySlice<DocumentPath.Step>]
    ) -> AttributeValue? {
        if paths.contains(where: \.isEmpty) { return value }
        let groups = Dictionary(grouping: paths) { $0[$0.startIndex] }
        switch value {
        case .map(let entries):
            var result: Attributes = [:]
            for case (.name(let name), let rest) in groups {
                if let part = entries[name].flatMap({ Self.part(of: $0, rest.map { $0.dropFirst() }) }) {
                    result[name] = part
                }
            }
            return result.isEmpty ? nil : .map(result)
        case .list(let elements):
            var found: [(Int, AttributeValue)] = []
            for case (.index(let index), let rest) in groups where index < elements.count {
                if let part = Self.part(of: elements[index], rest.map { $0.dropFirst() }) {
                    found.append((index, part))
                }
            }
            return found.isEmpty ? nil : .list(found.sorted { $0.0 < $1.0 }.map(\.1))
        default: return nil
        }
    }
}
