import ArgumentParser
import HTTPSemantics
import Logging
import Replication
import Telemetry
import Testing

@testable import Service

@Suite struct SettingsResolverTests {
    private func resolve(_ flags: [SettingName: String] = [:], _ environment: [String: String] = [:]) throws -> Settings
    {
        try SettingsResolver(flags: flags, environment: environment).resolve()
    }

    private func message(_ flags: [SettingName: String], _ environment: [String: String] = [:]) -> String {
        do {
            return "no error: \(try resolve(flags, environment))"
        } catch {
            return "\(error)"
        }
    }

    @Test("a table is named by its name or its ARN, and by nothing that only looks like one")
    func tables() throws {
        let arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders"
        #expect(try resolve([.table: arn]).table == arn)
        for wrong in ["arn:aws:dynamodb:eu-central-1", arn + "/stream/2026-01-01T00:00:00.000", arn + "/index/i"] {
            let text = message([.table: wrong])
            #expect(text.hasPrefix("--table: '\(wrong.prefix(60))"), "\(text)")
            #expect(text.contains("or its ARN: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"))
        }
    }

    @Test("fills in every default")
    func defaults() throws {
        let settings = try resolve([.table: "orders"])
        #expect(settings == Settings(table: "orders"))
        #expect(settings.listen.description == "127.0.0.1:8080")
        #expect(settings.pollInterval == .milliseconds(250))
        #expect(settings.loops >= 1)
    }

    @Test("reads every setting from its flag and from its variable, alike")
    func everySetting() throws {
        let values: [SettingName: String] = [
            .table: "orders", .listen: "[::1]:0", .endpointURL: "http://localhost:8000", .region: "eu-central-1",
            .profile: "dev", .pollInterval: "100ms", .scanSegments: "8", .scanCapacity: "500",
            .verifyCapacity: "25", .gapPolicy: "rebuild-refusing", .maximumLag: "2m", .loops: "3",
            .maximumConnections: "10", .maximumConnectionsPerAddress: "0", .maximumSubscribers: "5",
            .maximumSubscribersPerAddress: "4", .maximumPendingBytes: "2000000", .maximumStreamAge: "0",
            .historyBytes: "1000",
            .maximumTombstones: "7", .tombstoneAge: "2h", .logLevel: "debug",
            .logFormat: "json",
            .drainDelay: "5s", .shutdownGrace: "0s", .stateDir: "/var/lib/tablecast", .accessLog: "on",
            .serverTiming: "on", .crashDumps: "on",
            .tokenFile: "/run/secrets/tokens.json", .corsOrigins: "https://a.example,https://b.example",
            .allowedHosts: "a.example,B.example.",
        ]
        #expect(Set(values.keys) == Set(SettingName.allCases))
        let fromFlags = try resolve(values)
        let variables = Dictionary(uniqueKeysWithValues: values.map { ($0.key.variable, $0.value) })
        #expect(try resolve([:], variables) == fromFlags)
        var expected = Settings(table: "orders")
        expected.listen = ListenAddress(host: "::1", port: 0)
        expected.endpointURL = "http://localhost:8000"
        expected.region = "eu-central-1"
        expected.profile = "dev"
        expected.pollInterval = .milliseconds(100)
        expected.scanSegments = 8
        expected.scanCapacity = 500
        expected.verifyCapacity = 25
        expected.gapPolicy = .rebuildRefusing
        expected.stateDirectory = "/var/lib/tablecast"
        expected.tokenFile = "/run/secrets/tokens.json"
        expected.crossOrigins = .only(["https://a.example", "https://b.example"])
        expected.allowedHosts = .only(["a.example", "b.example"])
        expected.crashDumps = true
        expected.maximumLag = .seconds(120)
        expected.loops = 3
        expected.maximumConnections = 10
        expected.maximumConnectionsPerAddress = 0
        expected.maximumSubscribers = 5
        expected.maximumSubscribersPerAddress = 4
        expected.maximumPendingBytes = 2_000_000
        expected.maximumStreamAge = .zero
        expected.historyBytes = 1000
        expected.maximumTombstones = 7
        expected.tombstoneAge = .seconds(7200)
        expected.logLevel = .debug
        expected.logFormat = .json
        expected.accessLog = true
        expected.serverTiming = true
        expected.drainDelay = .seconds(5)
        expected.shutdownGrace = .zero
        #expect(fromFlags == expected)
    }

    @Test("lets flags win, and takes an empty variable as unset")
    func precedence() throws {
        let environment = ["TABLECAST_TABLE": "theirs", "TABLECAST_POLL_INTERVAL": "", "TABLECAST_LOOPS": "2"]
        let settings = try resolve([.table: "mine"], environment)
        #expect(settings.table == "mine")
        #expect(settings.pollInterval == .milliseconds(250))
        #expect(settings.loops == 2)
    }

    @Test("names the flag or the variable, the value and what is allowed, in one line")
    func errors() {
        #expect(message([:]) == "--table: no table was named; give --table NAME or set TABLECAST_TABLE")
        #expect(
            message([.table: "t", .pollInterval: "fast"])
                == "--poll-interval: 'fast' is not allowed; give a duration from 10ms to 1m, such as 250ms or 5s"
        )
        #expect(
            message([.table: "t"], ["TABLECAST_SCAN_SEGMENTS": "0"])
                == "TABLECAST_SCAN_SEGMENTS: '0' is not allowed; give a whole number from 1 to 64"
        )
        #expect(
            message([.table: "t", .listen: "localhost"])
                == "--listen: 'localhost' is not allowed; give host:port with a port from 0 to 65535, such as 127.0.0.1:8080"
        )
        #expect(
            message([.table: "t"], ["TABLECAST_LOG_LEVEL": "loud"])
                == "TABLECAST_LOG_LEVEL: 'loud' is not allowed; "
                + "allowed are trace, debug, info, notice, warning, error, critical"
        )
        #expect(message([.table: "t", .loops: "+2"]).hasPrefix("--loops: '+2' is not allowed"))
        #expect(
            message([.table: "t", .endpointURL: "localhost:8000"]).hasPrefix("--endpoint-url: 'localhost:8000' is")
        )
        #expect(!message([.table: "t", .region: "a\nb"]).contains("\n"))
        #expect(message([.table: "t", .region: String(repeating: "x", count: 5000)]).utf8.count < 200)
    }

    @Test("points out variables that look mistyped, and leaves those of Kubernetes alone")
    func unknownVariables() {
        let environment = [
            "TABLECAST_POL_INTERVAL": "1s", "TABLECAST_SERVICE_HOST": "10.0.0.1", "TABLECAST_PORT_8080_TCP": "x",
            "PATH": "/",
        ]
        #expect(SettingsResolver(flags: [:], environment: environment).unknownVariables == ["TABLECAST_POL_INTERVAL"])
    }

    @Test("offers a flag for every setting, with its variable in the help")
    func flags() throws {
        let help = ServeOptions.helpMessage()
        for name in SettingName.allCases {
            #expect(help.contains(name.flag))
            let parsed = try ServeOptions.parse(name.isSwitch ? [name.flag] : [name.flag, "x"])
            #expect(parsed.given == [name: name.isSwitch ? "on" : "x"])
        }
        #expect(help.contains("TABLECAST_POLL_INTERVAL"))
    }
}
