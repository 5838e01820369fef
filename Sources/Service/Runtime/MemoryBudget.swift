/// How much memory this process may count on, and what of it may wait for slow clients.
enum MemoryBudget {
    /// What `pendingBytes` comes to at least, and at most.
    static let pendingRange = 67_108_864...268_435_456
    /// The part of the available memory that may wait for slow clients.
    private static let pendingShare = 16

    /// The default of `--max-pending-bytes`: a sixteenth of the memory available, within `pendingRange`.
    static func pendingBytes(read: (String) -> String? = ProcessUsage.read) -> Int {
        let share = (available(read: read) ?? .max) / pendingShare
        return min(max(share, pendingRange.lowerBound), pendingRange.upperBound)
    }

    /// Bytes that the process may use: the least of the limits of its control group (version 2 or 1) and of those around it, and what
    /// the machine has available. Nil where the kernel tells none of them. `read` gives the contents of a file.
    static func available(read: (String) -> String? = ProcessUsage.read) -> Int? {
        var least: Int?
        func note(_ bytes: Int?) {
            if let bytes, bytes > 0 { least = min(least ?? .max, bytes) }
        }
        note(read("/proc/meminfo").flatMap(availableOfMachine))
        for file in groupFiles(read("/proc/self/cgroup") ?? "") {
            // `max` of version 2 is no number; no limit of version 1 is one of some exabytes.
            note(read(file).flatMap { Int($0.prefix { !$0.isWhitespace }) })
        }
        return least
    }

    private static func availableOfMachine(_ text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
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
