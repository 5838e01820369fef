import ArgumentParser
import Service

/// `tablecast serve --table NAME`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Follow a table and serve it.",
        discussion: """
            Every option is also an environment variable and a name in the file of --config. Flags win over variables, and \
            variables over the file; tablecast config shows what holds.

              tablecast serve --table orders
              tablecast serve --table orders --auth-token-file tokens.json
              tablecast serve --config /etc/tablecast.json --access-log=off

            Region, credentials and endpoints are the standard ones of AWS: AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, \
            AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB, \
            AWS_ENDPOINT_URL_DYNAMODB_STREAMS, AWS_CA_BUNDLE, and the shared config and credentials files.
            """
    )

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let resolved = try Program.resolved(options)
        let passed = try Program.supervisor.passedSockets()
        let settings = resolved.settings(with: passed)
        let signals = StopSignals(patience: StopLimits().patience(for: settings), hangUp: .reloads)
        signals.install()
        let environment = Program.environment
        let reloader = OptionsReloader(
            options,
            environment: environment,
            started: resolved,
            threshold: Program.logThreshold
        )
        let service = TablecastService(
            settings: settings,
            environment: environment,
            options: reloader,
            passed: passed,
            supervisor: Program.supervisor
        )
        try await service.run(signals: signals)
    }
}
