/// The shards of a stream as `RemoteAction.shards` shows them.
enum ShardOutput {
    static func list(_ shards: [SandboxShard]) -> [UInt8] {
        JSONOutput.object { output in
            output.name("shards")
            output.array(shards) { output, shard in
                output.object { output in
                    output.field("id", shard.id)
                    if let parent = shard.parentID { output.field("parent", parent) }
                    output.field("open", shard.isOpen)
                    output.field("start", shard.startingSequenceNumber)
                    if let end = shard.endingSequenceNumber { output.field("end", end) }
                    output.name("records")
                    output.array(shard.sequenceNumbers) { $0.string($1) }
                }
            }
        }
    }
}

/// The call log as `RemoteAction.calls` shows it.
enum CallOutput {
    static func list(_ calls: [SandboxCall]) -> [UInt8] {
        JSONOutput.object { output in
            output.name("calls")
            output.array(calls) { output, call in
                output.object { output in
                    output.field("operation", call.operation.rawValue)
                    output.field("time", raw: Timestamp.seconds(call.time))
                    if let table = call.table { output.field("table", table) }
                    if let shard = call.shard { output.field("shard", shard) }
                    if let segment = call.segment { output.field("segment", segment) }
                    if let type = call.iteratorType { output.field("iteratorType", type) }
                    output.field("continuesPage", call.continuesPage)
                    output.field("consistent", call.consistent)
                }
            }
        }
    }
}
