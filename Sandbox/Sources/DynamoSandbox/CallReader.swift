import TableModel

/// Reads from a request what the call log and the fault queue need to know.
enum CallReader {
    static func call(_ operation: SandboxOperation, _ request: Request, now: Int64) -> SandboxCall {
        var shard = text(request, "ShardId")
        var table = text(request, "TableName")
        if case .object(let filter)? = request.members["ShardFilter"] { shard = text(Request(filter), "ShardId") }
        if let iterator = text(request, "ShardIterator").flatMap(ShardIterator.init) {
            shard = iterator.shardID
            table = tableName(ofStream: iterator.streamARN)
        }
        if let arn = text(request, "StreamArn") { table = tableName(ofStream: arn) }
        var isConsistent = request.members["ConsistentRead"] == .bool(true)
        if case .object(let items)? = request.members["RequestItems"], let first = items.first, items.count == 1 {
            table = first.key.text
            if case .object(let keys) = first.value { isConsistent = keys["ConsistentRead"] == .bool(true) }
        }
        return SandboxCall(
            operation: operation,
            table: table,
            shard: shard,
            segment: integer(request, "Segment"),
            iteratorType: text(request, "ShardIteratorType"),
            continuesPage: request.has("ExclusiveStartKey") || request.has("ExclusiveStartShardId"),
            consistent: isConsistent,
            time: now
        )
    }

    private static func text(_ request: Request, _ name: String) -> String? {
        if case .string(let text)? = request.members[AttributeName(name)] { text } else { nil }
    }

    private static func integer(_ request: Request, _ name: String) -> Int? {
        if case .integer(let number)? = request.members[AttributeName(name)] { Int(exactly: number) } else { nil }
    }

    /// `arn:…:table/NAME/stream/LABEL`.
    private static func tableName(ofStream arn: String) -> String? {
        let parts = arn.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count > 1 ? String(parts[1]) : nil
    }
}
