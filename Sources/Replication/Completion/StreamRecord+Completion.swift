import DynamoDBClient
import TableModel

/// Questions of `ImageCompletion` to a record, and the records that it makes.
extension StreamRecord {
    /// The unknown name or version of the record; nil for one that this release understands. Only the first number of a version counts:
    /// additions of a later minor version may be ignored (AWS API type Record).
    var unknownKind: String? {
        if case .unknown(let name) = eventName { return name }
        guard eventVersion != "1.1", eventVersion != "1.0", !eventVersion.isEmpty else { return nil }
        return eventVersion == "1" || eventVersion.hasPrefix("1.") ? nil : "version \(eventVersion)"
    }

    /// Whether the record may tell of a write before `moment`; one without a time may.
    func mayPrecede(_ moment: Int64) -> Bool {
        approximateCreationMilliseconds.map { $0 <= moment } ?? true
    }

    /// Says that something happened to an item but not what.
    var needsItem: Bool {
        (newImage == nil && (eventName == .insert || eventName == .modify)) || unknownKind != nil
    }

    /// The record with the item as the table has it.
    func with(_ item: TableItem) -> StreamRecord {
        let kept = eventName == .insert ? RecordEventName.insert : .modify
        return switch item {
        case .found(let image): with(keys: keys, kept, image)
        case .unreadable(let reason): with(keys: keys, kept, nil, fault: .newImage(reason))
        case .absent:
            with(keys: keys, .remove, nil, userIdentity: eventName == .remove ? userIdentity : nil)
        }
    }

    /// The record with the keys that make the primary key, taken from an image if need be, where not all of its keys can be read.
    func keyed(by schema: KeySchema) -> StreamRecord {
        guard case .keys = fault,
            let key = [keys, newImage, oldImage].lazy.compactMap({ try? $0?.key(schema: schema) }).first,
            let attributes = try? key.attributes(schema: schema)
        else { return self }
        return with(keys: Item(attributes), eventName, newImage, userIdentity: userIdentity)
    }

    private func with(
        keys: Item,
        _ eventName: RecordEventName,
        _ newImage: Item?,
        userIdentity: UserIdentity? = nil,
        fault: RecordFault? = nil
    ) -> StreamRecord {
        StreamRecord(
            eventID: eventID,
            eventName: eventName,
            eventVersion: eventVersion,
            keys: keys,
            newImage: newImage,
            oldImage: oldImage,
            sequenceNumber: sequenceNumber,
            approximateCreationMilliseconds: approximateCreationMilliseconds,
            userIdentity: userIdentity,
            fault: fault
        )
    }
}
