import TableModel

/// A Query's key condition: one partition, and perhaps a range of sort keys.
struct KeyCondition {
    enum Range {
        case all
        case compare(Comparator, AttributeValue)
        case between(AttributeValue, AttributeValue)
        case beginsWith(AttributeValue)
    }

    let partition: AttributeValue
    let range: Range

    init(_ condition: Condition?, schema: KeySchema) throws(SandboxError) {
        guard let condition else {
            throw SandboxError.validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        }
        var partition: AttributeValue?
        var range: Range?
        let (first, second) = (AttributeName(schema.partition.name), schema.sort.map { AttributeName($0.name) })
        for part in try Self.parts(of: condition) {
            let (name, found) = try Self.read(part)
            if name == first {
                guard partition == nil else { throw Self.oneConditionPerKey }
                guard case .compare(.equal, let value) = found else {
                    throw SandboxError.validation("Query key condition not supported")
                }
                partition = value
            } else if name == second {
                guard range == nil else { throw Self.oneConditionPerKey }
                if case .compare(.notEqual, _) = found {
                    throw ExpressionContext.keyCondition.error("Unsupported operator; operator: <>")
                }
                range = found
            } else {
                let missed = partition == nil ? schema.partition.name : schema.sort?.name ?? schema.partition.name
                throw SandboxError.validation("Query condition missed key schema element: \(missed)")
            }
        }
        guard let partition else {
            throw SandboxError.validation("Query condition missed key schema element: \(schema.partition.name)")
        }
        self.partition = partition
        self.range = range ?? .all
        try Self.checkType(partition, schema.partition)
        if let sort = schema.sort { try checkRangeTypes(sort) }
    }

    private static var oneConditionPerKey: SandboxError {
        ExpressionContext.keyCondition.error("KeyConditionExpressions must only contain one condition per key")
    }

    /// The conditions that AND joins.
    private static func parts(of condition: Condition) throws(SandboxError) -> [Condition] {
        switch condition {
        case .and(let left, let right): return try parts(of: left) + parts(of: right)
        case .or: throw ExpressionContext.keyCondition.error("Invalid operator used in KeyConditionExpression: OR")
        case .not: throw ExpressionContext.keyCondition.error("Invalid operator used in KeyConditionExpression: NOT")
        case .among: throw ExpressionContext.keyCondition.error("Invalid operator used in KeyConditionExpression: IN")
        default: return [condition]
        }
    }

    private static func read(_ condition: Condition) throws(SandboxError) -> (AttributeName, Range) {
        switch condition {
        case .compare(let comparator, .path(let path), .value(let value)):
            return (try name(path), .compare(comparator, value))
        case .compare(let comparator, .value(let value), .path(let path)):
            return (try name(path), .compare(comparator.mirrored, value))
        case .between(.path(let path), .value(let lower), .value(let upper)):
            return (try name(path), .between(lower, upper))
        case .beginsWith(.path(let path), .value(let prefix)):
            return (try name(path), .beginsWith(prefix))
        case .contains: throw unsupported("contains")
        case .exists: throw unsupported("attribute_exists")
        case .notExists: throw unsupported("attribute_not_exists")
        case .hasType: throw unsupported("attribute_type")
        default:
            throw ExpressionContext.keyCondition.error("KeyConditionExpressions must compare a key with a value")
        }
    }

    private static func unsupported(_ function: String) -> SandboxError {
        ExpressionContext.keyCondition.error("Invalid operator used in KeyConditionExpression: \(function)")
    }

    private static func name(_ path: DocumentPath) throws(SandboxError) -> AttributeName {
        guard path.isTopLevel else {
            throw SandboxError.validation("KeyConditionExpressions cannot have conditions on nested attributes")
        }
        return path.root
    }

    private func checkRangeTypes(_ sort: KeyAttribute) throws(SandboxError) {
        switch range {
        case .all: break
        case .compare(_, let value), .beginsWith(let value): try Self.checkType(value, sort)
        case .between(let lower, let upper):
            try Self.checkType(lower, sort)
            try Self.checkType(upper, sort)
        }
    }

    private static func checkType(_ value: AttributeValue, _ attribute: KeyAttribute) throws(SandboxError) {
        guard value.typeCode == attribute.type.rawValue else {
            throw SandboxError.parameters("Condition parameter type does not match schema type")
        }
    }
}

extension Comparator {
    /// The same comparison with its sides exchanged.
    var mirrored: Comparator {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}
