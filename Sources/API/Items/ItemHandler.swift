import Basics
import HTTPSemantics
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// Answers for one item: the bare item, with an entity tag that is equal on every replica.
struct ItemHandler: Sendable {
    let view: ReplicaView
    let fields: ResponseFields
    let limits: APILimits
    let waiting: Permits
    let verdicts: UntilVerdicts

    static let parameters = FilterParameters.representationNames + [KeyTextEncoding.parameter, "until", "max_lag"]

    /// What is asked of one item.
    struct Question {
        let call: APICall
        let key: ItemKey
        var representation = ItemRepresentation()
        /// What the item must satisfy before it is an answer.
        var until: UntilPredicate?
        var maximumLag: Duration?
        /// Seconds that were waited for at most; nil where nothing was waited for.
        var wait: Int?
        /// Whether the client is willing to wait. No cache keeps the response then: Chromium holds equal requests back, one after the
        /// other, where the first response may be kept.
        var isPoll = false
    }

    /// `/v1/items/{pk}/{sk}`.
    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        try respond(to: call, partition: call.path["pk"], sort: call.path["sk"], in: view.snapshot())
    }

    /// The item under a key given as path bytes. The service's hottest path. `parameters` are the query's where it has been read.
    func respond(
        to call: APICall,
        partition: [UInt8],
        sort: [UInt8]?,
        in snapshot: StoreSnapshot,
        parameters: QueryParameters? = nil
    ) throws(Problem) -> HTTPResponse {
        let parameters = if let parameters { parameters } else { try Self.parameters(call) }
        let encoding = try parameters?.keyEncoding() ?? .text
        let key = try Self.key(partition, sort, schema: snapshot.keySchema, encoding)
        if call.grant != nil { try call.require(key, in: snapshot.keySchema) }
        var question = Question(call: call, key: key)
        if let parameters {
            question.representation = try FilterParameters.representation(parameters)
            question.until = try until(parameters)
            question.maximumLag = try parameters.maximumLag()
        }
        if call.fields.contains(.prefer), let seconds = Preferences(call.header(.prefer)).wait, seconds > 0 {
            question.isPoll = true
            if question.until != nil || call.fields.contains(.ifNoneMatch) {
                question.wait = min(seconds, Int(limits.longestWait.wholeSeconds))
            }
        }
        if question.wait != nil || isCostly(question, in: snapshot) {
            return HTTPResponse(status: 200, body: .pending(ItemPoll(question, handler: self, try permitToWait())))
        }
        return try answer(question, in: snapshot)
    }

    private func permitToWait() throws(Problem) -> Permit {
        do { return try waiting.take() } catch {
            throw Problem(
                503,
                .overloaded,
                "Too many requests wait for an answer: ask without `Prefer: wait`, or later.",
                .retryAfter(seconds: 1)
            )
        }
    }

    private func until(_ parameters: QueryParameters) throws(Problem) -> UntilPredicate? {
        guard let until = try parameters.predicate("until") else { return nil }
        guard until.operandCount <= limits.untilOperands else {
            throw parameters.invalid(
                "until",
                "it reads attributes \(until.operandCount) times, and until may do so at most \(limits.untilOperands) times, since each write of the item tests it: wait for a simpler condition"
            )
        }
        return UntilPredicate(until)
    }

    /// Whether to test the item takes so long that others should have their turn first.
    func isCostly(_ question: Question, in snapshot: StoreSnapshot) -> Bool {
        guard let until = question.until, let record = snapshot.record(for: question.key) else { return false }
        return verdicts.isCostly(until, record, epoch: snapshot.position.epoch)
    }

    /// The query's parameters; nil without a query. `defaults` are those of other operations at the same path.
    static func parameters(
        _ call: APICall,
        defaults: @autoclosure () -> [String: String] = [:]
    ) throws(Problem) -> QueryParameters? {
        guard call.request.rawQuery != nil else { return nil }
        return try QueryParameters(call.request, allowed: parameters, defaults: defaults())
    }

    /// The answer as of now: the item, 304 when the client has it, 404, 412, or 502 for one that cannot be read.
    func answer(_ question: Question, in snapshot: StoreSnapshot) throws(Problem) -> HTTPResponse {
        if question.maximumLag != nil { try view.require(question.maximumLag) }
        var templates = fields.templates(snapshot.position, view.conditions(), isStored: !question.isPoll)
        if let seconds = question.wait { templates.add("Preference-Applied", "wait=\(seconds)") }
        let record = snapshot.record(for: question.key)
        if record == nil, snapshot.newestState(of: question.key)?.isUnreadable == true {
            return Self.unreadable.response(id: question.call.request.id, fields: templates.replica)
        }
        if question.until != nil, !isSatisfied(question, by: record, epoch: snapshot.position.epoch) {
            return unmet(question, record, at: snapshot.position)
                .response(id: question.call.request.id, fields: templates.replica)
        }
        guard let record else {
            return Problem(404, .itemNotFound, "The table has no item under this key.")
                .response(id: question.call.request.id, fields: templates.replica)
        }
        return record.withPackedItem { packed in respond(with: packed, of: record, to: question, templates) }
    }

    /// Of an item that the table has and that cannot be read. A gateway that gets an invalid response says 502 (RFC 9110 section 15.6.3).
    static let unreadable = Problem(
        502,
        .itemUnreadable,
        "The table has an item under this key that this version of Tablecast cannot read, such as one with a value of an unknown type. "
            + "Read it from DynamoDB. Tablecast reads it again when it changes, after a restart, and with --verify-rcu."
    )

    /// Whether the item is what the question waits for.
    func isSatisfied(_ question: Question, by record: ItemRecord?, epoch: Epoch) -> Bool {
        guard let until = question.until, let record else { return false }
        return verdicts.isSatisfied(until, by: record, epoch: epoch)
    }

    private func respond(
        with packed: UnsafeRawBufferPointer,
        of record: ItemRecord,
        to question: Question,
        _ templates: ResponseFields.Templates
    ) -> HTTPResponse {
        let representation = question.representation
        let entityTag = Self.entityTag(packed, representation)
        let now = record.at > 0 ? view.wallMilliseconds() / 1000 : 0
        // Unknown for what a scan brought; never later than now (RFC 9110 section 8.8.2.1).
        let lastModified = record.at > 0 && record.at / 1000 <= now ? record.at / 1000 : nil
        let outcome = ConditionalRequest.evaluate(
            question.call,
            entityTag: entityTag,
            lastModified: lastModified,
            now: now
        )
        switch outcome {
        case .failed(let field):
            return Problem(412, .preconditionFailed, "The item is not in the state that \(field) names.")
                .response(id: question.call.request.id, fields: templates.replica)
        case .notModified:
            var fields = templates.notModified
            fields.add("ETag", entityTag)
            let isWeak = ContentCoding.compresses(for: question.call, limits) {
                var body: [UInt8] = []
                representation.append(packed, to: &body)
                return body.count
            }
            if isWeak { fields.weakenEntityTag() }
            return HTTPResponse(status: 304, fields: fields)
        case .proceed:
            var fields = templates.json
            fields.add("ETag", entityTag)
            if let lastModified { fields.add("Last-Modified", IMFFixdate.text(lastModified)) }
            var body: [UInt8] = []
            body.reserveCapacity(packed.count * 2 + 64)
            representation.append(packed, to: &body)
            return HTTPResponse(status: 200, fields: fields, body: .bytes(body))
        }
    }

    private func unmet(_ question: Question, _ record: ItemRecord?, at position: Position) -> Problem {
        let state = record == nil ? "There is no item under this key" : "The item does not satisfy the condition"
        let waited = question.wait.map { ", and did not within \($0) s" } ?? ""
        return Problem(
            412,
            .conditionNotMet,
            "\(state) as of position \(position)\(waited).",
            .parameter("until"),
            .position(position.description)
        )
    }

    /// The key under which an item is, from a path's bytes.
    static func key(
        _ partition: [UInt8],
        _ sort: [UInt8]?,
        schema: KeySchema,
        _ encoding: KeyTextEncoding
    ) throws(Problem) -> ItemKey {
        guard let sort else {
            return try KeyParser.key(
                partition: KeyParser.parse(partition, as: schema.partition, encoding: encoding),
                sort: nil,
                schema: schema
            )
        }
        guard let sortAttribute = schema.sort else {
            throw Problem(
                400,
                .invalidKey,
                "The table has no sort key: an item is at /v1/items/{\(schema.partition.name)}, with / in a key as %2F."
            )
        }
        return try KeyParser.key(
            partition: KeyParser.parse(partition, as: schema.partition, encoding: encoding),
            sort: KeyParser.parse(sort, as: sortAttribute, encoding: encoding),
            schema: schema
        )
    }

    /// Equal on every replica: the hash of the packed item, which is canonical, and what names the representation. Of a selection
    /// of fields it is the hash of what they select, so that a change elsewhere in the item leaves it alone.
    private static func entityTag(
        _ packed: UnsafeRawBufferPointer,
        _ representation: ItemRepresentation
    ) -> String {
        let suffix: StaticString =
            switch (representation.format, representation.numbers) {
            case (.plain, .number): "p"
            case (.plain, .string): "s"
            case (.dynamodb, _): "d"
            }
        guard let fields = representation.fields else { return ContentHash.entityTag(packed, suffix: suffix) }
        return fields.project(packed).withUnsafeBytes { ContentHash.entityTag($0, suffix: suffix) }
    }
}
