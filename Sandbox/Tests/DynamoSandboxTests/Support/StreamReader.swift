import DynamoSandbox

/// Reads streams in tests, in few words.
extension Fixture {
    /// An iterator of a shard of `plain`.
    func iterator(_ shard: String, _ type: String, _ number: String? = nil, table: String = "plain") throws -> String {
        let arn = sandbox.latestStreamARN(of: table) ?? ""
        let more = number.map { ",\"SequenceNumber\":\"\($0)\"" } ?? ""
        let answer = try call(
            .getShardIterator,
            "{\"StreamArn\":\"\(arn)\",\"ShardId\":\"\(shard)\",\"ShardIteratorType\":\"\(type)\"\(more)}"
        )
        return answer.between("\"ShardIterator\":\"", "\"") ?? ""
    }

    /// GetRecords.
    func records(_ iterator: String, limit: Int = 1_000) throws(SandboxError) -> RecordsResponse {
        RecordsResponse(json: try call(.getRecords, "{\"ShardIterator\":\"\(iterator)\",\"Limit\":\(limit)}"))
    }

    /// Everything in a shard, from its oldest record on.
    func all(_ shard: String) throws -> RecordsResponse {
        try records(iterator(shard, "TRIM_HORIZON"))
    }
}

/// What a test asks about one answer of GetRecords.
struct RecordsResponse {
    let json: String

    var next: String? { json.between("\"NextShardIterator\":\"", "\"") }
    var events: [String] { json.all(between: "\"eventName\":\"", "\"") }
    var sequenceNumbers: [String] { json.all(between: "\"SequenceNumber\":\"", "\"") }
    var count: Int { events.count }
}
