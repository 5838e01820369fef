import DynamoDBStream
import Replication

/// How much memory this process may count on, and what of it may wait for slow clients and for a replay.
enum MemoryBudget {
    /// What `pendingBytes` comes to at least, and at most.
    static let pendingRange = 67_108_864...268_435_456
    /// The part of the available memory that may wait for slow clients.
    private static let pendingShare = 16
    /// The part of a small container's memory that may at most, and how little that may come to.
    private static let smallShare = 20
    private static let leastPending = 4_194_304
    /// The part of the memory that a replay may hold, and how little that may come to.
    private static let replayShare = 8
    private static let leastReplay = 8_388_608

    /// The default of `--max-pending-bytes`: a sixteenth of the memory available, within `pendingRange`.
    static func pendingBytes(bound: Int? = nil, read: (String) -> String? = ProcessUsage.read) -> Int {
        let share = min(bound ?? .max, available(read: read) ?? .max) / pendingShare
        let wanted = min(max(share, pendingRange.lowerBound), pendingRange.upperBound)
        return bound.map { min(wanted, max(leastPending, $0 / smallShare)) } ?? wanted
    }

    /// Bytes of records that a replay may hold (`StreamLimits.replayBytes`): an eighth of the bound, so that a small container is not ended by
    /// it, and at most what a process without a bound holds. At least some pages, without which nothing could be replayed.
    static func replayBytes(bound: Int?) -> Int {
        let most = StreamLimits().replayBytes
        return bound.map { min(most, max(leastReplay, $0 / replayShare)) } ?? most
    }

    /// Bytes that the process may use: the least of the limits of its control group (version 2 or 1) and of those around it, and what
    /// the machine has available. Nil where the kernel tells none of them. `read` gives the contents of a file.
    static func available(read: (String) -> String? = ProcessUsage.read) -> Int? {
        least([ofMachine("MemAvailable:", read), ofGroups(read)])
    }

    /// The bound on the memory of the process: the least of `option` and of the limits of its control groups, or else the machine's memory.
    /// Nil when `option` is 0, and where the kernel tells none of them.
    static func limit(option: Int64?, read: (String) -> String? = ProcessUsage.read) -> MemoryLimit? {
        if option == 0 { return nil }
        let machine = ofMachine("MemTotal:", read)
        // No limit of version 1 is one of some exabytes.
        let group = ofGroups(read).flatMap { $0 < machine ?? .max ? Int64($0) : nil }
        if let option, option <= group ?? .max { return MemoryLimit(bytes: option, source: .option) }
        if let group { return MemoryLimit(bytes: group, source: .controlGroup) }
        return machine.map { MemoryLimit(bytes: Int64($0), source: .machine) }
    }

    private static func ofGroups(_ read: (String) -> String?) -> Int? {
        // `max` of version 2 is no number.
        least(
            groupFiles(read("/proc/self/cgroup") ?? "").map { read($0).flatMap { Int($0.prefix { !$0.isWhitespace }) } }
        )
    }

    private static func least(_ numbers: [Int?]) -> Int? { numbers.compactMap { $0 }.filter { $0 > 0 }.min() }

    /// Bytes under a name of /proc/meminfo.
    private static func ofMachine(_ name: String, _ read: (String) -> String?) -> Int? {
        guard let text = read("/proc/meminfo") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let fields = line.split(separator: " ")
            return fields.count > 1 ? Int(fields[1]).map { $0 * 1_024 } : nil
        }
        return nil
    }

    /// The files that may hold a limit: of the group and of each group around it. In a container the names may be those of the
    /// machine outside, so the root is always among them.
    private static func groupFiles(_ membership: String) -> [String] {
        var files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isFirstVersion = fields[1].split(separator: ",").contains("memory")
            guard isFirstVersion || fields[1].isEmpty else { continue }
            var path = ""
            for segment in fields[2].split(separator: "/") {
                path += "/" + segment
                files.append(
                    isFirstVersion
                        ? "/sys/fs/cgroup/memory\(path)/memory.limit_in_bytes" : "/sys/fs/cgroup\(path)/memory.max"
                )
            }
        }
        return files
    }
}
