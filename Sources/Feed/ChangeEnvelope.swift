import ReplicaStore
import TableModel

/// The change envelope of the HTTP contract: one JSON object, on one line, the same in every encoding of the feed.
struct ChangeEnvelope {
    let schema: KeySchema
    let epoch: Epoch
    let format: FeedFormat

    /// Appends `{"op":…,"key":…,"item":…,"id":…,"version":…,"at":…,"cause":…}`. `version` and `at` are left out where the state
    /// came from a scan, which knows neither.
    func append(_ record: ItemRecord, asSnapshot: Bool, to output: inout [UInt8]) {
        output += record.isTombstone ? #"{"op":"remove","key":"#.utf8 : #"{"op":"put","key":"#.utf8
        appendKey(record.key, to: &output)
        if !record.isTombstone {
            output += #","item":"#.utf8
            record.withPackedItem { packed in
                switch format {
                case .plain: PackedItem.appendPlainJSON(packed, to: &output)
                case .dynamodb: PackedItem.appendDynamoDBJSON(packed, to: &output)
                }
            }
        }
        output += #","id":""#.utf8
        appendID(record.seq, to: &output)
        output.append(UInt8(ascii: "\""))
        if let version = record.version {
            output += #","version":""#.utf8
            output += version.utf8
            output += #"","at":""#.utf8
            Timestamp.append(record.at, to: &output)
            output.append(UInt8(ascii: "\""))
        }
        output += #","cause":""#.utf8
        output += asSnapshot ? "snapshot".utf8 : Self.name(record.cause).utf8
        output += #""}"#.utf8
    }

    /// Appends `<epoch>.<seq>`.
    func appendID(_ seq: UInt64, to output: inout [UInt8]) {
        output += epoch.text.utf8
        output.append(UInt8(ascii: "."))
        DecimalDigits.append(seq, to: &output)
    }

    /// The key's attributes, partition key first.
    private func appendKey(_ key: ItemKey, to output: inout [UInt8]) {
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

    private func append(_ attribute: KeyAttribute, _ values: [String: AttributeValue], to output: inout [UInt8]) {
        JSONWriter.append(attribute.name, to: &output)
        output.append(UInt8(ascii: ":"))
        let value = values[attribute.name] ?? .null
        switch format {
        case .plain: JSONWriter.appendPlain(value, to: &output)
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
        }
    }
}

/// Unsigned integers as decimal digits.
enum DecimalDigits {
    /// Appends the digits of `value`, without building a String.
    static func append(_ value: UInt64, to output: inout [UInt8]) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}
