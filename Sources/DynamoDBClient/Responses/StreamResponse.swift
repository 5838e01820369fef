import TableModel

/// The response of DescribeStream.
struct StreamResponse {
    private var arn: String?
    private var status: StreamStatus?
    private var viewType: StreamViewType?
    private var tableName = ""
    private var shards: [Shard] = []
    private var lastShardID: String?

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> StreamPage {
        var json = JSONReader(bytes)
        var response = StreamResponse()
        try json.beginObject()
        while let name = try json.nextMember() {
            guard name == "StreamDescription" else {
                try json.skipValue()
                continue
            }
            try json.beginObject()
            while let name = try json.nextMember() { try response.readMember(name, &json) }
        }
        try json.readEnd()
        guard let arn = response.arn, let status = response.status else {
            throw .unmet("there is no StreamDescription with StreamArn and StreamStatus")
        }
        return StreamPage(
            streamARN: arn,
            status: status,
            viewType: response.viewType,
            tableName: response.tableName,
            shards: response.shards,
            lastEvaluatedShardID: response.lastShardID
        )
    }

    private mutating func readMember(_ member: JSONName, _ json: inout JSONReader) throws(JSONError) {
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
            try json.beginArray()
            while try json.nextElement() { shards.append(try Self.readShard(&json)) }
            self.shards = shards
        default: try json.skipValue()
        }
    }

    private static func readShard(_ json: inout JSONReader) throws(JSONError) -> Shard {
        var id = ""
        var parentID: String?
        var starting: SequenceNumber?
        var ending: SequenceNumber?
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "ShardId": id = try json.readString()
            case "ParentShardId": parentID = try json.readOptionalString()
            case "SequenceNumberRange":
                if try json.readNull() { continue }
                try json.beginObject()
                while let name = try json.nextMember() {
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

/// The response of GetShardIterator.
enum ShardIteratorResponse {
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> String? {
        var json = JSONReader(bytes)
        var iterator: String?
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "ShardIterator": iterator = try json.readOptionalString()
            default: try json.skipValue()
            }
        }
        try json.readEnd()
        return iterator
    }
}
