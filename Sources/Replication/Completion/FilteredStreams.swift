import DynamoDBClient
import TableModel

/// DynamoDB Streams, with images that lack the ignored attributes.
struct FilteredStreams: DynamoDBStreamsAPI {
    private let streams: any DynamoDBStreamsAPI
    private let ignored: AttributePatterns

    init(_ streams: any DynamoDBStreamsAPI, without ignored: AttributePatterns) {
        self.streams = streams
        self.ignored = ignored
    }

    var serviceTime: ServiceTime? { streams.serviceTime }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        try await streams.describeStream(
            streamARN,
            exclusiveStartShardID: exclusiveStartShardID,
            childrenOf: childrenOf
        )
    }

    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String? {
        try await streams.getShardIterator(streamARN, shardID: shardID, start: start)
    }

    @concurrent
    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        let page = try await streams.getRecords(iterator: iterator, shardID: shardID, limit: limit)
        return RecordsPage(records: page.records.map { $0.removing(ignored) }, nextIterator: page.nextIterator)
    }
}

extension StreamRecord {
    /// The record with images that lack the attributes of `names`.
    fileprivate func removing(_ names: AttributePatterns) -> StreamRecord {
        StreamRecord(
            eventID: eventID,
            eventName: eventName,
            eventVersion: eventVersion,
            keys: keys,
            newImage: newImage?.removing(names),
            oldImage: oldImage?.removing(names),
            sequenceNumber: sequenceNumber,
            approximateCreationMilliseconds: approximateCreationMilliseconds,
            userIdentity: userIdentity,
            fault: fault
        )
    }
}
