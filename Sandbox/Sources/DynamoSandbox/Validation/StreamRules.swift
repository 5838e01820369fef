/// The members that the operations of DynamoDB Streams require.
enum StreamRules {
    static func collect(
        _ operation: SandboxOperation,
        _ request: Request,
        _ violations: inout Violations
    ) throws(SandboxError) {
        switch operation {
        case .getShardIterator:
            let types = ["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]
            try violations.check(request, "ShardIteratorType", types, at: "shardIteratorType")
            violations.require(request, "ShardIteratorType", at: "shardIteratorType")
            violations.require(request, "StreamArn", at: "streamArn")
            violations.require(request, "ShardId", at: "shardId")
        case .getRecords:
            try violations.check(request, "Limit", in: 1...SandboxLimits.recordsPerPage, at: "limit")
            violations.require(request, "ShardIterator", at: "shardIterator")
        default:
            try violations.check(request, "Limit", in: 1...SandboxLimits.listPage, at: "limit")
            guard operation == .describeStream else { return }
            violations.require(request, "StreamArn", at: "streamArn")
            guard let filter = try request.object("ShardFilter") else { return }
            try violations.check(filter, "Type", ["CHILD_SHARDS"], at: "shardFilter.type")
        }
    }
}
