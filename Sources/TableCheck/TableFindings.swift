package import Basics
import DynamoDBClient
import TableModel

/// Turns what a check saw into findings. No call and no clock: observations in, findings out.
package enum TableFindings {
    /// The findings in the order in which they are told.
    package static func findings(_ seen: TableObservations) -> [Finding] {
        var findings = [
            credentials(seen), Finding("region", .ok, seen.region), endpoints(seen), clock(seen),
        ]
        findings += TableCall.allCases.map { call in permission(call, seen) }
        guard let table = seen.description else { return findings }
        findings += [self.table(table), stream(table), shards(seen), readers(seen)].compactMap { $0 }
        return findings + size(seen)
    }

    private static func credentials(_ seen: TableObservations) -> Finding {
        guard let source = seen.credentials.source else {
            let trouble = seen.credentials.trouble ?? "no credentials were found"
            return Finding(
                "credentials",
                .fail,
                trouble,
                change: "give this process credentials: a role of the pod, task or instance, a profile, or "
                    + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        }
        let end = seen.credentials.expiresAt.map { ", which expire at \(Timestamp.text($0)) and are renewed before" }
        return Finding("credentials", .ok, "keys of \(source)\(end ?? ", which have no end")")
    }

    /// Failures of DescribeTable are told at that call, which carries the hint.
    private static func endpoints(_ seen: TableObservations) -> Finding {
        let words = "\(seen.endpoint), streams at \(seen.streamsEndpoint)"
        guard case .failed(let error) = seen.outcomes[.describeTable], error.kind == .transient else {
            return Finding("endpoint", .ok, words)
        }
        return Finding(
            "endpoint",
            .fail,
            "\(words): \(error.code): \(error.message)",
            change:
                "let this machine reach it: name resolution, routes, security groups, proxies (https_proxy), a VPC endpoint"
        )
    }

    private static func clock(_ seen: TableObservations) -> Finding {
        guard let skew = seen.skewMilliseconds else {
            return Finding(
                "clock",
                .warn,
                "AWS's time is not known, because no call succeeded",
                change: "mend what stands below, and check again"
            )
        }
        let words = "this machine's clock is \(abs(skew) / 1_000) s \(skew < 0 ? "behind" : "ahead of") AWS's"
        guard skew.magnitude >= 60_000 else { return Finding("clock", .ok, "this machine's clock agrees with AWS's") }
        return Finding(
            "clock",
            .warn,
            words,
            change: "set the clock (NTP): signatures are corrected, but times in the log are wrong by that much"
        )
    }

    private static func permission(_ call: TableCall, _ seen: TableObservations) -> Finding {
        switch seen.outcomes[call] {
        case .granted(let words): return Finding(call.rawValue, .ok, words)
        case .failed(let error) where error.kind == .throttled:
            return Finding(call.rawValue, .warn, "throttled: \(error.message)", change: error.hint)
        case .failed(let error):
            return Finding(call.rawValue, .fail, "\(error.code): \(error.message)", change: error.hint)
        case .notTried(let reason):
            return Finding(call.rawValue, .warn, "not tried: \(reason)", change: advice(call, seen))
        case nil: return Finding(call.rawValue, .warn, "not tried", change: advice(call, seen))
        }
    }

    private static func advice(_ call: TableCall, _ seen: TableObservations) -> String {
        guard call == .batchGetItem, case .granted = seen.outcomes[.scan] else {
            return "mend what stands above, and check again"
        }
        return "put an item into the table, or look that the policy has \(call.action)"
    }

    private static func table(_ table: TableDescription) -> Finding {
        let schema = table.keySchema
        let sort = schema.sort.map { ", \($0.name) (\($0.type.rawValue))" } ?? ""
        let words =
            "\(table.arn), \(table.status), key \(schema.partition.name) (\(schema.partition.type.rawValue))\(sort)"
        switch table.status {
        case "ACTIVE", "UPDATING": return Finding("table", .ok, words)
        default:
            return Finding(
                "table",
                .fail,
                words,
                change: "only a table that is ACTIVE or UPDATING can be followed: see \(Self.troubleshooting)"
            )
        }
    }

    private static let troubleshooting = "troubleshooting.md"

    private static func stream(_ table: TableDescription) -> Finding {
        guard table.streamEnabled, let stream = table.latestStreamARN else {
            return Finding(
                "stream",
                .fail,
                "the table has no enabled stream",
                change: "aws dynamodb update-table --table-name \(table.name) "
                    + "--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
            )
        }
        let label = stream.split(separator: "/").last.map(String.init) ?? stream
        switch table.streamViewType {
        case .newAndOldImages, .newImage:
            return Finding("stream", .ok, "enabled, \(table.streamViewType?.rawValue ?? ""), \(label)")
        case .keysOnly, .oldImage:
            return Finding(
                "stream",
                .warn,
                "enabled, \(table.streamViewType?.rawValue ?? ""), \(label): each change costs one more consistent read",
                change:
                    "a stream with NEW_IMAGE or NEW_AND_OLD_IMAGES needs no such reads; a view type can only be changed "
                    + "by disabling the stream and enabling it again"
            )
        case nil: return Finding("stream", .warn, "enabled, \(label), of an unknown view type", change: "check again")
        }
    }

    private static func shards(_ seen: TableObservations) -> Finding? {
        guard let open = seen.openShards else { return nil }
        return Finding("shards", .ok, "\(open) open")
    }

    private static func readers(_ seen: TableObservations) -> Finding? {
        guard seen.reads > 0 else { return nil }
        let words = "\(seen.throttledReads) of \(seen.reads) reads of one shard were throttled"
        guard seen.throttledReads > 0 else {
            return Finding("readers", .ok, "\(words): no sign of more than one other reader")
        }
        return Finding(
            "readers",
            .warn,
            "\(words): others read this stream too",
            change: "DynamoDB Streams allows two readers of a shard. Look for Lambda triggers "
                + "(aws lambda list-event-source-mappings --event-source-arn STREAM), global tables and other replicas"
        )
    }
}
