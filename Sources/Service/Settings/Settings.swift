import Glibc
package import HTTPSemantics
package import HTTPServer
package import Logging
package import Replication
package import Telemetry

/// What the service is told: every value checked, every default filled in.
package struct Settings: Sendable, Hashable {
    package var table: String
    package var listen = ListenAddress(host: "127.0.0.1", port: 8080)
    /// Overrides where AWS answers; nil for the environment's and AWS's own.
    package var endpointURL: String?
    package var region: String?
    package var profile: String?
    package var pollInterval: Duration = .milliseconds(250)
    /// Nil leaves it to the size of the table.
    package var scanSegments: Int?
    /// Read capacity units a second; nil for no bound.
    package var scanCapacity: Int?
    /// Read capacity units a second; nil does not compare.
    package var verifyCapacity: Int?
    package var gapPolicy = GapPolicy.rebuildServing
    package var maximumLag: Duration = .seconds(30)
    /// Where the state is kept; nil keeps none.
    package var stateDirectory: String?
    /// Where the tokens are; nil asks for none.
    package var tokenFile: String?
    /// The pages that may read; nil for those that this machine serves when only it can reach the service, and none otherwise.
    package var crossOrigins: AllowedOrigins?
    /// The hosts that requests may name beside loopback's; nil for what `HostRule` does by itself.
    package var allowedHosts: AllowedHosts?
    /// Whether a crash may leave a core and a backtrace, which hold items of the table.
    package var crashDumps = false
    package var loops = Settings.processors
    package var maximumConnections = 20_000
    /// 0 for no bound; nil for half of all.
    package var maximumConnectionsPerAddress: Int?
    /// Nil goes by the memory available.
    package var maximumPendingBytes: Int?
    package var maximumSubscribers = 20_000
    /// Nil is half of all.
    package var maximumSubscribersPerAddress: Int?
    /// Zero for no end.
    package var maximumStreamAge: Duration = .seconds(900)
    /// What the newest steps may keep in memory; 0 keeps none.
    package var historyBytes = 16 << 20
    package var maximumTombstones = 100_000
    package var tombstoneAge: Duration = .seconds(86_400)
    package var logLevel = Logger.Level.info
    package var logFormat = LogFormat.text
    /// One record a request.
    package var accessLog = false
    /// `Server-Timing` in every answer.
    package var serverTiming = false
    package var drainDelay: Duration = .zero
    package var shutdownGrace: Duration = .seconds(10)

    package init(table: String) { self.table = table }

    /// Processors this process may use, at least one.
    package static var processors: Int { min(64, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
