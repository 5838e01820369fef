import Basics
import ReplicaStore

extension JSONWriter {
    /// Writes the member `as_of`: the position of which a body is, and the replica's lag, null while unknown.
    mutating func asOf(_ position: Position, lagMilliseconds: Int64?) {
        object("as_of") { json in
            json.member("position", position.description)
            json.member("lag_ms", lagMilliseconds)
        }
    }
}
