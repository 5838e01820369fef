/// The named events that steer a subscriber; changes have no name.
package enum ControlEventName: String, Sendable, Hashable, CaseIterable {
    /// The stream has begun.
    case hello
    /// Of a follower's feed: which services the contents come from.
    case source
    /// Of a follower's feed: of what the changes that follow are.
    case contents
    /// The client must forget everything.
    case reset
    /// The client's position is another replica's. What follows may repeat what the client has; nothing is missing.
    case moved
    /// The client has everything that there was when it connected.
    case ready
    /// The heartbeat: the client has everything up to here.
    case bookmark
    /// Nothing can be served for now.
    case busy
    /// The server ends the stream on purpose.
    case bye
}

/// Why nothing can be served for now.
package enum BusyReason: String, Sendable, Hashable, CaseIterable {
    /// The client may hold newer states than this replica has.
    case behind
    /// All permits of subscribers are taken.
    case overloaded
    /// The replica is not complete yet.
    case syncing
    /// The replica is being rebuilt and held back meanwhile.
    case rebuilding
}

/// Why the server ends a stream.
package enum ByeReason: String, Sendable, Hashable, CaseIterable {
    /// The stream is as old as streams may get.
    case age
    /// The server is about to stop.
    case draining
    /// The filter does not fit the table's key.
    case invalidFilter = "invalid-filter"
    /// The events that the client asked for have been delivered.
    case limit
    /// The token of the subscriber was removed, or its rights were changed.
    case revoked
    /// The reusable ticket by which the subscriber was let in has ended.
    case ticketEnded = "ticket-ended"
    /// The time that the client asked for is over.
    case timeout
}
