package import API
package import DynamoDBClient
package import Feed
package import Following
package import HTTPSemantics
package import HTTPServer
package import Logging
package import Replication
package import Telemetry

/// How the service runs. The settings of the layers are its members, so that each default stands in one place: with the layer that
/// uses it. `SettingsTable` says which of the values an operator can set.
package struct Settings: Sendable, Hashable {
    /// The table and how it is followed.
    package var replication: ReplicationSettings
    /// The other replica that is followed in place of the table's stream, if any.
    package var following = FollowingSettings()
    /// The operator's choices that win over AWS's own variables and files.
    package var aws = AWSOverrides()
    /// The bounds of the HTTP server.
    package var server = HTTPServerLimits()
    /// The bounds of event streams.
    package var feed = FeedLimits()
    /// The file that options were read from; nil for none.
    package var configurationFile: String?
    /// The addresses to listen on beside sockets that were passed.
    package var listen = [ListenAddress(host: "127.0.0.1", port: 8080)]
    /// The mode of the files of Unix sockets.
    package var socketMode = ListenPlan.defaultSocketMode
    /// The directory of the saved state; nil keeps none.
    package var stateDirectory: String?
    /// How long a start waits for DynamoDB, 0 until it responds; nil for 10 s with a terminal, and 0 without one.
    package var startTimeout: Duration?
    /// The file of bearer tokens; nil asks for none.
    package var tokenFile: String?
    /// For how long a reusable ticket can be used.
    package var ticketAge = AuthenticationLimits.ticketAge
    /// The origins whose pages may read; nil for `loopback` on loopback, and none otherwise.
    package var crossOrigins: AllowedOrigins?
    /// Fields that pages of other origins may send beside those that the service knows.
    package var crossOriginFields = FieldNames()
    /// The hosts that requests may name beside loopback's; nil for the defaults of `HostRule`.
    package var allowedHosts: AllowedHosts?
    /// Whether a crash may leave a core and a backtrace, which hold items of the table.
    package var crashDumps = false
    /// Event loops that serve HTTP.
    package var loops = Settings.processors
    /// Connections of one address, 0 for no bound; nil for half of `server.connections`.
    package var connectionsPerAddress: Int?
    /// The condition under which the service is ready where a request names none.
    package var readyWhen = ReadyWhen.live
    /// The proxies that tell whose requests they pass on.
    package var proxies = TrustedProxies()
    /// Bytes that may wait for slow clients; nil for a part of the memory available.
    package var pendingBytes: Int?
    /// Bytes of memory that the process may use, 0 for no bound; nil for the limit of its control group, or else the machine's memory.
    package var maximumMemory: Int64?
    package var logLevel = Logger.Level.info
    package var logFormat = LogFormat.text
    /// Whether every request is logged.
    package var accessLog = false
    /// Whether every response says how long it took.
    package var serverTiming = false
    /// Time between "not ready" and draining; nil for `drainTime`'s default.
    package var drainDelay: Duration?
    /// Whether Kubernetes runs this process.
    package var isInKubernetes = false
    /// Time that requests and streams get to end.
    package var shutdownGrace: Duration = .seconds(10)

    /// The defaults for a table.
    package init(table: String) { replication = ReplicationSettings(tableName: table) }

    /// The name of the table that is followed, or its ARN.
    package var table: String { replication.tableName }

    /// What is followed, in words.
    package var subject: String { following.isOn && table.isEmpty ? "of the upstream" : table }

    /// Follows the table at an endpoint that is not AWS's, in `region` unless the operator named another one.
    package mutating func follow(endpoint url: String, region: String) {
        aws = AWSOverrides(region: aws.region ?? region, endpointURL: url)
    }

    /// The time between "not ready" and draining. In Kubernetes, the kubelet sends SIGTERM while the endpoints of Services still name the
    /// Pod, and proxies learn of it seconds later: a Pod that stops listening at once refuses their connections.
    package var drainTime: Duration { drainDelay ?? (isInKubernetes ? .seconds(5) : .zero) }

    /// The time after which a start gives up; nil for never. A person at a terminal wants to know; a supervisor would only start the
    /// process again.
    package func startTimeout(atTerminal isTerminal: Bool) -> Duration? {
        let timeout = startTimeout ?? (isTerminal ? .seconds(10) : .zero)
        return timeout == .zero ? nil : timeout
    }

    /// Processors that this process may use, as many as there may be event loops.
    package static var processors: Int { min(64, CPUBudget.current.processors) }
}
