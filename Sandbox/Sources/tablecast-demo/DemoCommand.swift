import API
import ArgumentParser
import DynamoSandbox
import HTTPServer
import Service

/// `tablecast-demo`: a sandbox, a sample table, a writer that keeps changing it, and the real service on top.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tablecast-demo",
        abstract: "Serve a sample table that keeps changing. Needs no AWS account.",
        discussion: """
            The table lives in a sandbox endpoint on a free port of 127.0.0.1; the service follows it over HTTP, with the same \
            client as a real one. Without --table its name is orders.

            Every option is also an environment variable (--poll-interval is TABLECAST_POLL_INTERVAL) and a name in the file of \
            --config. Flags win over variables, and variables over the file.
            """,
        version: "tablecast \(Build.version)"
    )

    @OptionGroup var options: ServeOptions

    func run() async throws {
        var settings = try Program.settings(options, defaultTable: "orders")
        let signals = StopSignals(patience: StopLimits().patience(for: settings))
        signals.install()
        let sandbox = DynamoSandbox()
        let port: Int
        do {
            port = try sandbox.start()
            try SampleTable.create(settings.table, in: sandbox)
        } catch { throw StartUpError(.failure, "the sandbox cannot start: \(error)") }
        settings.follow(endpoint: "http://127.0.0.1:\(port)", region: "local")
        let service = TablecastService(
            settings: settings,
            environment: ["AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo"]
        )
        let table = settings.table
        let writer = Task { await SampleWriter(sandbox: sandbox, table: table).run() }
        defer { writer.cancel() }
        Program.announce("Starting the demo: it is ready in a few seconds.")
        do {
            try await service.run(signals: signals) { listening in
                Program.announce(Self.invitation(listening, table: table, sandboxPort: port))
            }
        } catch {
            await sandbox.stop()
            throw error
        }
        await sandbox.stop()
    }

    private static func invitation(_ listening: Listening, table: String, sandboxPort: Int) -> String {
        let curl = listening.url == nil ? "curl --unix-socket \(listening.socketPath ?? "PATH")" : "curl"
        let url = listening.url ?? "http://localhost"
        return """

            The sample table '\(table)' is served at \(listening.url ?? "\(listening.addresses[0])") and changes a few times a second. Try:

              \(curl) -N '\(url)/v1/events?since=now&limit=5'      five changes as they happen
              \(curl) '\(url)/v1/items?limit=3'                    a page of items
              \(curl) '\(url)/v1/items/order%231001'               one order and its lines
              \(curl) -i '\(url)/v1/items/order%231001/summary'    one item, with its headers
              \(curl) '\(url)/v1/status'                           what the replica is doing

            Write to it yourself, with any credentials:

              aws dynamodb scan --table-name \(table) --max-items 1 \\
                --endpoint-url http://127.0.0.1:\(sandboxPort) --region local

            Ctrl-C stops it.

            """
    }
}
