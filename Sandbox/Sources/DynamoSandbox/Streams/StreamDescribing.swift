import Basics
import TableModel

/// ListStreams and DescribeStream.
extension Engine {
    func listStreams(_ request: Request) throws(SandboxError) -> [UInt8] {
        let limit = try request.integer("Limit", in: 1...SandboxLimits.listPage) ?? SandboxLimits.listPage
        let table = request.has("TableName") ? place(ofTable: try request.tableName()) : nil
        let owner = table.map { $0.hasPrefix("arn:") ? $0 : arnPrefix + $0 } ?? arnPrefix
        let start = try request.string("ExclusiveStartStreamArn") ?? ""
        let found = streams.values.filter { $0.arn > start && $0.arn.hasPrefix(table == nil ? owner : owner + "/") }
            .sorted { $0.arn < $1.arn }
        let page = found.prefix(Int(limit))
        return JSONWriter.object { output in
            output.name("Streams")
            output.array(page) { output, stream in
                output.object {
                    $0.member("StreamArn", stream.arn)
                    $0.member("TableName", stream.tableName)
                    $0.member("StreamLabel", stream.label)
                }
            }
            if page.count < found.count, let last = page.last { output.member("LastEvaluatedStreamArn", last.arn) }
        }
    }

    /// The stream of a request, trimmed to the retention.
    mutating func stream(_ arn: String?, now: Int64) throws(SandboxError) -> TableStream {
        guard let arn else {
            throw SandboxError.constraint("null", at: "streamArn", "not be null")
        }
        guard arn.hasPrefix("arn:"), arn.contains("/stream/") else {
            throw SandboxError.validation("Invalid StreamArn")
        }
        streams[arn]?.trim(before: now - settings.retention.wholeMilliseconds)
        guard let stream = streams[arn] else { throw SandboxError.notFound("Stream: \(arn) not found") }
        return stream
    }

    /// Refuses a call beyond the bound; refused ones do not count.
    private mutating func checkDescribeRate(now: Int64) throws(SandboxError) {
        guard let most = settings.describeStreamsPerSecond else { return }
        describeStreamTimes.removeAll { $0 <= now - 1_000 }
        guard describeStreamTimes.count < most else {
            throw SandboxError("LimitExceededException", "Rate exceeded: too many DescribeStream calls.")
        }
        describeStreamTimes.append(now)
    }

    mutating func describeStream(
        _ request: Request,
        now: Int64,
        fault: SandboxFault?
    ) throws(SandboxError) -> [UInt8] {
        try checkDescribeRate(now: now)
        let empty = fault == .emptyPage
        let most = SandboxLimits.listPage
        let limit = min(try request.integer("Limit", in: 1...most) ?? most, Int64(max(1, settings.shardsPerListing)))
        let stream = try stream(try request.string("StreamArn"), now: now)
        let start = try request.string("ExclusiveStartShardId")
        var shards = stream.status == .enabling ? [] : stream.shards
        if let filter = try request.object("ShardFilter") {
            _ = try filter.choice("Type", among: ["CHILD_SHARDS"])
            let parent = try filter.string("ShardId")
            shards = shards.filter { $0.parentID == parent }
        }
        shards = listing.visible(shards, countsDown: start == nil)
        let isReversed = settings.listsNewestFirst
        if isReversed { shards.reverse() }
        if let start { shards = shards.filter { isReversed ? $0.id < start : $0.id > start } }
        let page = empty ? shards.prefix(0) : shards.prefix(Int(limit))
        var cursor = page.count < shards.count ? page.last?.id : nil
        // An empty page's cursor stands before every shard that is still to come.
        if empty { cursor = start ?? (isReversed ? "shardId-9" : "shardId-") + String(repeating: "0", count: 19) }
        if fault == .repeatedCursor, let start { cursor = start }
        return description(of: stream, shards: page, cursor: cursor)
    }

    private func description(of stream: TableStream, shards: ArraySlice<ShardLog>, cursor: String?) -> [UInt8] {
        JSONWriter.object { output in
            output.name("StreamDescription")
            output.object { output in
                output.member("StreamArn", stream.arn)
                output.member("StreamLabel", stream.label)
                output.member("StreamStatus", stream.status.rawValue)
                output.member("StreamViewType", stream.viewType.rawValue)
                output.member("CreationRequestDateTime", seconds: stream.createdAt)
                output.member("TableName", stream.tableName)
                output.keySchema(stream.schema)
                output.name("Shards")
                output.array(shards) { describe($1, &$0) }
                if let cursor { output.member("LastEvaluatedShardId", cursor) }
            }
        }
    }

    private func describe(_ shard: ShardLog, _ output: inout JSONWriter) {
        output.object { output in
            output.member("ShardId", shard.id)
            output.name("SequenceNumberRange")
            output.object {
                $0.member("StartingSequenceNumber", String(shard.startingSequenceNumber))
                if let end = shard.endingSequenceNumber, listing.showsEnd(of: shard.id) {
                    $0.member("EndingSequenceNumber", String(end))
                }
            }
            if let parent = shard.parentID { output.member("ParentShardId", parent) }
        }
    }
}
