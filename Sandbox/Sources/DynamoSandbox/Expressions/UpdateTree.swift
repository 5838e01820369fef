import TableModel

/// An update expression, placeholders resolved.
struct UpdateExpression: Sendable {
    /// The value that SET stores: an operand, or a sum or difference of two.
    enum Assignment: Sendable {
        case operand(SetOperand)
        case plus(SetOperand, SetOperand)
        case minus(SetOperand, SetOperand)
    }

    /// An operand on the right side of SET.
    indirect enum SetOperand: Sendable {
        case path(DocumentPath)
        case value(AttributeValue)
        case ifNotExists(DocumentPath, SetOperand)
        case listAppend(SetOperand, SetOperand)
    }

    var set: [(path: DocumentPath, value: Assignment)] = []
    var remove: [DocumentPath] = []
    var add: [(path: DocumentPath, value: AttributeValue)] = []
    var delete: [(path: DocumentPath, value: AttributeValue)] = []

    /// Every path that it writes, in the order of the clauses.
    var paths: [DocumentPath] { self.set.map(\.path) + remove + add.map(\.path) + delete.map(\.path) }
}
