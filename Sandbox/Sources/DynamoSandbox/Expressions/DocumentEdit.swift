import TableModel

/// Writes into an item at a document path.
enum DocumentEdit {
    /// Sets a value. The way must exist up to its last step; an index past a list's end appends.
    static func set(
        _ value: AttributeValue,
        at path: DocumentPath,
        in attributes: inout Attributes
    ) throws(SandboxError) {
        guard !path.isTopLevel else {
            attributes[path.root] = value
            return
        }
        guard let root = attributes[path.root] else { throw invalidPath }
        attributes[path.root] = try edited(root, path.steps[...]) { _ in value }
    }

    /// Removes what lies at the path, if anything does.
    static func remove(_ path: DocumentPath, from attributes: inout Attributes) throws(SandboxError) {
        guard !path.isTopLevel else {
            attributes[path.root] = nil
            return
        }
        guard let root = attributes[path.root] else { throw invalidPath }
        attributes[path.root] = try edited(root, path.steps[...]) { _ in nil }
    }

    private static var invalidPath: SandboxError {
        SandboxError.validation("The document path provided in the update expression is invalid for update")
    }

    private static func edited(
        _ value: AttributeValue,
        _ steps: ArraySlice<DocumentPath.Step>,
        _ change: (AttributeValue?) -> AttributeValue?
    ) throws(SandboxError) -> AttributeValue {
        guard let step = steps.first else { return value }
        let rest = steps.dropFirst()
        switch (step, value) {
        case (.name(let name), .map(var entries)):
            if rest.isEmpty {
                entries[name] = change(entries[name])
            } else {
                guard let entry = entries[name] else { throw invalidPath }
                entries[name] = try edited(entry, rest, change)
            }
            return .map(entries)
        case (.index(let index), .list(var elements)):
            if !rest.isEmpty {
                guard index < elements.count else { throw invalidPath }
                elements[index] = try edited(elements[index], rest, change)
            } else if index < elements.count {
                if let new = change(elements[index]) { elements[index] = new } else { elements.remove(at: index) }
            } else if let new = change(nil) {
                elements.append(new)
            }
            return .list(elements)
        default: throw invalidPath
        }
    }
}
