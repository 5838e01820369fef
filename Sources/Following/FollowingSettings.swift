/// Which other Tablecast is followed, and how.
package struct FollowingSettings: Sendable, Hashable {
    /// The addresses of the upstreams, in the order in which they are tried; empty where the stream of the table is read.
    package var upstreams: [String] = []
    /// The file whose first line is the bearer token for the upstreams; nil sends none. Read at each connection.
    package var tokenFile: String?
    /// The file of PEM certificates to trust instead of the system's.
    package var certificates: String?
    /// Follow what the token may see, where that is not all.
    package var isPartial = false
    /// Replicas that may stand between this one and the stream, this one not counted.
    package var maximumDepth = 3
    /// The bounds.
    package var limits = FollowingLimits()

    /// Follows nothing.
    package init() {}

    /// Whether an upstream is followed.
    package var isOn: Bool { !upstreams.isEmpty }
}

/// Every bound of following an upstream.
package struct FollowingLimits: Sendable, Hashable {
    /// Bytes of one line. An item of 400 KB has at most about 2.5 MB in typed JSON, where every byte is escaped.
    package var lineBytes = 16_777_216
    /// Bytes of a response that is no feed, of which the text of a problem is read.
    package var responseBytes = 65_536
    /// Bytes of a token file that are read.
    package var tokenFileBytes = 65_536
    /// Time to reach an upstream: name, TCP and TLS.
    package var connectTimeout: Duration = .seconds(5)
    /// Time without a whole line after which the connection is given up. A leader sends a bookmark four times a second.
    package var silence: Duration = .seconds(10)
    /// The same before the first line about contents: the upstream may have none for as long as it scans, and says so every 15 s.
    package var silenceBeforeContents: Duration = .seconds(45)
    /// The waits between attempts: of the first round through all upstreams a short random one, then longer and longer ones.
    package var firstPause: Duration = .milliseconds(500)
    package var longestPause: Duration = .seconds(15)
    /// The waits between loads of the whole contents that followed each other, as after digests that differ.
    package var firstReloadPause: Duration = .seconds(1)
    package var longestReloadPause: Duration = .seconds(300)
    /// Contents that were good for so long end the growth of those waits.
    package var calmAfter: Duration = .seconds(60)
    /// A connection that lived for so long ends the growth of the waits between attempts.
    package var steadyAfter: Duration = .seconds(5)
    /// The longest random wait after an upstream's goodbye: all of its followers look for another one at that moment.
    package var goodbyeSpread: Duration = .seconds(2)
    /// How often lag and readiness are judged.
    package var watchInterval: Duration = .milliseconds(200)
    /// Bytes of contents that may come between two looks at the memory in use.
    package var memoryCheckBytes = 8_388_608
    /// The wait after the memory was full.
    package var fullPause: Duration = .seconds(60)

    package init() {}
}
