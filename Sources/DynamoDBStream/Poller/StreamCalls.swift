import DynamoDBClient

/// The four calls, each turned into one input. They run, and so parse their responses, outside the poller's actor.
struct StreamCalls: Sendable {
    let streamARN: String
    let api: any DynamoDBStreamsAPI
    let recordLimit: Int

    func describe(_ cursor: String?) async -> StreamInput {
        do throws(DynamoDBError) {
            return .listed(try await api.describeStream(streamARN, exclusiveStartShardID: cursor, childrenOf: nil))
        } catch { return .listingFailed(error) }
    }

    func children(of parentID: String) async -> StreamInput {
        do throws(DynamoDBError) {
            let page = try await api.describeStream(streamARN, exclusiveStartShardID: nil, childrenOf: parentID)
            return .childrenListed(of: parentID, page)
        } catch { return .childrenFailed(of: parentID, error) }
    }

    func iterator(_ shardID: String, _ start: IteratorStart) async -> StreamInput {
        do throws(DynamoDBError) {
            let iterator = try await api.getShardIterator(streamARN, shardID: shardID, start: start)
            return .iterator(shardID: shardID, iterator)
        } catch { return .iteratorFailed(shardID: shardID, error) }
    }

    func records(_ shardID: String, _ iterator: String) async -> StreamInput {
        do throws(DynamoDBError) {
            let page = try await api.getRecords(iterator: iterator, shardID: shardID, limit: recordLimit)
            return .records(shardID: shardID, page)
        } catch { return .recordsFailed(shardID: shardID, error) }
    }
}
