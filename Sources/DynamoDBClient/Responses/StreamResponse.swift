import TableModel

/// The answer of DescribeStream.
struct StreamResponse {
    private var arn: String?
    private var status: StreamStatus?
    private var viewType: StreamViewType?
    private var tableName = ""
    private var shards: [Shard] = []
    private var lastShardID: String?

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> StreamPage {
        var json = JSONReader(bytes)
        var answer = StreamResponse()
        try json.readObject { name, json throws(JSONError) in
            guard name == "StreamDescription" else { return try json.skipValue() }
            try json.readObject { name, json throws(JSONError) in try answer.readMember(name, &json) }
        }
        try json.readEnd()
        guard let arn = answer.arn, let status = answer.status else {
            throw .unmet("there is no StreamDescription with StreamArn and StreamStatus")
        }
        return StreamPage(
            streamARN: arn,
            status: status,
            viewType: answer.viewType,
            tableName: answer.tableName,
            shards: answer.shards,
            lastEvaluatedShardID: answer.lastShardID
        )
    }

    private mutating func readMember(_ member: String, _ json: inout JSONReader) throws(JSONError) {
        switch member {
        case "StreamArn": arn = try json.readOptionalString()
        case "TableName": tableName = try json.readOptionalString() ?? ""
        case "StreamViewType": viewType = try json.readOptionalString().flatMap(StreamViewType.init(rawValue:))
        case "LastEvaluatedShardId": lastShardID = try json.readOptionalString()
        case "StreamStatus":
            let text = try json.readString()
            status = StreamStatus(rawValue: text)
            if status == nil { throw .unmet("StreamStatus \"\(text.prefix(64))\" is unknown") }
        case "Shards":
            var shards: [Shard] = []
            if try json.readNull() { return }
            try json.readArray { json throws(JSONError) in shards.append(try Self.readShard(&json)) }
            self.shards = shards
        default: try json.skipValue()
        }
    }

    private static func readShard(_ json: inout JSONReader) throws(JSONError) -> Shard {
        var id = ""
        var parentID: String?
        var starting: SequenceNumber?
        var ending: SequenceNumber?
        try json.readObject { name, json throws(JSONError) in
            switch name {
            case "ShardId": id = try json.readString()
            case "ParentShardId": parentID = try json.readOptionalString()
            case "SequenceNumberRange":
                if try json.readNull() { return }
                try json.readObject { name, json throws(JSONError) in
                    switch name {
                    case "StartingSequenceNumber": starting = try json.readSequenceNumber()
                    case "EndingSequenceNumber": ending = try json.readSequenceNumber()
                    default: try json.skipValue()
                    }
                }
            default: try json.skipValue()
            }
        }
        guard !id.isEmpty else { throw .unmet("a shard has no ShardId") }
        return Shard(id: id, parentID: parentID, startingSequenceNumber: starting, endingSequenceNumber: ending)
    }
}

/// The answer of GetShardIterator.
enum ShardIteratorResponse {
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> String? {
        var json = JSONReader(bytes)
        var iterator: String?
        try json.readObject { name, json throws(JSONError) in
            guard name == "ShardIterator" else { return try json.skipValue() }
            iterator = try json.readOptionalString()
        }
        try json.readEnd()
        return iterator
    }
}
