import HTTPSemantics
import HTTPServer
import ItemQuery
import TableModel

/// A request on its way to an operation.
struct APICall: FieldValues {
    let request: HTTPRequest
    /// The path's parameters by name.
    let path: PathParameters
    /// Which of the fields that the API knows the request has.
    let fields: RequestFields
    /// What the request may see; nil where no tokens are asked for.
    let grant: Grant?

    init(_ request: HTTPRequest, _ path: PathParameters, grant: Grant?) {
        self.request = request
        self.path = path
        self.grant = grant
        var fields = RequestFields()
        request.forEachField { name, _ in fields.insert(name) }
        self.fields = fields
    }

    /// The value of a field; nil when absent. Costs nothing then.
    func header(_ field: RequestFields.Field) -> String? {
        fields.contains(field) ? request.header(field.name) : nil
    }

    func forEachValue(of field: RequestFields.Field, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        request.forEachValue(of: field.name, body)
    }

    /// A 415 unless the body says that it is JSON.
    func requireJSON() throws(Problem) {
        let type = header(.contentType)?.prefix { $0 != ";" }.lowercased() ?? ""
        guard type.split(separator: " ").joined() == "application/json" else {
            throw Problem(
                415,
                .unsupportedMediaType,
                "The body must be JSON: send it with `Content-Type: application/json`.",
                .allowed(["application/json"])
            )
        }
    }

    /// The keys that the request may see, to be narrowed further and never widened; nil for all. A 403 when the table's key
    /// cannot be restricted as the token says.
    func keyRange(in schema: KeySchema) throws(Problem) -> KeyRange? {
        guard let grant, let restriction = grant.token.keys else { return nil }
        guard let range = restriction.range(in: schema) else {
            throw Problem(
                403,
                .forbidden,
                "The token '\(grant.token.name)' is restricted to \(restriction.text), which no key of this table can have.",
                .scope("keys")
            )
        }
        return range
    }

    /// A 403 unless the request may see the item under `key`. `subject` says which key, in a problem about one of several.
    func require(_ key: ItemKey, in schema: KeySchema, subject: String = "this key") throws(Problem) {
        guard grant?.token.keys != nil, let range = try keyRange(in: schema) else { return }
        guard !key.bytes.withUnsafeBytes({ range.contains($0) }) else { return }
        throw outside(subject)
    }

    /// Whether nothing of the table is hidden from the request; counts of all items are.
    var seesAllKeys: Bool { grant?.token.keys == nil }

    /// A 403 unless the request may see every key.
    func requireAllKeys() throws(Problem) {
        if !seesAllKeys { throw outside("this operation, which shows all keys,") }
    }

    /// A 403 unless the request may see at least a part of `range`; that part.
    func narrow(_ range: KeyRange, in schema: KeySchema) throws(Problem) -> KeyRange {
        guard let granted = try keyRange(in: schema) else { return range }
        guard let both = KeyRestriction.intersection(range, granted) else { throw outside("what was asked for") }
        return both
    }

    private func outside(_ subject: String) -> Problem {
        let token = grant?.token
        return Problem(
            403,
            .forbidden,
            "The token '\(token?.name ?? "")' is restricted to \(token?.keys?.text ?? "nothing"): \(subject) lies outside.",
            .scope("keys")
        )
    }
}
