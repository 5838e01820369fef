package import ArgumentParser

/// The flags of `tablecast serve` and `tablecast-demo`. Values stay text here: `SettingsResolver` checks flags and variables alike.
package struct ServeOptions: ParsableArguments {
    @Option(help: ArgumentHelp(SettingName.table.help))
    package var table: String?
    @Option(help: ArgumentHelp(SettingName.listen.help))
    package var listen: String?
    @Option(name: .customLong("endpoint-url"), help: ArgumentHelp(SettingName.endpointURL.help))
    package var endpointURL: String?
    @Option(help: ArgumentHelp(SettingName.region.help))
    package var region: String?
    @Option(help: ArgumentHelp(SettingName.profile.help))
    package var profile: String?
    @Option(help: ArgumentHelp(SettingName.pollInterval.help))
    package var pollInterval: String?
    @Option(help: ArgumentHelp(SettingName.scanSegments.help))
    package var scanSegments: String?
    @Option(name: .customLong("scan-rcu"), help: ArgumentHelp(SettingName.scanCapacity.help))
    package var scanCapacity: String?
    @Option(name: .customLong("verify-rcu"), help: ArgumentHelp(SettingName.verifyCapacity.help))
    package var verifyCapacity: String?
    @Option(name: .customLong("on-gap"), help: ArgumentHelp(SettingName.gapPolicy.help))
    package var gapPolicy: String?
    @Option(name: .customLong("max-lag"), help: ArgumentHelp(SettingName.maximumLag.help))
    package var maximumLag: String?
    @Option(help: ArgumentHelp(SettingName.stateDir.help))
    package var stateDir: String?
    @Option(name: .customLong("auth-token-file"), help: ArgumentHelp(SettingName.tokenFile.help))
    package var tokenFile: String?
    @Option(name: .customLong("cors-origin"), help: ArgumentHelp(SettingName.corsOrigins.help))
    package var corsOrigins: [String] = []
    @Option(name: .customLong("allowed-host"), help: ArgumentHelp(SettingName.allowedHosts.help))
    package var allowedHosts: [String] = []
    @Flag(help: ArgumentHelp(SettingName.crashDumps.help))
    package var crashDumps = false
    @Option(help: ArgumentHelp(SettingName.loops.help))
    package var loops: String?
    @Option(name: .customLong("max-connections"), help: ArgumentHelp(SettingName.maximumConnections.help))
    package var maximumConnections: String?
    @Option(
        name: .customLong("max-connections-per-address"),
        help: ArgumentHelp(SettingName.maximumConnectionsPerAddress.help)
    )
    package var maximumConnectionsPerAddress: String?
    @Option(name: .customLong("max-pending-bytes"), help: ArgumentHelp(SettingName.maximumPendingBytes.help))
    package var maximumPendingBytes: String?
    @Option(name: .customLong("max-subscribers"), help: ArgumentHelp(SettingName.maximumSubscribers.help))
    package var maximumSubscribers: String?
    @Option(
        name: .customLong("max-subscribers-per-address"),
        help: ArgumentHelp(SettingName.maximumSubscribersPerAddress.help)
    )
    package var maximumSubscribersPerAddress: String?
    @Option(name: .customLong("max-stream-age"), help: ArgumentHelp(SettingName.maximumStreamAge.help))
    package var maximumStreamAge: String?
    @Option(help: ArgumentHelp(SettingName.historyBytes.help))
    package var historyBytes: String?
    @Option(name: .customLong("max-tombstones"), help: ArgumentHelp(SettingName.maximumTombstones.help))
    package var maximumTombstones: String?
    @Option(help: ArgumentHelp(SettingName.tombstoneAge.help))
    package var tombstoneAge: String?
    @Option(help: ArgumentHelp(SettingName.logLevel.help))
    package var logLevel: String?
    @Option(help: ArgumentHelp(SettingName.logFormat.help))
    package var logFormat: String?
    @Flag(help: ArgumentHelp(SettingName.accessLog.help))
    package var accessLog = false
    @Flag(help: ArgumentHelp(SettingName.serverTiming.help))
    package var serverTiming = false
    @Option(help: ArgumentHelp(SettingName.drainDelay.help))
    package var drainDelay: String?
    @Option(help: ArgumentHelp(SettingName.shutdownGrace.help))
    package var shutdownGrace: String?

    package init() {}

    /// The flags that were given.
    package var given: [SettingName: String] {
        let all: [SettingName: String?] = [
            .table: table, .listen: listen, .endpointURL: endpointURL, .region: region, .profile: profile,
            .pollInterval: pollInterval, .scanSegments: scanSegments, .scanCapacity: scanCapacity,
            .verifyCapacity: verifyCapacity, .gapPolicy: gapPolicy, .maximumLag: maximumLag,
            .stateDir: stateDir, .tokenFile: tokenFile,
            .corsOrigins: corsOrigins.isEmpty ? nil : corsOrigins.joined(separator: ","),
            .crashDumps: crashDumps ? "on" : nil,
            .allowedHosts: allowedHosts.isEmpty ? nil : allowedHosts.joined(separator: ","), .loops: loops,
            .maximumConnections: maximumConnections, .maximumConnectionsPerAddress: maximumConnectionsPerAddress,
            .maximumPendingBytes: maximumPendingBytes, .maximumSubscribers: maximumSubscribers,
            .maximumSubscribersPerAddress: maximumSubscribersPerAddress,
            .maximumStreamAge: maximumStreamAge, .historyBytes: historyBytes, .maximumTombstones: maximumTombstones,
            .tombstoneAge: tombstoneAge, .logLevel: logLevel,
            .logFormat: logFormat, .accessLog: accessLog ? "on" : nil, .serverTiming: serverTiming ? "on" : nil,
            .drainDelay: drainDelay, .shutdownGrace: shutdownGrace,
        ]
        return all.compactMapValues { $0 }
    }
}
