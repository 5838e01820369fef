import Basics
import DynamoDBClient
import HTTPSemantics
import HTTPServer
import Logging
import Replication
import Telemetry

/// Makes settings of flags and environment variables. Flags win; an empty variable counts as unset.
package struct SettingsResolver {
    private let flags: [SettingName: String]
    private let environment: [String: String]

    /// `flags` holds the values given on the command line, `environment` the process's variables.
    package init(flags: [SettingName: String], environment: [String: String]) {
        self.flags = flags
        self.environment = environment
    }

    /// Every setting, checked. `table` fills in when none was named (`tablecast-demo` brings its own).
    package func resolve(defaultTable: String? = nil) throws(SettingsError) -> Settings {
        let table = try value(.table, allowed: Self.tables) { text -> String? in
            guard !text.utf8.isEmpty, text.utf8.count <= 1024 else { return nil }
            guard text.hasPrefix("arn:") else { return text }
            return TableARN(text).flatMap { $0.streamLabel == nil ? text : nil }
        }
        guard let table = table ?? defaultTable else {
            throw SettingsError("--table: no table was named; give --table NAME or set TABLECAST_TABLE")
        }
        var settings = Settings(table: table)
        try readPlaces(into: &settings)
        try readDurations(into: &settings)
        try readNumbers(into: &settings)
        try readPolicies(into: &settings)
        try readLogging(into: &settings)
        return settings
    }

    private static let tables =
        "give a table's name, of 1 to 1024 characters, or its ARN: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"

    private func readPlaces(into settings: inout Settings) throws(SettingsError) {
        let listen = try value(.listen, allowed: "give host:port with a port from 0 to 65535, such as 127.0.0.1:8080") {
            ListenAddress($0)
        }
        if let listen { settings.listen = listen }
        settings.endpointURL = try value(.endpointURL, allowed: "give a URL such as http://localhost:8000") {
            Self.isWebAddress($0) ? $0 : nil
        }
        settings.region = try value(.region, allowed: "give a region such as eu-central-1") {
            Self.isName($0) ? $0 : nil
        }
        settings.stateDirectory = try value(.stateDir, allowed: "give the path of a directory") {
            $0.isEmpty || $0.utf8.contains(0) ? nil : $0
        }
        settings.tokenFile = try value(.tokenFile, allowed: "give the path of a file") {
            $0.isEmpty || $0.utf8.contains(0) ? nil : $0
        }
        settings.crossOrigins = try value(
            .corsOrigins,
            allowed: "give *, none, loopback, or origins such as https://app.example.com with commas between them"
        ) { AllowedOrigins($0) }
        settings.allowedHosts = try value(
            .allowedHosts,
            allowed: "give *, or hosts without ports, such as replica.example.com, with commas between them"
        ) { AllowedHosts($0) }
        settings.profile = try value(.profile, allowed: "give the name of a profile") { $0 }
    }

    private func readDurations(into settings: inout Settings) throws(SettingsError) {
        settings.pollInterval = try duration(
            .pollInterval,
            in: .milliseconds(10)...(.seconds(60)),
            default: settings.pollInterval
        )
        settings.maximumLag = try duration(
            .maximumLag,
            in: .seconds(1)...(.seconds(86_400)),
            default: settings.maximumLag
        )
        settings.maximumStreamAge =
            try value(.maximumStreamAge, allowed: "give 0, or a duration from 1s to 24h, such as 15m") { text in
                if text == "0" { return Duration.zero }
                return DurationText.parse(text).flatMap { (.seconds(1)...(.seconds(86_400))).contains($0) ? $0 : nil }
            } ?? settings.maximumStreamAge
        settings.tombstoneAge = try duration(
            .tombstoneAge,
            in: .seconds(1)...(.seconds(2_592_000)),
            default: settings.tombstoneAge
        )
        settings.drainDelay = try duration(.drainDelay, in: .zero...(.seconds(300)), default: settings.drainDelay)
        settings.shutdownGrace = try duration(
            .shutdownGrace,
            in: .zero...(.seconds(300)),
            default: settings.shutdownGrace
        )
    }

    private func readNumbers(into settings: inout Settings) throws(SettingsError) {
        settings.scanSegments = try integer(.scanSegments, in: 1...64)
        settings.scanCapacity = try integer(.scanCapacity, in: 1...1_000_000)
        settings.verifyCapacity = try integer(.verifyCapacity, in: 1...1_000_000)
        settings.loops = try integer(.loops, in: 1...64) ?? settings.loops
        settings.maximumConnections =
            try integer(.maximumConnections, in: 1...1_000_000) ?? settings.maximumConnections
        settings.maximumConnectionsPerAddress = try integer(.maximumConnectionsPerAddress, in: 0...1_000_000)
        settings.maximumPendingBytes = try integer(.maximumPendingBytes, in: 1_048_576...999_999_999_999)
        settings.maximumSubscribers =
            try integer(.maximumSubscribers, in: 1...1_000_000) ?? settings.maximumSubscribers
        settings.maximumSubscribersPerAddress = try integer(.maximumSubscribersPerAddress, in: 1...1_000_000)
        settings.historyBytes = try integer(.historyBytes, in: 0...999_999_999_999) ?? settings.historyBytes
        settings.maximumTombstones = try integer(.maximumTombstones, in: 0...100_000_000) ?? settings.maximumTombstones
    }

    private func readPolicies(into settings: inout Settings) throws(SettingsError) {
        let policies = GapPolicy.allCases.map(\.rawValue).joined(separator: ", ")
        let policy = try value(.gapPolicy, allowed: "allowed are \(policies)") { GapPolicy(rawValue: $0) }
        if let policy { settings.gapPolicy = policy }
    }

    private func readLogging(into settings: inout Settings) throws(SettingsError) {
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        let level = try value(.logLevel, allowed: "allowed are \(levels)") { Logger.Level(rawValue: $0) }
        if let level { settings.logLevel = level }
        let formats = LogFormat.allCases.map(\.rawValue).joined(separator: ", ")
        let format = try value(.logFormat, allowed: "allowed are \(formats)") { LogFormat(rawValue: $0) }
        if let format { settings.logFormat = format }
        settings.accessLog = try onOrOff(.accessLog)
        settings.serverTiming = try onOrOff(.serverTiming)
        settings.crashDumps = try onOrOff(.crashDumps)
    }

    /// Variables that look like settings and are none, to be warned of: a mistyped one would be ignored in silence. Kubernetes
    /// sets `TABLECAST_SERVICE_…` and `TABLECAST_PORT…` for a service of that name.
    package var unknownVariables: [String] {
        let known = SettingName.allCases.map(\.variable)
        return environment.keys.sorted().filter { name in
            name.hasPrefix("TABLECAST_") && !known.contains(name) && !name.hasPrefix("TABLECAST_SERVICE_")
                && !name.hasPrefix("TABLECAST_PORT")
        }
    }

    private func value<Value>(
        _ name: SettingName,
        allowed: String,
        _ read: (String) -> Value?
    ) throws(SettingsError) -> Value? {
        let fromFlag = flags[name]
        let fromEnvironment = environment[name.variable].flatMap { $0.isEmpty ? nil : $0 }
        guard let text = fromFlag ?? fromEnvironment else { return nil }
        guard let value = read(text) else {
            throw SettingsError(source: fromFlag == nil ? name.variable : name.flag, value: text, allowed: allowed)
        }
        return value
    }

    private func duration(
        _ name: SettingName,
        in range: ClosedRange<Duration>,
        default fallback: Duration
    ) throws(SettingsError) -> Duration {
        let hint = DurationText.hint(range, examples: ["250ms", "5s", "2m"])
        let read = try value(name, allowed: "give a duration from \(hint)") { text -> Duration? in
            DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil }
        }
        return read ?? fallback
    }

    /// A switch: its flag turns it on, its variable says `on` or `off`.
    private func onOrOff(_ name: SettingName) throws(SettingsError) -> Bool {
        try value(name, allowed: "give on or off") { text -> Bool? in
            switch text {
            case "on": true
            case "off": false
            default: nil
            }
        } ?? false
    }

    private func integer(_ name: SettingName, in range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        try value(name, allowed: "give a whole number from \(range.lowerBound) to \(range.upperBound)") {
            text -> Int? in
            Digits.integer(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static func isWebAddress(_ text: String) -> Bool {
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            let rest = text.utf8.dropFirst(scheme.utf8.count)
            return !rest.isEmpty && rest.first != UInt8(ascii: "/") && rest.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
        return false
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64 && ByteSet.lowercase.union(ByteSet("-")).containsAll(of: text)
    }
}
