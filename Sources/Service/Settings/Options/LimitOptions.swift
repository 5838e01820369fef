import Feed
import HTTPServer
import ReplicaStore
import Replication

/// Limits of clients, and of the memory for changes.
enum LimitOptions: SettingGroup {
    static let title = "Limits"
    static let settings = [
        Setting(
            "loops",
            \.loops,
            .integer(1...64),
            default: "one for each processor of the container or machine",
            example: "3",
            "Event loops that serve HTTP."
        ),
        Setting(
            "max-memory",
            \.maximumMemory,
            SettingKind.bytesOrNone(67_108_864...(1 << 50), such: "4GiB").optional,
            default: "the container's limit, else none",
            example: "4GiB",
            "Memory that the process may use; 0 for no limit. A table that is far larger ends the start with status 78, and one that "
                + "fills it is not read further. Without a limit the machine's memory serves the estimate of the start alone.",
            seeAlso: "See [Memory](operations.md#memory)."
        ),
        Setting(
            "max-connections",
            \.server.connections,
            .integer(count),
            example: "10000",
            "Open connections, at most the limit of open files less a reserve. One more replaces an idle one or gets 503. "
                + "Health checks are still answered."
        ),
        Setting(
            "max-connections-per-address",
            \.connectionsPerAddress,
            SettingKind.integer(0...1_000_000).optional,
            default: "half of all",
            example: "100",
            "Open connections of one client address; 0 for no limit, as behind a proxy that does not tell the client."
        ),
        Setting(
            "keep-alive",
            \.server.keepAliveTimeout,
            .duration(.seconds(1)...(.seconds(3_600))),
            example: "650s",
            "Time that an idle connection stays open. A load balancer must close its own sooner, or it sends requests into "
                + "connections that end.",
            seeAlso: "See [Idle connections](deployment.md#idle-connections)."
        ),
        Setting(
            "max-pending-bytes",
            \.pendingBytes,
            SettingKind.integer(1_048_576...999_999_999_999).optional,
            default: "1/16 of the memory available, 64 to 256 MiB",
            example: "134217728",
            "Bytes that may wait for slow clients in total. Beyond them large responses get 503 and stalled connections are "
                + "closed."
        ),
        Setting(
            "max-subscribers",
            \.feed.maximumSubscribers,
            .integer(count),
            example: "5000",
            "Open event streams and long polls."
        ),
        Setting(
            "max-subscribers-per-address",
            \.feed.maximumSubscribersPerAddress,
            SettingKind.integer(count).optional,
            default: "half of all",
            example: "4000",
            "Open event streams and long polls of one address; raise it behind a proxy that does not tell the client."
        ),
        Setting(
            "max-stream-age",
            \.feed.maximumStreamAge,
            .durationOrNone(.seconds(1)...(.seconds(86_400)), such: "15m"),
            example: "1h",
            "Greatest age of an event stream. It ends after 80 to 100 % of it, and its client reconnects; 0 for no end."
        ),
        Setting(
            "resume-overlap",
            \.feed.resumeOverlap,
            .duration(.seconds(1)...(.seconds(600))),
            example: "30s",
            "How far back a subscriber of another replica begins again. A change that the stream delivers later than this would be missed, so "
                + "keep it well above what the stream takes, which is mostly below a second."
        ),
        Setting(
            "page-cache-age",
            \.feed.closedPageAge,
            .durationOrNone(.seconds(1)...(.seconds(86_400)), such: "1h"),
            example: "10m",
            "How long caches may keep a page of `/v1/changes` that stays right, at most `--tombstone-age`. Other pages may be kept for a "
                + "second. Only without tokens: everybody may read such pages. 0 lets caches keep no page."
        ),
        Setting(
            "history-bytes",
            \.replication.storeLimits.historyBytes,
            .integer(0...999_999_999_999),
            example: "67108864",
            "Memory for the newest steps: `mode=all`, histories, exact filters; 0 keeps none."
        ),
        Setting(
            "max-tombstones",
            \.replication.storeLimits.maximumTombstones,
            .integer(0...100_000_000),
            example: "500000",
            "Removed keys remembered, so that subscribers can resume."
        ),
        Setting(
            "tombstone-age",
            \.replication.storeLimits.tombstoneAge,
            .duration(.seconds(1)...(.seconds(2_592_000))),
            example: "2h",
            "Time that removed keys are remembered."
        ),
    ]

    private static let count = 1...1_000_000
}
