package import Basics
package import DynamoDBClient
import TableModel

/// Makes each call of a replica once, and notes what came. It writes nothing, and uses a few read capacity units.
package struct CallTrial: Sendable {
    private let dynamoDB: any DynamoDBAPI
    private let streams: any DynamoDBStreamsAPI
    private let limits: CallTrialLimits
    private let time: TimeSource
    private var seen: TableObservations

    /// A trial with `seen.table`.
    package init(
        _ seen: TableObservations,
        dynamoDB: any DynamoDBAPI,
        streams: any DynamoDBStreamsAPI,
        limits: CallTrialLimits = CallTrialLimits(),
        time: TimeSource = .system
    ) {
        self.seen = seen
        self.dynamoDB = dynamoDB
        self.streams = streams
        self.limits = limits
        self.time = time
    }

    /// Makes the calls. Calls that another one makes impossible are not tried.
    package mutating func run() async -> TableObservations {
        guard let table = await describeTable() else {
            for call in TableCall.allCases where call != .describeTable { skip(call, "DescribeTable failed") }
            return seen
        }
        seen.description = table
        let key = await scan(table)
        await batchGetItem(table, key)
        guard let stream = table.latestStreamARN, table.streamEnabled else {
            for call in TableCall.allCases where call.isOfStream { skip(call, "the table has no enabled stream") }
            return seen
        }
        await read(stream)
        return seen
    }

    private mutating func describeTable() async -> TableDescription? {
        do throws(DynamoDBError) {
            let table = try await dynamoDB.describeTable(seen.table)
            seen.outcomes[.describeTable] = .granted("granted")
            return table
        } catch {
            seen.outcomes[.describeTable] = .failed(error)
            return nil
        }
    }

    /// Scans a small page; the key of its first item.
    private mutating func scan(_ table: TableDescription) async -> ItemKey? {
        let request = ScanRequest(
            table: seen.table,
            schema: table.keySchema,
            segment: 0,
            totalSegments: 1,
            exclusiveStartKey: nil,
            limit: limits.scannedItems
        )
        do throws(DynamoDBError) {
            let page = try await dynamoDB.scan(request)
            seen.scannedItems = page.items.entries.count
            seen.scannedBytes = page.items.entries.reduce(0) { $0 + $1.item.count }
            seen.scannedUnits = page.consumedCapacity
            seen.outcomes[.scan] = .granted("granted, \(seen.scannedItems) items read")
            return page.items.entries.first.map { ItemKey(bytes: Array(page.items.arena[$0.key])) }
        } catch {
            seen.outcomes[.scan] = .failed(error)
            return nil
        }
    }

    private mutating func batchGetItem(_ table: TableDescription, _ key: ItemKey?) async {
        guard let attributes = try? key?.attributes(schema: table.keySchema) else {
            return skip(.batchGetItem, "no item was scanned whose key could be asked for")
        }
        do throws(DynamoDBError) {
            _ = try await dynamoDB.batchGetItem(table: seen.table, keys: [attributes])
            seen.outcomes[.batchGetItem] = .granted("granted")
        } catch {
            seen.outcomes[.batchGetItem] = .failed(error)
        }
    }

    private mutating func read(_ stream: String) async {
        let open: Shard
        do throws(DynamoDBError) {
            guard let shard = try await openShard(stream) else {
                skip(.getShardIterator, "the stream lists no open shard yet")
                return skip(.getRecords, "the stream lists no open shard yet")
            }
            open = shard
        } catch {
            seen.outcomes[.describeStream] = .failed(error)
            skip(.getShardIterator, "DescribeStream failed")
            return skip(.getRecords, "DescribeStream failed")
        }
        do throws(DynamoDBError) {
            guard let iterator = try await streams.getShardIterator(stream, shardID: open.id, start: .latest) else {
                return skip(.getRecords, "GetShardIterator gave no iterator")
            }
            seen.outcomes[.getShardIterator] = .granted("granted")
            await read(open, from: iterator)
        } catch {
            seen.outcomes[.getShardIterator] = .failed(error)
            skip(.getRecords, "GetShardIterator failed")
        }
    }

    /// Lists the shards; the first open one.
    private mutating func openShard(_ stream: String) async throws(DynamoDBError) -> Shard? {
        var (open, first, start) = (0, Shard?.none, String?.none)
        for _ in 0..<limits.shardPages {
            let page = try await streams.describeStream(stream, exclusiveStartShardID: start, childrenOf: nil)
            for shard in page.shards where shard.endingSequenceNumber == nil {
                open += 1
                first = first ?? shard
            }
            start = page.lastEvaluatedShardID
            guard start != nil else {
                seen.openShards = open
                break
            }
        }
        seen.outcomes[.describeStream] = .granted("granted")
        return first
    }

    /// Reads a shard several times: two readers share its five reads a second, so one that is throttled here has other readers.
    private mutating func read(_ shard: Shard, from iterator: String) async {
        var next = Optional(iterator)
        for _ in 0..<limits.reads {
            guard let iterator = next else { break }
            if seen.reads > 0 { try? await time.sleep(limits.readPause) }
            seen.reads += 1
            do throws(DynamoDBError) {
                next = try await streams.getRecords(iterator: iterator, shardID: shard.id, limit: 1).nextIterator
                seen.outcomes[.getRecords] = .granted("granted")
            } catch {
                guard error.kind == .throttled else {
                    seen.outcomes[.getRecords] = .failed(error)
                    return
                }
                seen.throttledReads += 1
                if seen.outcomes[.getRecords] == nil { seen.outcomes[.getRecords] = .failed(error) }
            }
        }
    }

    private mutating func skip(_ call: TableCall, _ reason: String) { seen.outcomes[call] = .notTried(reason) }
}
