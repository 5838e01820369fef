import DynamoDBClient
import StreamModel
import TableModel

/// Values of the model's table that stand for an item which cannot be read, as the client reports it.
enum UnreadableValue: String {
    /// The item cannot be read, its key can.
    case unreadable
    /// Neither can be read.
    case nameless

    static let reason = "unknown type"

    func row(_ id: String) -> UnreadableRow {
        let key = try? ItemKey(partition: .string(id), schema: FakeEndpoint.schema)
        return UnreadableRow(key: self == .unreadable ? key : nil, reason: Self.reason)
    }

    func item(_ id: String) -> PartialItem {
        let key = self == .unreadable ? #"{"S":"\#(id)"}"# : #"{"X":"1"}"#
        return Array(#"{"id":\#(key),"value":{"X":"1"}}"#.utf8).withUnsafeBytes {
            PartialItem($0, reason: Self.reason)
        }
    }

    /// A record as the client reads it: with a fault where its image is such a value.
    static func spoil(_ record: StreamRecord) -> StreamRecord {
        guard case .string(let text) = record.newImage?["value"], let value = UnreadableValue(rawValue: text) else {
            return record
        }
        let isNamed = value == .unreadable
        return StreamRecord(
            eventID: record.eventID,
            eventName: isNamed ? .unknown("MODIFY whose NewImage cannot be read (\(reason))") : record.eventName,
            eventVersion: record.eventVersion,
            keys: isNamed ? record.keys : Item([:]),
            newImage: nil,
            oldImage: nil,
            sequenceNumber: record.sequenceNumber,
            approximateCreationMilliseconds: record.approximateCreationMilliseconds,
            userIdentity: record.userIdentity,
            fault: isNamed ? .newImage(reason) : .keys(reason)
        )
    }
}
