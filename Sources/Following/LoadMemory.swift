import Basics
import Replication

/// Looks at the memory in use while contents come.
struct LoadMemory {
    private let readings: MemoryReadings
    private let limits: FollowingLimits
    private var unchecked = 0

    init(_ readings: MemoryReadings, _ limits: FollowingLimits) {
        self.readings = readings
        self.limits = limits
    }

    /// Why nothing more can be taken after so many bytes more; nil while there is room.
    mutating func obstacle(after bytes: Int) -> String? {
        unchecked += bytes
        guard unchecked >= limits.memoryCheckBytes else { return nil }
        unchecked = 0
        guard let limit = readings.limit(), let used = readings.used() else { return nil }
        guard used >= limit.fillBytes else { return nil }
        return
            "memory is full (\(ByteText.format(used)) of \(ByteText.format(limit.bytes))): give the replica more, or follow with a token that "
            + "sees fewer keys (--follow-partial)"
    }
}
