import API
import DynamoDBClient
import DynamoDBStream
import Feed
import Following
import HTTPSemantics
import HTTPServer
import Logging
import ReplicaStore
import Replication
import TableModel
import Telemetry
import Testing

@testable import Service

@Suite struct SettingsResolverTests {
    private func resolve(_ flags: [String: String] = [:], _ environment: [String: String] = [:]) throws -> Settings {
        try SettingsResolver(flags: flags, environment: environment).resolve().settings
    }

    private func message(_ flags: [String: String], _ environment: [String: String] = [:]) -> String {
        do {
            return "no error: \(try resolve(flags, environment))"
        } catch {
            return "\(error)"
        }
    }

    @Test("a table is named by its name or its ARN, and by nothing that only looks like one")
    func tables() throws {
        let arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders"
        #expect(try resolve(["table": arn]).table == arn)
        for wrong in ["arn:aws:dynamodb:eu-central-1", arn + "/stream/2026-01-01T00:00:00.000", arn + "/index/i"] {
            let text = message(["table": wrong])
            #expect(text.hasPrefix("--table: '\(wrong.prefix(60))"), "\(text)")
            #expect(text.contains("or its ARN: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"))
        }
    }

    @Test("a start waits without an end, but ten seconds where somebody looks on, unless it is told how long")
    func startTimeout() throws {
        let unset = try resolve(["table": "t"])
        #expect(unset.startTimeout(atTerminal: false) == nil)
        #expect(unset.startTimeout(atTerminal: true) == .seconds(10))
        for zero in ["0", "0s"] {
            let never = try resolve(["table": "t", "start-timeout": zero])
            #expect(never.startTimeout(atTerminal: true) == nil && never.startTimeout(atTerminal: false) == nil)
        }
        let short = try resolve(["table": "t"], ["TABLECAST_START_TIMEOUT": "1500ms"])
        #expect(short.startTimeout(atTerminal: false) == .milliseconds(1_500))
        #expect(short.startTimeout(atTerminal: true) == .milliseconds(1_500))
        let refusal = message(["table": "t", "start-timeout": "soon"])
        #expect(refusal.hasPrefix("--start-timeout: 'soon' is not allowed; give"))
    }

    @Test("fills in every default")
    func defaults() throws {
        let settings = try resolve(["table": "orders"])
        #expect(settings == Settings(table: "orders"))
        #expect(settings.listen.map(\.description) == ["127.0.0.1:8080"])
        #expect(settings.replication.stream.pollInterval == .milliseconds(250))
        #expect(settings.loops >= 1)
    }

    @Test("reads every option from its flag, its variable and its name in a file, alike")
    func everySetting() throws {
        let values = [
            "table": "orders", "listen": "[::1]:0,unix:/run/a.sock", "socket-mode": "0666",
            "endpoint-url": "http://localhost:8000",
            "streams-endpoint-url": "http://localhost:8001", "region": "eu-central-1",
            "profile": "dev", "poll-interval": "100ms", "scan-segments": "8", "scan-rcu": "500", "verify-rcu": "25",
            "on-gap": "rebuild-refusing", "max-lag": "2m", "loops": "3", "max-connections": "10",
            "max-connections-per-address": "0", "max-subscribers": "5", "max-subscribers-per-address": "4",
            "max-pending-bytes": "2000000", "max-memory": "4Gi", "start-timeout": "0", "max-stream-age": "0",
            "history-bytes": "1000", "resume-overlap": "30s", "ticket-age": "8h", "page-cache-age": "10m",
            "max-tombstones": "7", "ready-when": "serving", "ignore-attributes": "aws:rep:*,secret",
            "tombstone-age": "2h", "log-level": "debug", "log-format": "json", "drain-delay": "6s",
            "keep-alive": "650s",
            "shutdown-grace": "0s", "state-dir": "/var/lib/tablecast", "access-log": "on", "server-timing": "true",
            "crash-dumps": "on", "auth-token-file": "/run/secrets/tokens.json",
            "cors-origin": "https://a.example,https://b.example", "allowed-host": "a.example,B.example.",
            "proxy-protocol": "10.0.0.0/24,unix", "trusted-proxies": "2001:db8::/32, 127.0.0.1",
            "cors-header": "X-Tenant, x-other",
        ]
        let others = SettingsTable.settings.filter { $0.name != ProcessOptions.configurationFile.name }
        let follower = Self.followerValues.keys.filter { $0 != "table" }
        #expect(Set(values.keys).union(follower) == Set(others.map(\.name)))
        #expect(Set(values.keys).isDisjoint(with: follower))
        var expected = Settings(table: "orders")
        expected.listen = [ListenAddress(host: "::1", port: 0), .unix(path: "/run/a.sock")]
        expected.socketMode = 0o666
        expected.aws.endpointURL = "http://localhost:8000"
        expected.aws.streamsEndpointURL = "http://localhost:8001"
        expected.aws.region = "eu-central-1"
        expected.aws.profile = "dev"
        expected.replication.stream.pollInterval = .milliseconds(100)
        expected.replication.scanSegments = 8
        expected.replication.scanCapacity = .units(500)
        expected.replication.verifyUnitsPerSecond = 25
        expected.replication.gapPolicy = .rebuildRefusing
        expected.replication.maximumLag = .seconds(120)
        expected.replication.storeLimits.historyBytes = 1000
        expected.replication.storeLimits.maximumTombstones = 7
        expected.replication.storeLimits.tombstoneAge = .seconds(7200)
        expected.stateDirectory = "/var/lib/tablecast"
        expected.tokenFile = "/run/secrets/tokens.json"
        expected.ticketAge = .seconds(28_800)
        expected.feed.resumeOverlap = .seconds(30)
        expected.feed.closedPageAge = .seconds(600)
        expected.crossOrigins = .only(["https://a.example", "https://b.example"])
        expected.crossOriginFields = FieldNames(["X-Tenant", "x-other"])
        expected.allowedHosts = .only(["a.example", "b.example"])
        expected.proxies.protocolSources = try #require(Networks("10.0.0.0/24,unix"))
        expected.proxies.fieldSources = try #require(Networks("2001:db8::/32,127.0.0.1"))
        expected.crashDumps = true
        expected.loops = 3
        expected.server.connections = 10
        expected.connectionsPerAddress = 0
        expected.pendingBytes = 2_000_000
        expected.maximumMemory = 4 << 30
        expected.feed.maximumSubscribers = 5
        expected.feed.maximumSubscribersPerAddress = 4
        expected.feed.maximumStreamAge = nil
        expected.logLevel = .debug
        expected.logFormat = .json
        expected.accessLog = true
        expected.serverTiming = true
        expected.drainDelay = .seconds(6)
        expected.server.keepAliveTimeout = .seconds(650)
        expected.startTimeout = .zero
        expected.readyWhen = .serving
        expected.replication.ignoredAttributes = try #require(AttributePatterns("aws:rep:*,secret"))
        expected.shutdownGrace = .zero
        try expect(expected, of: values)
    }

    /// Those that mean something for a follower alone.
    private static let followerValues = [
        "table": "orders", "follow": "http://a:1,https://b/replica", "follow-token-file": "/run/secrets/upstream",
        "follow-ca-file": "/etc/ssl/up.pem", "follow-partial": "on", "follow-max-depth": "2",
    ]

    @Test("reads every option of a follower alike, and needs no table then")
    func followerSettings() throws {
        var expected = Settings(table: "orders")
        expected.following.upstreams = ["http://a:1", "https://b/replica"]
        expected.following.tokenFile = "/run/secrets/upstream"
        expected.following.certificates = "/etc/ssl/up.pem"
        expected.following.isPartial = true
        expected.following.maximumDepth = 2
        try expect(expected, of: Self.followerValues)
        #expect(try resolve(["follow": "http://a:1"]).table == "")
    }

    @Test("refuses options that contradict a follower, and a follower's options without one")
    func conflicts() {
        for name in ["ignore-attributes", "state-dir"] {
            let text = message(["follow": "http://a:1", name: "x"])
            #expect(text.hasPrefix("--\(name) cannot be given with --follow: "), "\(text)")
        }
        #expect(
            message(["follow": "http://a:1", "verify-rcu": "5"]).contains("compared with its upstream all the time")
        )
        #expect(
            message(["table": "t", "follow-max-depth": "2"])
                == "--follow-max-depth is given without --follow: name the upstream, as in --follow=http://leader:8080"
        )
        for wrong in [
            "a:1", "http://", "http://u@a", "http://a?x", "http://a#x", "http://a,,http://b", "http://a,http://a",
        ] {
            #expect(message(["follow": wrong]).hasPrefix("--follow: '"), "\(wrong)")
        }
    }

    /// Expects the settings of flags, of variables and of a file.
    private func expect(_ settings: Settings, of values: [String: String]) throws {
        var expected = settings
        #expect(try resolve(values) == expected)
        let variables = Dictionary(
            uniqueKeysWithValues: SettingsTable.settings.compactMap { setting in
                values[setting.name].map { (setting.variable, $0) }
            }
        )
        #expect(try resolve([:], variables) == expected)
        let members = values.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ",\n")
        let resolver = SettingsResolver(flags: ["config": "options.json"], environment: [:]) {
            path throws(SettingsError) in
            try SettingsFile(path: path, bytes: Array("{\(members)}".utf8), settings: SettingsTable.settings)
        }
        expected.configurationFile = "options.json"
        #expect(try resolver.resolve().settings == expected)
    }

    @Test("drains for five seconds in Kubernetes unless told otherwise, and elsewhere at once")
    func drainTime() throws {
        let kubernetes = ["KUBERNETES_SERVICE_HOST": "10.96.0.1"]
        #expect(try resolve(["table": "a"]).drainTime == .zero)
        #expect(try resolve(["table": "a"], ["KUBERNETES_SERVICE_HOST": ""]).drainTime == .zero)
        #expect(try resolve(["table": "a"], kubernetes).drainTime == .seconds(5))
        #expect(try resolve(["table": "a", "drain-delay": "0s"], kubernetes).drainTime == .zero)
        #expect(try resolve(["table": "a", "drain-delay": "20s"], kubernetes).drainTime == .seconds(20))
    }

    @Test("lets flags win over variables, and these over the file; an empty variable is unset")
    func precedence() throws {
        let environment = ["TABLECAST_TABLE": "theirs", "TABLECAST_POLL_INTERVAL": "", "TABLECAST_LOOPS": "2"]
        let settings = try resolve(["table": "mine"], environment)
        #expect(settings.table == "mine")
        #expect(settings.replication.stream.pollInterval == .milliseconds(250))
        #expect(settings.loops == 2)
        let file = #"{"table": "its", "loops": 3, "poll-interval": "1s"}"#
        let resolver = SettingsResolver(
            flags: ["table": "mine"],
            environment: environment.merging(["TABLECAST_CONFIG": "options.json"]) { first, _ in first }
        ) { path throws(SettingsError) in
            try SettingsFile(path: path, bytes: Array(file.utf8), settings: SettingsTable.settings)
        }
        let layered = try resolver.resolve().settings
        #expect(layered.table == "mine")
        #expect(layered.loops == 2)
        #expect(layered.replication.stream.pollInterval == .seconds(1))
    }

    @Test(
        "prints no password",
        arguments: [
            ("ftp://me:secret@h", "***@h"), ("me:secret@h:8000", "***@h:8000"),
            ("http://me:se/cret@h ", "http://***@h "),
            ("me:secret@http://h", "***@http://h"),
        ]
    )
    func passwords(url: String, shown: String) {
        #expect(message(["table": "t", "endpoint-url": url]).hasPrefix("--endpoint-url: '\(shown)' is not allowed"))
        #expect(!message(["table": "t", "cors-origin": "https://a," + url]).contains("secret"))
    }

    @Test("names the flag or the variable, the value and what is allowed, in one line")
    func errors() {
        #expect(message([:]) == "--table: no table was named; give --table NAME or set TABLECAST_TABLE")
        #expect(
            message(["table": "t", "poll-interval": "fast"])
                == "--poll-interval: 'fast' is not allowed; give a duration from 10ms to 1m, such as 250ms or 5s"
        )
        #expect(
            message(["table": "t", "max-stream-age": "0s"])
                == "--max-stream-age: '0s' is not allowed; give 0, or a duration from 1s to 24h, such as 15m"
        )
        #expect(
            message(["table": "t"], ["TABLECAST_SCAN_SEGMENTS": "0"])
                == "TABLECAST_SCAN_SEGMENTS: '0' is not allowed; give a whole number from 1 to 64"
        )
        #expect(
            message(["table": "t", "listen": "localhost"])
                == "--listen: 'localhost' is not allowed; give host:port, :port or unix:/path with a port from 0 to 65535, "
                + "such as 127.0.0.1:8080; at most 16 with commas between them"
        )
        #expect(
            message(["table": "t"], ["TABLECAST_LOG_LEVEL": "loud"])
                == "TABLECAST_LOG_LEVEL: 'loud' is not allowed; "
                + "allowed are trace, debug, info, notice, warning, error, critical"
        )
        #expect(
            message(["table": "t"], ["TABLECAST_ACCESS_LOG": "yes"])
                == "TABLECAST_ACCESS_LOG: 'yes' is not allowed; give on or off"
        )
        #expect(message(["table": "t", "loops": "+2"]).hasPrefix("--loops: '+2' is not allowed"))
        #expect(
            message(["table": "t", "endpoint-url": "localhost:8000"]).hasPrefix("--endpoint-url: 'localhost:8000' is")
        )
        #expect(!message(["table": "t", "region": "a\nb"]).contains("\n"))
        #expect(message(["table": "t", "profile": ""]) == "--profile: '' is not allowed; give the name of a profile")
        #expect(message(["config": ""]) == "--config: '' is not allowed; give the path of a file")
        #expect(message(["table": "t", "region": String(repeating: "x", count: 5000)]).utf8.count < 200)
    }
}
