package import DynamoDBClient
package import TableModel

/// The meaning of a stream record to the store.
package enum RecordTranslation: Sendable, Hashable {
    case change(Change)
    /// The event name is not one of this release's.
    case unknown(String)
    /// Which item the record is of cannot be read, and why, in a few words.
    case keyless(String)
    /// The record cannot be applied without losing what it says.
    case unusable(String)

    /// Translates a record. INSERT and MODIFY put their new image, REMOVE leaves a tombstone; a removal by DynamoDB's own time to
    /// live says so. A record without a creation time, which the API allows, is as old as its arrival: `receivedAt`, in milliseconds
    /// since 1970 UTC. A record of an item that cannot be read keeps its key and no item.
    package init(_ record: StreamRecord, schema: KeySchema, receivedAt: Int64 = 0) {
        if case .keys(let reason) = record.fault {
            self = .keyless(reason)
            return
        }
        if case .newImage = record.fault, (try? record.keys.key(schema: schema)) == nil {
            self = .unusable("the keys of record \(record.eventID) do not fit the table's key schema")
            return
        }
        let outcome: Change.Outcome
        switch record.eventName {
        case .insert, .modify:
            if case .newImage = record.fault {
                outcome = .unreadable
                break
            }
            guard let image = record.newImage else {
                self = .unusable("record \(record.eventID) has no new image although it is no removal")
                return
            }
            outcome = .put(image)
        case .remove:
            outcome = .remove
        case .unknown(let name):
            self = .unknown(name)
            return
        }
        do throws(KeyError) {
            let key = try record.keys.key(schema: schema)
            self = .change(
                Change(
                    key: key,
                    outcome: outcome,
                    version: record.sequenceNumber,
                    at: record.approximateCreationMilliseconds ?? receivedAt,
                    cause: Self.cause(of: record, outcome)
                )
            )
        } catch {
            self = .unusable("the keys of record \(record.eventID) do not fit the table's key schema (\(error))")
        }
    }

    private static func cause(of record: StreamRecord, _ outcome: Change.Outcome) -> ChangeCause {
        switch outcome {
        case .put: .stream
        case .remove: record.userIdentity?.isTimeToLive == true ? .ttl : .stream
        case .unreadable: .unreadable
        }
    }
}
