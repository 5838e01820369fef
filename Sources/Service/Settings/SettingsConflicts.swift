import Following

/// Settings that contradict each other.
enum SettingsConflicts {
    /// Options that change what a replica holds or where it comes from: a follower is equal to its upstream, and calls nobody else.
    private static let ofStream = [
        "ignore-attributes": "set it where the stream is read: a follower is equal to its upstream",
        "on-gap": "a follower serves what it has while it loads its upstream's contents again",
        "verify-rcu": "set it where the stream is read: a follower is compared with its upstream all the time",
        "state-dir": "a follower keeps no state: it loads its upstream's contents when it starts",
    ]

    /// Options that have a meaning for a follower alone.
    private static let ofFollower = ["follow-token-file", "follow-ca-file", "follow-partial", "follow-max-depth"]

    /// Throws what contradicts, and what to do.
    static func check(_ resolved: ResolvedSettings) throws(SettingsError) {
        if resolved.settings.following.isOn {
            for (name, advice) in ofStream.sorted(by: { $0.key < $1.key }) where resolved.given[name] != nil {
                throw SettingsError("--\(name) cannot be given with --follow: \(advice)")
            }
        } else {
            for name in ofFollower where resolved.given[name] != nil {
                throw SettingsError(
                    "--\(name) is given without --follow: name the upstream, as in --follow=http://leader:8080"
                )
            }
        }
    }
}
