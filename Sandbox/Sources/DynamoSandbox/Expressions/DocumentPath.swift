import TableModel

/// The way to an attribute or to a part of one: `info.tags[2]`, placeholders resolved.
struct DocumentPath: Sendable, Hashable, CustomStringConvertible {
    enum Step: Sendable, Hashable {
        case name(AttributeName)
        case index(Int)
    }

    let root: AttributeName
    var steps: [Step] = []

    var isTopLevel: Bool { steps.isEmpty }

    /// As error messages list it: `[info, tags, [2]]`.
    var description: String {
        let rest = steps.map { step in
            switch step {
            case .name(let name): name.text
            case .index(let index): "[\(index)]"
            }
        }
        return "[" + ([root.text] + rest).joined(separator: ", ") + "]"
    }

    /// The value at this path; nil when any part of the way is missing.
    func value(in attributes: Attributes) -> AttributeValue? {
        guard var value = attributes[root] else { return nil }
        for step in steps {
            switch (step, value) {
            case (.name(let name), .map(let entries)):
                guard let entry = entries[name] else { return nil }
                value = entry
            case (.index(let index), .list(let elements)):
                guard index < elements.count else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }

    /// Whether one path is the other or leads through it.
    func overlaps(_ other: DocumentPath) -> Bool {
        root == other.root && zip(steps, other.steps).allSatisfy { $0 == $1 }
    }

    /// Whether the paths disagree on what lies at a common place: a map in one, a list in the other.
    func conflicts(with other: DocumentPath) -> Bool {
        guard root == other.root else { return false }
        for (left, right) in zip(steps, other.steps) where left != right {
            switch (left, right) {
            case (.name, .index), (.index, .name): return true
            default: return false
            }
        }
        return false
    }
}
