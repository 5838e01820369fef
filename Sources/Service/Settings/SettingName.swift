/// Every setting: a flag, an environment variable, what it means, what it is when nobody says.
package enum SettingName: String, Sendable, Hashable, CaseIterable {
    case table
    case listen
    case endpointURL = "endpoint-url"
    case region
    case profile
    case pollInterval = "poll-interval"
    case scanSegments = "scan-segments"
    case scanCapacity = "scan-rcu"
    case verifyCapacity = "verify-rcu"
    case gapPolicy = "on-gap"
    case maximumLag = "max-lag"
    case stateDir = "state-dir"
    case tokenFile = "auth-token-file"
    case corsOrigins = "cors-origin"
    case allowedHosts = "allowed-host"
    case crashDumps = "crash-dumps"
    case loops
    case maximumConnections = "max-connections"
    case maximumConnectionsPerAddress = "max-connections-per-address"
    case maximumPendingBytes = "max-pending-bytes"
    case maximumSubscribers = "max-subscribers"
    case maximumSubscribersPerAddress = "max-subscribers-per-address"
    case maximumStreamAge = "max-stream-age"
    case historyBytes = "history-bytes"
    case maximumTombstones = "max-tombstones"
    case tombstoneAge = "tombstone-age"
    case logLevel = "log-level"
    case logFormat = "log-format"
    case accessLog = "access-log"
    case serverTiming = "server-timing"
    case drainDelay = "drain-delay"
    case shutdownGrace = "shutdown-grace"

    /// Settings whose flag takes no value: it turns them on.
    package var isSwitch: Bool { self == .accessLog || self == .serverTiming || self == .crashDumps }

    /// `--poll-interval`.
    package var flag: String { "--" + rawValue }

    /// `TABLECAST_POLL_INTERVAL`.
    package var variable: String {
        let name = rawValue.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "_")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            default: byte
            }
        }
        return "TABLECAST_" + String(decoding: name, as: UTF8.self)
    }

    /// What it means, with its default.
    package var meaning: String {
        switch self {
        case .table: "The DynamoDB table to follow. Required."
        case .listen: "Address and port to serve HTTP on; port 0 takes any free one. Default 127.0.0.1:8080."
        case .endpointURL: "Where DynamoDB and its Streams answer, instead of AWS: http://localhost:8000."
        case .region: "AWS region. Default: AWS_REGION, AWS_DEFAULT_REGION, then the profile."
        case .profile: "Profile of the shared AWS files. Default: AWS_PROFILE, then `default`."
        case .pollInterval: "Time between two reads of a quiet shard, 10ms to 1m. Default 250ms."
        case .scanSegments: "Parallel segments of the start-up scan, 1 to 64. Default: by the table's size."
        case .scanCapacity: "Read capacity units a second that a scan may consume, 1 to 1000000. Default: no bound."
        case .verifyCapacity:
            "Read capacity units a second for comparing table and replica in the background, 1 to 1000000. "
                + "Default: no comparing."
        case .gapPolicy:
            "When changes were lost: rebuild-serving (the old contents, as stale), rebuild-refusing (503) or exit. "
                + "Default rebuild-serving."
        case .maximumLag: "Lag over which the replica is stale and not ready, 1s to 24h. Default 30s."
        case .stateDir: "Directory to keep the replica in across restarts, for this process alone. Default: none."
        case .tokenFile:
            "File of the bearer tokens that may read, read again when it changes. Default: none, everybody may read."
        case .corsOrigins:
            "Origins whose pages may read, with commas between them or given repeatedly; `loopback` for pages that this machine "
                + "serves, `*` for any, `none` for none. Default: loopback when listening on loopback, otherwise none."
        case .allowedHosts:
            "Names in the Host of requests that are served, beside localhost, 127.0.0.0/8 and [::1]; with commas between them or "
                + "given repeatedly; `*` for any. Default: only those three when listening on loopback without tokens, otherwise any."
        case .crashDumps:
            "Let a crash leave a core and the Swift runtime's backtrace, which hold items of the table: on or off. Default off."
        case .loops: "Event loops that serve HTTP, 1 to 64. Default: one a core."
        case .maximumConnections: "Connections open at once, 1 to 1000000. Default 20000."
        case .maximumConnectionsPerAddress:
            "Connections open at once from one client address, 1 to 1000000, or 0 for no bound, as behind a proxy. "
                + "Default: half of --max-connections."
        case .maximumPendingBytes:
            "Bytes that may wait for slow clients in all, 1048576 to 999999999999; beyond them large responses are 503. "
                + "Default: a sixteenth of the memory available, 64 to 256 MiB."
        case .maximumSubscribers: "Event streams open at once, 1 to 1000000. Default 20000."
        case .maximumSubscribersPerAddress:
            "Event streams open at once from one address, 1 to 1000000. Default: half of --max-subscribers."
        case .maximumStreamAge:
            "Age at which an event stream ends, to be opened anew, 1s to 24h; 0 for no end. Default 15m."
        case .historyBytes:
            "Memory for the newest steps of items (mode=all, histories, exact filters), 0 to 999999999999. Default 16777216."
        case .maximumTombstones: "Removed keys remembered for resuming, 0 to 100000000. Default 100000."
        case .tombstoneAge: "How long removed keys are remembered for resuming, 1s to 720h. Default 24h."
        case .logLevel: "trace, debug, info, notice, warning, error or critical. Default info."
        case .logFormat: "text or json. Default text."
        case .accessLog: "Log every request, one JSON object a line: on or off. Default off."
        case .serverTiming: "Say in every answer how long it took, in Server-Timing: on or off. Default off."
        case .drainDelay: "Time between telling load balancers `not ready` and draining, 0s to 5m. Default 0s."
        case .shutdownGrace: "Time that requests and streams get to end, 0s to 5m. Default 10s."
        }
    }

    /// `meaning` and the variable, for `--help`.
    package var help: String { "\(meaning) [\(variable)]" }
}
