/// The shards that wait for their next call, by lane.
struct ShardDeadlines: Sendable {
    private var read = DeadlineQueue()
    private var iterator = DeadlineQueue()
    private var silent = DeadlineQueue()

    subscript(lane: CallLane) -> DeadlineQueue {
        get {
            switch lane {
            case .read: read
            case .iterator: iterator
            case .silent: silent
            }
        }
        _modify {
            switch lane {
            case .read: yield &read
            case .iterator: yield &iterator
            case .silent: yield &silent
            }
        }
    }
}
