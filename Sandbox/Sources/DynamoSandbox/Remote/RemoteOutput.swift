import Basics

/// The shards of a stream as `RemoteAction.shards` shows them.
enum ShardOutput {
    static func list(_ shards: [SandboxShard]) -> [UInt8] {
        JSONWriter.object { output in
            output.name("shards")
            output.array(shards) { output, shard in
                output.object { output in
                    output.member("id", shard.id)
                    if let parent = shard.parentID { output.member("parent", parent) }
                    output.member("open", shard.isOpen)
                    output.member("start", shard.startingSequenceNumber)
                    if let end = shard.endingSequenceNumber { output.member("end", end) }
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
        JSONWriter.object { output in
            output.name("calls")
            output.array(calls) { output, call in
                output.object { output in
                    output.member("operation", call.operation.rawValue)
                    output.member("time", seconds: call.time)
                    if let table = call.table { output.member("table", table) }
                    if let shard = call.shard { output.member("shard", shard) }
                    if let segment = call.segment { output.member("segment", segment) }
                    if let type = call.iteratorType { output.member("iteratorType", type) }
                    output.member("continuesPage", call.continuesPage)
                    output.member("consistent", call.consistent)
                }
            }
        }
    }
}
