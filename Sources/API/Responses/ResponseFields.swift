import HTTPServer
import ReplicaStore
import Synchronization

/// The header fields that data answers share, made anew only when what they say has changed.
final class ResponseFields: Sendable {
    /// The fields of one moment, by what they go on.
    struct Templates: Sendable {
        /// `Replica-*` alone, for what adds the rest itself.
        var replica = HTTPFields()
        /// For answers without a body.
        var notModified = HTTPFields()
        /// For JSON.
        var json = HTTPFields()

        /// Adds a field to all of them.
        mutating func add(_ name: StaticString, _ value: String) {
            replica.add(name, value)
            notModified.add(name, value)
            json.add(name, value)
        }
    }

    private struct State {
        var position: Position?
        var conditions: ReplicaConditions?
        var templates = Templates()
        /// Those of responses that no cache may keep; nil until one is made.
        var unstored: Templates?
    }

    private let state = Mutex(State())

    /// The fields for an answer from `position`, which caches may keep, or which none may.
    func templates(_ position: Position, _ conditions: ReplicaConditions, isStored: Bool = true) -> Templates {
        state.withLock { state in
            if state.position != position || state.conditions != conditions {
                state.position = position
                state.conditions = conditions
                state.templates = Self.make(position, conditions, "no-cache")
                state.unstored = nil
            }
            if isStored { return state.templates }
            let unstored = state.unstored ?? Self.make(position, conditions, "no-store")
            state.unstored = unstored
            return unstored
        }
    }

    private static func make(_ position: Position, _ conditions: ReplicaConditions, _ caching: String) -> Templates {
        var templates = Templates()
        templates.replica.add("Replica-Position", position.description)
        if let lag = conditions.lagMilliseconds { templates.replica.add("Replica-Lag", String(lag)) }
        templates.replica.add("Replica-State", conditions.state.headerValue)
        templates.notModified = templates.replica
        templates.notModified.add("Cache-Control", caching)
        templates.notModified.add("Vary", "Accept-Encoding")
        templates.json = templates.notModified
        // For what an answer adds: its tag and time, and what all answers get at the end.
        templates.json.reserve(768)
        templates.json.add("Content-Type", "application/json")
        // Parts of so small an answer are not worth asking for; a client that asks gets the whole (RFC 9110 section 14.3).
        templates.json.add("Accept-Ranges", "none")
        return templates
    }
}
