import Basics
import HTTPSemantics
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// Responds to `POST /v1/items/batch-get`: the items under up to a hundred keys, all of one instant.
struct BatchGetHandler: Sendable {
    let view: ReplicaView
    let fields: ResponseFields
    let limits: APILimits

    static let parameters = FilterParameters.representationNames + ["max_lag"]

    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        let snapshot = try view.snapshot()
        let parameters = try QueryParameters(call.request, allowed: Self.parameters)
        let representation = try FilterParameters.representation(parameters)
        try view.require(parameters.maximumLag())
        try call.requireJSON()
        let schema = snapshot.keySchema
        let keys = try BatchKeys(schema: schema, limit: limits.batchKeys).parse(call.request.body)
        for (index, key) in keys.enumerated() {
            try call.require(key, in: schema, subject: "keys[\(index)]")
        }
        let conditions = view.conditions()
        var answer = fields.templates(snapshot.position, conditions).replica
        answer.add("Content-Type", "application/json")
        answer.add("Cache-Control", "no-store")
        answer.add("Vary", "Accept-Encoding")
        let pieces = pieces(keys, representation, snapshot, lagMilliseconds: conditions.lagMilliseconds)
        return HTTPResponse(status: 200, fields: answer, body: try body(pieces, snapshot))
    }

    /// What a batch's body is made of, in order.
    private struct Pieces {
        let representation: ItemRepresentation
        var found: [ItemRecord] = []
        /// The keys of no item, then those of items that cannot be read.
        var missing: [Item] = []
        var unreadable: [Item] = []
        /// Behind everything.
        let end: [UInt8]

        var count: Int { found.count + missing.count + unreadable.count + 1 }

        /// Appends the piece of a place, with what stands before it.
        func append(_ place: Int, to output: inout [UInt8]) {
            if place == 0 { output += #"{"found":["#.utf8 }
            if place < found.count {
                if place > 0 { output.append(UInt8(ascii: ",")) }
                found[place].withPackedItem { representation.append($0, to: &output) }
                return
            }
            var next = place - found.count
            if next == 0 { output += #"],"missing":["#.utf8 }
            if next < missing.count { return append(missing, next, to: &output) }
            next -= missing.count
            if next == 0, !unreadable.isEmpty { output += #"],"unreadable":["#.utf8 }
            if next < unreadable.count { return append(unreadable, next, to: &output) }
            output += end
        }

        private func append(_ keys: [Item], _ place: Int, to output: inout [UInt8]) {
            if place > 0 { output.append(UInt8(ascii: ",")) }
            let form = ItemRepresentation(format: representation.format, numbers: representation.numbers)
            keys[place].packed.withUnsafeBytes { form.append($0, to: &output) }
        }
    }

    private func pieces(
        _ keys: [ItemKey],
        _ representation: ItemRepresentation,
        _ snapshot: StoreSnapshot,
        lagMilliseconds: Int64?
    ) -> Pieces {
        var end = JSONWriter()
        end.endArray()
        end.asOf(snapshot.position, lagMilliseconds: lagMilliseconds)
        end.endObject()
        var pieces = Pieces(representation: representation, end: end.bytes)
        for key in keys {
            let state = snapshot.newestState(of: key)
            if let state, !state.isTombstone {
                pieces.found.append(state)
            } else if let attributes = try? key.attributes(schema: snapshot.keySchema) {
                if state?.isUnreadable == true {
                    pieces.unreadable.append(Item(attributes))
                } else {
                    pieces.missing.append(Item(attributes))
                }
            }
        }
        return pieces
    }

    /// The body, whole where it is small and made as the client reads it where it is not; a 400 when the items are too large.
    private func body(_ pieces: Pieces, _ snapshot: StoreSnapshot) throws(Problem) -> HTTPBody {
        let stored = pieces.found.reduce(0) { count, record in count + record.withPackedItem(\.count) }
        guard pieces.representation.fields != nil || stored <= limits.batchBytes else {
            throw Problem(
                400,
                .invalidBody,
                "The items under these keys are more than \(limits.batchBytes) bytes: ask for fewer at once, or for parts with fields."
            )
        }
        var first: [UInt8] = []
        var place = 0
        while place < pieces.count, first.count <= limits.wholeBytes {
            pieces.append(place, to: &first)
            place += 1
        }
        guard place < pieces.count else { return .bytes(first) }
        let pin = SnapshotPin(snapshot, in: view.store, bytes: limits.replacedBytes, duration: limits.pageDuration)
        let body = PageBody(length: nil, size: stored, pin: pin) { output, budget, _ in
            output += first
            first = []
            while place < pieces.count, output.count < budget {
                pieces.append(place, to: &output)
                place += 1
            }
            return place < pieces.count ? .again : .end
        }
        return .stream(body)
    }
}
