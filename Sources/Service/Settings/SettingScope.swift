/// The kind of replica that an option is for.
enum SettingScope: Sendable, Hashable {
    case any
    /// One that reads the table's stream. The words say what somebody with a follower does in its place.
    case reader(instead: String)
    /// One that follows another replica.
    case follower
}
