import TableModel

extension UpdateExpression {
    /// The item after the update. Every right side is read from the item as it was.
    func apply(to item: Attributes) throws(SandboxError) -> Attributes {
        var result = item
        var values: [(DocumentPath, AttributeValue)] = []
        for (path, assignment) in set { values.append((path, try Self.value(of: assignment, in: item))) }
        for (path, value) in Self.inIndexOrder(values) { try DocumentEdit.set(value, at: path, in: &result) }
        for (path, value) in add {
            let sum = try Self.sum(path.value(in: item), value)
            try DocumentEdit.set(sum, at: path, in: &result)
        }
        for (path, value) in delete {
            guard let old = path.value(in: item) else { continue }
            if let rest = try Self.difference(old, value) {
                try DocumentEdit.set(rest, at: path, in: &result)
            } else {
                try DocumentEdit.remove(path, from: &result)
            }
        }
        for path in Self.lastIndexFirst(remove) { try DocumentEdit.remove(path, from: &result) }
        return result
    }

    private static func value(of assignment: Assignment, in item: Attributes) throws(SandboxError) -> AttributeValue {
        switch assignment {
        case .operand(let operand): return try value(of: operand, in: item)
        case .plus(let left, let right):
            return try arithmetic(left, right, in: item) { DecimalNumber.sum($0, $1) }
        case .minus(let left, let right):
            return try arithmetic(left, right, in: item) { DecimalNumber.difference($0, $1) }
        }
    }

    private static func value(of operand: SetOperand, in item: Attributes) throws(SandboxError) -> AttributeValue {
        switch operand {
        case .value(let value): return value
        case .path(let path):
            guard let value = path.value(in: item) else {
                throw SandboxError.validation(
                    "The provided expression refers to an attribute that does not exist in the item"
                )
            }
            return value
        case .ifNotExists(let path, let fallback):
            if let value = path.value(in: item) { return value }
            return try value(of: fallback, in: item)
        case .listAppend(let first, let second):
            guard case .list(let head) = try value(of: first, in: item),
                case .list(let tail) = try value(of: second, in: item)
            else { throw wrongType }
            return .list(head + tail)
        }
    }

    private static func arithmetic(
        _ left: SetOperand,
        _ right: SetOperand,
        in item: Attributes,
        _ operation: (DecimalNumber, DecimalNumber) -> DecimalNumber?
    ) throws(SandboxError) -> AttributeValue {
        guard case .number(let left) = try value(of: left, in: item),
            case .number(let right) = try value(of: right, in: item),
            let left = DecimalNumber(left), let right = DecimalNumber(right)
        else { throw wrongType }
        guard let result = operation(left, right) else { throw overflow }
        return .number(result.text)
    }

    private static func sum(_ old: AttributeValue?, _ value: AttributeValue) throws(SandboxError) -> AttributeValue {
        guard let old else { return value }
        switch (old, value) {
        case (.number(let left), .number(let right)):
            guard let left = DecimalNumber(left), let right = DecimalNumber(right) else { throw wrongType }
            guard let sum = DecimalNumber.sum(left, right) else { throw overflow }
            return .number(sum.text)
        case (.stringSet(let left), .stringSet(let right)):
            return try AttributeIntake.normalise(.stringSet(Self.names(left).union(Self.names(right)).map(\.text)))
        case (.numberSet(let left), .numberSet(let right)):
            return try AttributeIntake.normalise(.numberSet(Array(Set(left).union(right))))
        case (.binarySet(let left), .binarySet(let right)):
            return try AttributeIntake.normalise(.binarySet(Array(Set(left).union(right))))
        default: throw wrongType
        }
    }

    /// The set without `value`'s members; nil when none is left, as DynamoDB keeps no empty sets.
    private static func difference(
        _ old: AttributeValue,
        _ value: AttributeValue
    ) throws(SandboxError) -> AttributeValue? {
        switch (old, value) {
        case (.stringSet(let left), .stringSet(let right)):
            let gone = Self.names(right)
            let rest = left.filter { !gone.contains(AttributeName($0)) }
            return rest.isEmpty ? nil : .stringSet(rest)
        case (.numberSet(let left), .numberSet(let right)):
            let rest = left.filter { !right.contains($0) }
            return rest.isEmpty ? nil : .numberSet(rest)
        case (.binarySet(let left), .binarySet(let right)):
            let rest = left.filter { !right.contains($0) }
            return rest.isEmpty ? nil : .binarySet(rest)
        default: throw wrongType
        }
    }

    /// The elements of a set of strings told apart by their bytes, as names are.
    private static func names(_ texts: [String]) -> Set<AttributeName> { Set(texts.map { AttributeName($0) }) }

    private static var wrongType: SandboxError {
        SandboxError.validation("An operand in the update expression has an incorrect data type")
    }

    private static var overflow: SandboxError {
        SandboxError.validation(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    }

    /// Assignments past a list's end append in the order of their indexes.
    private static func inIndexOrder(
        _ values: [(DocumentPath, AttributeValue)]
    ) -> [(DocumentPath, AttributeValue)] {
        values.enumerated().sorted { left, right in
            let (leftIndex, rightIndex) = (lastIndex(left.element.0), lastIndex(right.element.0))
            return leftIndex != rightIndex ? leftIndex < rightIndex : left.offset < right.offset
        }.map(\.element)
    }

    /// Indexes mean the list as it was: the last goes first, so that none moves another.
    private static func lastIndexFirst(_ paths: [DocumentPath]) -> [DocumentPath] {
        paths.sorted { lastIndex($0) > lastIndex($1) }
    }

    private static func lastIndex(_ path: DocumentPath) -> Int {
        if case .index(let index)? = path.steps.last { index } else { -1 }
    }
}
