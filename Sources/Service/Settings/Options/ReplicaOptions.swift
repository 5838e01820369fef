import API
import DynamoDBStream
import Replication
import TableModel

/// How the replica is built and kept current.
enum ReplicaOptions: SettingGroup {
    static let title = "Replica"
    static let settings = [
        Setting(
            "poll-interval",
            \.replication.stream.pollInterval,
            .duration(.milliseconds(10)...(.seconds(60))),
            example: "100ms",
            "Time between two reads of a quiet shard."
        ),
        Setting(
            "scan-segments",
            \.replication.scanSegments,
            SettingKind.integer(1...64).optional,
            default: "by the table's size",
            example: "8",
            "Parallel segments of the scan."
        ),
        Setting(
            "scan-rcu",
            \.replication.scanCapacity,
            scanCapacity,
            default: "no limit until the table throttles",
            example: "500",
            "Read capacity units a second that the scan may consume, or `auto` for half of the table's capacity. Throttling halves the "
                + "rate for a while. The stream is read meanwhile.",
            seeAlso: "See [Costs](scaling.md#costs)."
        ),
        Setting(
            "verify-rcu",
            \.replication.verifyUnitsPerSecond,
            capacity,
            default: "off",
            example: "25",
            "Read capacity units a second for comparing table and replica in the background.",
            scope: .reader(
                instead: "set it where the stream is read: a follower is compared with its upstream all the time"
            )
        ),
        Setting(
            "on-gap",
            \.replication.gapPolicy,
            .choice,
            example: "rebuild-refusing",
            "When changes were lost: rebuild and serve the old contents as stale, rebuild and respond 503 meanwhile, or exit.",
            scope: .reader(instead: "a follower serves what it has while it loads its upstream's contents again")
        ),
        Setting(
            "max-lag",
            \.replication.maximumLag,
            .duration(.seconds(1)...(.seconds(86_400))),
            example: "2m",
            "Lag above which the replica is stale and not ready."
        ),
        Setting(
            "ignore-attributes",
            \.replication.ignoredAttributes,
            attributes,
            default: "none",
            example: "aws:rep:*",
            "Attributes to leave out of every item, separated by commas or given repeatedly. A `*` at the end stands for the rest "
                + "of the name. A write that changes no other attribute is no change. Quote it for the shell.",
            seeAlso: "See [Global tables](deployment.md#global-tables).",
            scope: .reader(instead: "set it where the stream is read: a follower is equal to its upstream")
        ),
        Setting(
            "ready-when",
            \.readyWhen,
            .choice,
            example: "serving",
            "Condition of `/readyz`: the replica is current, or it serves some contents, also old ones.",
            seeAlso: "See [Readiness](deployment.md#readiness)."
        ),
        Setting(
            "state-dir",
            \.stateDirectory,
            SettingKind.path("directory", .directory).optional,
            example: "/var/lib/tablecast",
            "Directory that keeps the replica, so that a restart needs no scan. One process, one directory.",
            scope: .reader(instead: "a follower keeps no state: it loads its upstream's contents when it starts")
        ),
    ]

    private static let attributes = SettingKind<AttributePatterns>(
        form: SettingForm(
            placeholder: "names",
            allowed: "give names of attributes with commas between them, \(AttributePatterns.limit) at most, "
                + "with * only at the end of a name, such as aws:rep:*",
            syntax: .list
        ),
        read: { AttributePatterns($0) },
        text: { $0.isEmpty ? nil : $0.description }
    )

    private static let scanCapacity: SettingKind<ScanCapacity> = {
        let units = SettingKind<Int>.integer(1...1_000_000)
        let form = SettingForm(
            placeholder: "units",
            values: "1 to 1000000, or auto",
            allowed: "give a whole number from 1 to 1000000, or auto",
            completion: .words(["auto"]),
            takesNumbers: true
        )
        return SettingKind(
            form: form,
            read: { $0 == "auto" ? .auto : units.read($0).map(ScanCapacity.units) },
            text: { capacity in
                switch capacity {
                case .unlimited: nil
                case .units(let units): "\(units)"
                case .auto: "auto"
                }
            }
        )
    }()

    private static let capacity = SettingKind.integer(1...1_000_000).optional
}
