import TableModel

/// One change as a shard keeps it, with both images whatever the view type shows.
struct LoggedRecord: Sendable {
    enum Event: Sendable, Hashable {
        case insert
        case modify
        case remove
        /// One that the service does not send today.
        case other(String)

        /// The eventName.
        var name: String {
            switch self {
            case .insert: "INSERT"
            case .modify: "MODIFY"
            case .remove: "REMOVE"
            case .other(let name): name
            }
        }
    }

    let sequenceNumber: UInt128
    let event: Event
    /// Milliseconds since 1970 UTC.
    let createdAt: Int64
    let keys: Item
    let newImage: Item?
    let oldImage: Item?
    /// The bytes that DynamoDB counts for the record: its keys and the images that the view type shows.
    let size: Int
    /// Whether DynamoDB's own time to live removed the item.
    let byTimeToLive: Bool
    /// The eventVersion.
    var eventVersion = "1.1"
}
