import API
package import Basics
import DynamoDBClient
import DynamoDBStream
import Following
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
    private let passed: PassedSockets
    private let supervisor: Supervisor
    private let logger = Logger(label: "tablecast")

    /// `environment` holds the standard AWS variables. `options` reads the file of options again at a hang-up. `passed` are sockets to
    /// listen on beside the addresses of the settings, and `supervisor` hears of the start and of the stop.
    package init(
        settings: Settings,
        environment: [String: String],
        time: TimeSource = .system,
        options: OptionsReloader? = nil,
        passed: PassedSockets = .none,
        supervisor: Supervisor = .none
    ) {
        self.settings = settings
        self.environment = environment
        self.time = time
        self.options = options
        self.passed = passed
        self.supervisor = supervisor
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
        ready: @escaping @Sendable (Listening) -> Void = { _ in }
    ) async throws(StartUpError) {
        // Before anything is opened.
        let descriptors = DescriptorBudget(
            descriptors: DescriptorBudget.raiseLimit(),
            asked: settings.server.connections,
            loops: settings.loops
        )
        let plan = try makePlan()
        let session = try makeSession()
        let tokens = try makeTokens()
        let metrics = ServiceMetrics(registry: PrometheusRegistry())
        let awsReporter = AWSReporter(logger: logger, time: time)
        let setup = ClientSetup(
            settings: settings,
            environment: environment,
            time: time,
            startTimeout: startTimeout
        )
        var aws: AWSAccess?
        if !settings.following.isOn {
            aws = try await setup.access(credentialsObserver: awsReporter) { configuration in
                ClockObserver(metrics, clock: configuration.clock, reporter: awsReporter)
            } connected: { [logger] configuration in
                logger.info("the instance metadata service named the Region", metadata: Self.metadata(configuration))
            }
        }
        defer { aws?.close() }
        let reporter = ReplicationReporter(logger: logger, time: time)
        let store = ReplicaStore()
        var replication = settings.replication
        replication.startTimeout = startTimeout
        let memory = MemoryGauge(option: settings.maximumMemory, time: time)
        replication.stream.limits.replayBytes = memory.replayBytes
        let sources = Sources(store: store, replication: replication, memory: memory.readings, session: session)
        let (keeper, upstreams) = keeper(of: sources, aws, reporter)
        let view = ReplicaView(
            store: store,
            conditions: {
                let (state, lag) = keeper.stateAndLag
                return ReplicaConditions(state: state, lagMilliseconds: lag)
            },
            status: { keeper.status },
            wallMilliseconds: time.wallMilliseconds
        )
        var statusOfAWS: (@Sendable () -> AWSStatus)?
        if let aws { statusOfAWS = { aws.status } }
        let accessLog = settings.accessLog ? AccessLog(registry: metrics.registry) : nil
        let front = HTTPFront(
            view: view,
            settings: settings,
            isLoopback: plan.isLocal,
            isOpenToBrowsers: plan.isOpenToBrowsers,
            metrics: metrics,
            accessLog: accessLog,
            authenticator: tokens.map { tokens in
                Authenticator(
                    store: tokens,
                    ticketAge: settings.ticketAge,
                    wallMilliseconds: time.wallMilliseconds,
                    continuous: time.continuous
                )
            },
            descriptors: descriptors,
            aws: statusOfAWS,
            upstreams: upstreams,
            pendingBytes: memory.pendingBytes
        )
        store.addListener { [weak front] in front?.wakeStreams() }
        let listening = try start(front, on: plan)
        announce(
            listening,
            aws,
            descriptors,
            awsReporter,
            through: reporter
        )
        reporter.whenLoading { [supervisor] seconds in supervisor.notify([.moreTime(seconds: seconds)]) }
        reporter.whenReady { [supervisor, table = settings.subject] in
            supervisor.notify([.status("serving table \(table)")])
            ready(listening)
        }
        let watchdog = Watchdog()
        watchdog.start { keeper.watchForStalls() }
        defer { watchdog.stop() }
        let reloads = Reloads(
            tokens: tokens.map { TokenReloader($0) { front.wakeStreams() } },
            aws: aws,
            options: options,
            logger: logger
        )
        try await follow(keeper, front, reloads, signals)
    }

    /// What a keeper works with.
    private struct Sources {
        let store: ReplicaStore
        let replication: ReplicationSettings
        let memory: MemoryReadings
        let session: StateSession?
    }

    /// The keeper of the contents, and the ids of the instances behind them: of a table's stream that is read by `aws`, or of another replica.
    private func keeper(
        of sources: Sources,
        _ aws: AWSAccess?,
        _ observer: ReplicationReporter
    ) -> (any ReplicaKeeper, @Sendable () -> [String]) {
        if let aws {
            let replicator = Replicator(
                settings: sources.replication,
                table: aws,
                streams: aws,
                store: sources.store,
                time: time,
                observer: observer,
                session: sources.session,
                memory: sources.memory,
                region: { aws.region }
            )
            return (replicator, { [] })
        }
        let follower = Follower(
            settings.following,
            replication: sources.replication,
            instance: Instance.id,
            store: sources.store,
            time: time,
            observer: observer,
            memory: sources.memory
        )
        return (follower, { follower.chain })
    }

    /// How long a start waits for DynamoDB; it also bounds the files that the start reads.
    private var startTimeout: Duration? { settings.startTimeout(atTerminal: isatty(STDERR_FILENO) == 1) }

    private func follow(
        _ keeper: any ReplicaKeeper,
        _ front: HTTPFront,
        _ reloads: Reloads,
        _ signals: StopSignals
    ) async throws(StartUpError) {
        let time = time
        let settings = settings
        let logger = logger
        let supervisor = supervisor
        let end = await withTaskGroup(of: End.self) { group in
            group.addTask {
                do throws(ReplicationFailure) {
                    try await keeper.run()
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
            supervisor.notify([.stopping, .status("stopping")])
            if case .asked = first {
                logger.info("stopping; a second signal ends the process at once")
                await front.stop(drainDelay: settings.drainTime, grace: settings.shutdownGrace, time: time)
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
        _ listening: Listening,
        _ aws: AWSAccess?,
        _ descriptors: DescriptorBudget,
        _ awsReporter: AWSReporter,
        through reporter: ReplicationReporter
    ) {
        let table = settings.subject
        let upstreams = settings.following.upstreams.joined(separator: ",")
        let named = settings.listen.map(\.description).joined(separator: ",")
        let addresses = Self.list(listening.addresses)
        let exposed = settings.tokenFile == nil ? listening.addresses.filter { !$0.isLocal } : []
        let loops = settings.loops
        let logger = logger
        let supervisor = supervisor
        reporter.whenStarted {
            for note in listening.notes { logger.notice("\(note)") }
            logger.info("listening on \(addresses)", metadata: ["version": "\(Build.version)"])
            logger.info("\(CPUBudget.current.sentence(loops: loops))")
            logger.log(level: descriptors.isTight ? .warning : .info, "\(descriptors.sentence)")
            if !exposed.isEmpty {
                logger.warning(
                    "everybody who can reach \(Self.list(exposed)) may read the table: no --auth-token-file is set",
                    metadata: ["listen": "\(named)"]
                )
            }
            if let aws {
                logger.info("following table \(table)", metadata: Self.metadata(aws.configuration))
            } else {
                logger.info("following upstreams: \(upstreams)")
            }
            awsReporter.start()
            supervisor.notify([.ready, .status("listening on \(addresses); table \(table) is not complete yet")])
        }
    }

    private static func list(_ addresses: [BoundAddress]) -> String {
        let texts = addresses.map(\.description)
        guard texts.count > 1 else { return texts.joined() }
        return texts.dropLast().joined(separator: ", ") + " and " + (texts.last ?? "")
    }

    /// Resolved once, so that what holds for loopback only is decided by the addresses that will be bound, whatever their names.
    private func makePlan() throws(StartUpError) -> ListenPlan {
        do throws(HTTPServerError) {
            return try ListenPlan(settings.listen, passed: passed, socketMode: settings.socketMode)
        } catch { throw StartUpError(error) }
    }

    private func start(_ front: HTTPFront, on plan: ListenPlan) throws(StartUpError) -> Listening {
        do throws(HTTPServerError) { return try front.start(on: plan) } catch { throw StartUpError(error) }
    }

    /// Takes the state directory, before anything else is begun. Replication waits for one that another process holds.
    private func makeSession() throws(StartUpError) -> StateSession? {
        guard let path = settings.stateDirectory else { return nil }
        let limits = StateLimits()
        do throws(StateDirectoryError) {
            let patience = min(limits.directoryPatience, startTimeout ?? limits.directoryPatience)
            let directory = try StateDirectory.take(path, within: patience)
            return StateSession(directory: directory, limits: limits)
        } catch {
            guard error.isPassing else { throw StartUpError(error) }
            return StateSession(awaiting: path, limits: limits)
        }
    }

    private func makeTokens() throws(StartUpError) -> TokenStore? {
        guard let path = settings.tokenFile else { return nil }
        do throws(TokenFileError) {
            let patience = StartPatience("the token file \(path) cannot be read", within: startTimeout)
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

    /// The place that requests go to, for the log; empty while the Region is unknown.
    private static func metadata(_ configuration: AWSConfiguration?) -> Logger.Metadata {
        configuration.map { ["endpoint": "\($0.dynamoDB)", "region": "\($0.region)"] } ?? [:]
    }
}
