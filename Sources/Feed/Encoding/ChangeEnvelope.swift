import Basics
import ItemQuery
import ReplicaStore
import TableModel

/// The change envelope of the HTTP contract: one JSON object, on one line, the same in every encoding of the feed.
struct ChangeEnvelope {
    let schema: KeySchema
    /// The contents that the changes are of.
    let snapshot: StoreSnapshot
    let representation: ItemRepresentation
    let difference: FeedDifference
    /// Whether the changes are read from the index, and not from the history.
    var readsIndex = true
    /// Whether changes have places in the feed.
    var hasPlaces = true
    /// Whether ids have watermarks. They grow with time, which a text must not do that is to be equal until something changes.
    var hasWatermarks = true
    /// Whether `at` is said in any case: a follower keeps it as it is.
    var isForFollowers = false
    /// The newest time of a state that the reader may hold from another replica (`FrameKind.high`).
    var high: Int64?

    init(snapshot: StoreSnapshot, representation: ItemRepresentation, difference: FeedDifference) {
        schema = snapshot.keySchema
        self.snapshot = snapshot
        self.representation = representation
        self.difference = difference
    }

    init(snapshot: StoreSnapshot, view: FeedView) {
        self.init(
            snapshot: snapshot,
            representation: view.key.representation,
            difference: view.key.difference
        )
    }

    /// Appends `{"op":"put","key":…,"item":…,"id":…,"version":…,"at":…,"cause":…}`. `version` and `at` are left out where the state
    /// came from a scan, which knows neither. With a step and a difference asked for, what was there before follows; a patch only
    /// when the reader knows the old item. `isRepeat`: the reader may have had the change from another replica.
    func appendPut(
        _ record: ItemRecord,
        cause: ChangeCause,
        step: ChangeStep? = nil,
        isKnown: Bool = true,
        isRepeat: Bool = false,
        to output: inout [UInt8]
    ) {
        output += #"{"op":"put","key":"#.utf8
        appendKey(record.key, to: &output)
        output += #","item":"#.utf8
        let start = output.count
        append(record, to: &output)
        let item = start..<output.count
        appendOrigin(record, cause, isRepeat, to: &output)
        if let step, difference != .none { appendDifference(step, item, isKnown: isKnown, to: &output) }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends `{"op":"remove","key":…,"id":…,"version":…,"at":…,"cause":…}`, and the item that was there when that is asked for.
    func appendRemove(
        _ record: ItemRecord,
        cause: ChangeCause,
        step: ChangeStep? = nil,
        isRepeat: Bool = false,
        to output: inout [UInt8]
    ) {
        output += #"{"op":"remove","key":"#.utf8
        appendKey(record.key, to: &output)
        appendOrigin(record, cause, isRepeat, to: &output)
        if let step, difference == .old { appendOld(step.old, to: &output) }
        output.append(UInt8(ascii: "}"))
    }

    /// Appends the position of a reader that has read to `seq`.
    func appendID(_ seq: UInt64, to output: inout [UInt8]) {
        guard hasPlaces else { return Position(epoch: .several, seq: 0).append(to: &output) }
        let position =
            hasWatermarks
            ? snapshot.position(at: seq, readsIndex: readsIndex, holding: high)
            : Position(epoch: snapshot.position.epoch, seq: seq)
        position.append(to: &output)
    }

    private func append(_ record: ItemRecord, to output: inout [UInt8]) {
        record.withPackedItem { representation.append($0, to: &output) }
    }

    private func appendOrigin(
        _ record: ItemRecord,
        _ cause: ChangeCause,
        _ isRepeat: Bool,
        to output: inout [UInt8]
    ) {
        output += #","id":""#.utf8
        appendID(record.seq, to: &output)
        output.append(UInt8(ascii: "\""))
        let version = record.version
        if let version {
            output += #","version":""#.utf8
            output += version.utf8
            output.append(UInt8(ascii: "\""))
        }
        if version != nil || isForFollowers {
            output += #","at":""#.utf8
            Timestamp.append(record.at, to: &output)
            output.append(UInt8(ascii: "\""))
        }
        output += #","cause":""#.utf8
        output += Self.name(cause).utf8
        output.append(UInt8(ascii: "\""))
        if isRepeat { output += #","repeat":true"#.utf8 }
    }

    // MARK: What was there before

    private func appendOld(_ old: ItemRecord?, to output: inout [UInt8]) {
        output += #","old":"#.utf8
        if let old, !old.isTombstone { append(old, to: &output) } else { output += "null".utf8 }
    }

    /// `item` is where the new one stands in `output`.
    private func appendDifference(
        _ step: ChangeStep,
        _ item: Range<Int>,
        isKnown: Bool,
        to output: inout [UInt8]
    ) {
        var old: [UInt8] = []
        let before = step.old.flatMap { $0.isTombstone ? nil : $0 }
        if let before { append(before, to: &old) }
        let difference = ItemDifference(old: before == nil ? Array("{}".utf8) : old, new: Array(output[item]))
        if self.difference == .old { appendOld(step.old, to: &output) }
        output += #","changed":["#.utf8
        difference.appendChangedNames(to: &output)
        output.append(UInt8(ascii: "]"))
        guard self.difference == .patch, before != nil, isKnown else { return }
        output += #","patch":["#.utf8
        difference.appendPatch(to: &output)
        output.append(UInt8(ascii: "]"))
    }

    // MARK: The key

    /// Appends the key's attributes, partition key first.
    func appendKey(_ key: ItemKey, to output: inout [UInt8]) {
        guard let attributes = try? key.attributes(schema: schema) else {
            // A key that the store holds was encoded under this schema; an empty object would still be valid JSON.
            output += "{}".utf8
            return
        }
        output.append(UInt8(ascii: "{"))
        append(schema.partition, attributes, to: &output)
        if let sort = schema.sort {
            output.append(UInt8(ascii: ","))
            append(sort, attributes, to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    private func append(_ attribute: KeyAttribute, _ values: [AttributeName: AttributeValue], to output: inout [UInt8])
    {
        JSONWriter.append(attribute.name, to: &output)
        output.append(UInt8(ascii: ":"))
        let value = values[AttributeName(attribute.name)] ?? .null
        switch representation.format {
        case .plain: JSONWriter.appendPlain(value, numbers: representation.numbers, to: &output)
        case .dynamodb: JSONWriter.appendDynamoDB(value, to: &output)
        }
    }

    private static func name(_ cause: ChangeCause) -> String {
        switch cause {
        case .stream: "stream"
        case .snapshot: "snapshot"
        case .filter: "filter"
        case .ttl: "ttl"
        case .repair: "repair"
        case .unreadable: "unreadable"
        }
    }
}
