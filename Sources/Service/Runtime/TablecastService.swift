import API
package import Basics
import DynamoDBClient
import Glibc
package import HTTPServer
import Logging
import ReplicaStore
import Replication
import StateStore
import Telemetry

/// The composition root: follows a table and serves it until it is asked to stop.
package struct TablecastService: Sendable {
    private let settings: Settings
    private let environment: [String: String]
    private let time: TimeSource
    private let options: OptionsReloader?
    private let logger = Logger(label: "tablecast")

    /// `environment` holds the standard AWS variables. `options` reads the file of options again at a hang-up.
    package init(
        settings: Settings,
        environment: [String: String],
        time: TimeSource = .system,
        options: OptionsReloader? = nil
    ) {
        self.settings = settings
        self.environment = environment
        self.time = time
        self.options = options
    }

    private enum End: Sendable {
        case asked
        case failed(StartUpError)

        /// What the process would say and end with if nothing after this came to its end.
        var status: ExitStatus { if case .failed(let error) = self { error.status } else { .failure } }
        var line: String? { if case .failed(let error) = self { error.description } else { nil } }
    }

    /// Runs until `signals` asks for a stop, or until it cannot go on. `ready` hears where it serves, once, when the
    /// replica is live for the first time.
    package func run(
        signals: StopSignals,
        ready: @escaping @Sendable (ListenAddress) -> Void = { _ in }
    ) async throws(StartUpError) {
        // Before anything is opened.
        let descriptors = DescriptorBudget(
            descriptors: DescriptorBudget.raiseLimit(),
            asked: settings.server.connections,
            loops: settings.loops
        )
        let place = try resolve(settings.listen)
        let session = try makeSession()
        let tokens = try makeTokens()
        let metrics = ServiceMetrics(registry: PrometheusRegistry())
        let awsReporter = AWSReporter(logger: logger, time: time)
        let client = try await makeClient(observer: metrics, reporter: awsReporter)
        defer { client.close() }
        let reporter = ReplicationReporter(logger: logger, time: time)
        let store = ReplicaStore()
        var replication = settings.replication
        replication.startTimeout = settings.startTimeout(atTerminal: isatty(STDERR_FILENO) == 1)
        if client.configuration.isRegional { replication.region = client.configuration.region }
        let memory = MemoryGauge(option: settings.maximumMemory, time: time)
        let replicator = Replicator(
            settings: replication,
            table: client,
            streams: client,
            store: store,
            time: time,
            observer: reporter,
            session: session,
            memory: memory.readings
        )
        let view = ReplicaView(
            store: store,
            conditions: {
                let (state, lag) = replicator.stateAndLag
                return ReplicaConditions(state: state, lagMilliseconds: lag)
            },
            status: { replicator.status },
            wallMilliseconds: time.wallMilliseconds
        )
        let accessLog = settings.accessLog ? AccessLog(registry: metrics.registry) : nil
        let front = HTTPFront(
            view: view,
            settings: settings,
            isLoopback: place.isLoopback,
            metrics: metrics,
            accessLog: accessLog,
            authenticator: tokens.map { Authenticator(store: $0, continuous: time.continuous) },
            descriptors: descriptors,
            aws: { client.configuration.status },
            pendingBytes: memory.pendingBytes
        )
        store.addListener { [weak front] in front?.wakeStreams() }
        let address = try start(front, at: place)
        announce(
            address,
            isLoopback: place.isLoopback,
            client.configuration,
            descriptors,
            awsReporter,
            through: reporter
        )
        reporter.whenReady { ready(address) }
        let watchdog = Watchdog()
        watchdog.start { replicator.watchForStalls() }
        defer { watchdog.stop() }
        let reloads = Reloads(
            tokens: tokens.map { TokenReloader($0) { front.wakeStreams() } },
            credentials: client.configuration.credentials,
            options: options,
            logger: logger
        )
        try await follow(replicator, front, reloads, signals)
    }

    private func follow(
        _ replicator: Replicator,
        _ front: HTTPFront,
        _ reloads: Reloads,
        _ signals: StopSignals
    ) async throws(StartUpError) {
        let time = time
        let settings = settings
        let logger = logger
        let end = await withTaskGroup(of: End.self) { group in
            group.addTask {
                do throws(ReplicationFailure) {
                    try await replicator.run()
                    return .asked
                } catch {
                    return .failed(StartUpError(error))
                }
            }
            group.addTask {
                _ = await signals.first()
                return .asked
            }
            group.addTask {
                for await _ in signals.hangUps { reloads.begin() }
                return .asked
            }
            if let tokens = reloads.tokens {
                group.addTask {
                    while (try? await time.sleep(AuthenticationLimits.reloadInterval)) != nil { tokens.tick() }
                    return .asked
                }
            }
            let first = await group.next() ?? .asked
            if case .asked = first {
                logger.info("stopping; a second signal ends the process at once")
                await front.stop(drainDelay: settings.drainDelay, grace: settings.shutdownGrace, time: time)
            } else {
                let limits = StopLimits()
                signals.lastResort.arm(after: limits.failureGrace + limits.margin, status: first.status, first.line)
                await front.stop(drainDelay: .zero, grace: limits.failureGrace, time: time)
            }
            group.cancelAll()
            return first
        }
        if case .failed(let error) = end {
            signals.lastResort.disarm()
            throw error
        }
        logger.info("stopped")
    }

    /// Says where the service listens and what it follows, as soon as the table was found or the start has to wait for it: a start that
    /// cannot succeed says one line only.
    private func announce(
        _ address: ListenAddress,
        isLoopback: Bool,
        _ configuration: AWSConfiguration,
        _ descriptors: DescriptorBudget,
        _ awsReporter: AWSReporter,
        through reporter: ReplicationReporter
    ) {
        let endpoint = configuration.dynamoDB.description
        let region = configuration.region
        let table = settings.table
        let isExposed = settings.tokenFile == nil && !isLoopback
        let loops = settings.loops
        let logger = logger
        reporter.whenStarted {
            logger.info("listening on \(address.url)", metadata: ["version": "\(Build.version)"])
            logger.info("\(CPUBudget.current.sentence(loops: loops))")
            logger.log(level: descriptors.isTight ? .warning : .info, "\(descriptors.sentence)")
            if isExposed {
                logger.warning(
                    "everybody who can reach \(address) may read the table: no --auth-token-file is set",
                    metadata: ["listen": "\(address)"]
                )
            }
            logger.info("following table \(table)", metadata: ["endpoint": "\(endpoint)", "region": "\(region)"])
            awsReporter.start()
        }
    }

    /// Resolved once, so that what holds for loopback only is decided by the address that will be bound, whatever its name.
    private func resolve(_ address: ListenAddress) throws(StartUpError) -> ResolvedAddress {
        do { return try ResolvedAddress(address) } catch { throw StartUpError(error) }
    }

    private func start(_ front: HTTPFront, at place: ResolvedAddress) throws(StartUpError) -> ListenAddress {
        do { return ListenAddress(host: settings.listen.host, port: try front.start(at: place)) } catch {
            throw StartUpError(error)
        }
    }

    /// Takes the state directory, before anything else is begun. Replication waits for one that another process holds.
    private func makeSession() throws(StartUpError) -> StateSession? {
        guard let path = settings.stateDirectory else { return nil }
        let limits = StateLimits()
        do throws(StateDirectoryError) {
            let directory = try StateDirectory.take(path, within: limits.directoryPatience)
            return StateSession(directory: directory, limits: limits)
        } catch {
            guard error.isPassing else { throw StartUpError(error) }
            return StateSession(awaiting: path, limits: limits)
        }
    }

    private func makeTokens() throws(StartUpError) -> TokenStore? {
        guard let path = settings.tokenFile else { return nil }
        do throws(TokenFileError) {
            let patience = StartPatience("the token file \(path) cannot be read")
            return try patience.wait { () throws(TokenFileError) in
                try TokenStore(
                    path: path,
                    logger: logger,
                    wallMilliseconds: time.wallMilliseconds,
                    continuous: time.continuous
                )
            }
        } catch {
            throw StartUpError(error)
        }
    }

    private func makeClient(
        observer: any DynamoDBCallObserver,
        reporter: AWSReporter
    ) async throws(StartUpError) -> DynamoDBClient {
        var overrides = settings.aws
        let table = TableARN(settings.table)
        overrides.impliedRegion = table?.region
        let configuration: AWSConfiguration
        do throws(DynamoDBError) {
            let patience = StartPatience("the AWS configuration and credentials files cannot be read")
            configuration = try await patience.wait { () async throws(DynamoDBError) in
                try await AWSConfiguration.resolve(
                    environment: environment,
                    overrides: overrides,
                    time: time,
                    observer: reporter
                )
            }
        } catch {
            throw StartUpError(error)
        }
        if let table, table.region != configuration.region { throw Self.otherRegion(table, configuration.region) }
        do {
            return try DynamoDBClient(
                configuration: configuration,
                time: time,
                observer: ClockObserver(observer, clock: configuration.clock, reporter: reporter)
            )
        } catch {
            throw StartUpError(error)
        }
    }

    private static func otherRegion(_ table: TableARN, _ region: String) -> StartUpError {
        StartUpError(
            .configuration,
            "table \(table) is in the Region \(table.region), and requests would go to \(region). Set --region or AWS_REGION "
                + "to \(table.region), or leave the Region out."
        )
    }
}
