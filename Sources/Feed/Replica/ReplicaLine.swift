import Basics
import ReplicaStore
import TableModel

/// The lines of a follower's feed that no other feed has, each one JSON object with a line feed.
enum ReplicaLine {
    /// The version of the lines' form. A follower that does not know it must not read on.
    static let version: Int64 = 1

    /// `source`: which services the contents come from.
    static func source(_ source: ReplicaSource) -> [UInt8] {
        line(.source) { json in
            json.member("protocol", version)
            json.name("chain")
            json.array(source.chain) { $0.string($1) }
        }
    }

    /// `contents`: of what the changes that follow are. Sent before the first of them.
    static func contents(_ source: ReplicaSource, _ snapshot: StoreSnapshot, isPartial: Bool) -> [UInt8] {
        line(.contents) { json in
            json.member("epoch", snapshot.position.epoch.text)
            json.member("table", source.tableName)
            json.name("key")
            json.object { json in
                append("partition", snapshot.keySchema.partition, to: &json)
                if let sort = snapshot.keySchema.sort { append("sort", sort, to: &json) }
            }
            json.member("stream_arn", source.streamARN)
            json.member("stream", snapshot.progress.stream?.description)
            json.member("ignored_attributes", source.ignoredAttributes)
            json.member("birth", snapshot.progress.birth)
            json.member("horizon", String(snapshot.horizon))
            json.member("partial", isPartial)
        }
    }

    /// `ready` or `bookmark`: the follower holds exactly `snapshot`. `isPartial`: it may not know how many items there are, nor their digest.
    static func mark(
        _ name: ControlEventName,
        _ snapshot: StoreSnapshot,
        _ source: ReplicaSource,
        lagMilliseconds: Int64?,
        at now: Duration,
        isPartial: Bool
    ) -> [UInt8] {
        let position = snapshot.position.description
        return line(name) { json in
            json.member("id", position)
            json.member("position", position)
            json.member("lag_ms", lagMilliseconds)
            if !isPartial { json.member("items", Int64(snapshot.itemCount)) }
            json.member("state", source.state)
            json.member("reason", source.reason)
            if !isPartial { json.member("digest", snapshot.digest.description) }
            json.member("horizon", String(snapshot.horizon))
            json.member("sent_ms", now.wholeMilliseconds)
        }
    }

    private static func append(_ name: String, _ attribute: KeyAttribute, to json: inout JSONWriter) {
        json.name(name)
        json.object { json in
            json.member("name", attribute.name)
            json.member("type", attribute.type.rawValue)
        }
    }

    private static func line(_ name: ControlEventName, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        JSONWriter.object { json in
            json.member("event", name.rawValue)
            write(&json)
        } + [UInt8(ascii: "\n")]
    }
}
