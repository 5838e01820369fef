package import API
package import Basics
import Feed
import HTTPSemantics
package import HTTPServer
import Logging
import ReplicaStore
import Replication
import TableModel
import Telemetry

/// The service's HTTP side over a replica, however that is kept: server, routes, feed, health, metrics.
package final class HTTPFront: Sendable {
    /// How long the end waits for whoever reads the access log.
    private static let logPatience = Duration.seconds(1)

    package let metrics: ServiceMetrics
    private let health: Health
    private let server: HTTPServer
    private let accessLog: AccessLog?

    /// Makes everything; nothing listens yet. Without an `authenticator` everybody who reaches it may read. `descriptors`
    /// bounds the connections beside the settings. `isLoopback` says whether only this machine can reach it, and `aws` how
    /// AWS is reached. `pendingBytes` may wait for slow clients where the settings do not say. `upstreams` are the ids of
    /// the services that this one follows, nearest first.
    package init(
        view: ReplicaView,
        settings: Settings,
        isLoopback: Bool,
        isOpenToBrowsers: Bool = true,
        metrics: ServiceMetrics,
        accessLog: AccessLog? = nil,
        authenticator: Authenticator? = nil,
        descriptors: DescriptorBudget? = nil,
        aws: (@Sendable () -> AWSStatus)? = nil,
        upstreams: @escaping @Sendable () -> [String] = { [] },
        pendingBytes defaultPendingBytes: Int? = nil,
        apiLimits: APILimits = APILimits()
    ) {
        var feedLimits = settings.feed
        feedLimits.keepsHistory = settings.replication.storeLimits.historyBytes > 0
        // A copy may lead to a position that is as old as itself.
        feedLimits.closedPageAge = feedLimits.closedPageAge.map {
            min($0, settings.replication.storeLimits.tombstoneAge)
        }
        let hub = FeedHub(
            store: view.store,
            limits: feedLimits,
            wallMilliseconds: view.wallMilliseconds,
            source: Self.source(view, upstreams),
            conditions: {
                FeedConditions(lagMilliseconds: view.conditions().lagMilliseconds, reason: view.status().reason)
            }
        )
        let health = Health(view: view, readyWhen: settings.readyWhen)
        let waiting = Permits(limit: apiLimits.waitingRequests)
        let startedAt = view.wallMilliseconds()
        let pendingBytes = PendingBytes(
            limit: settings.pendingBytes ?? defaultPendingBytes ?? MemoryBudget.pendingBytes()
        )
        let process: @Sendable () -> ProcessStatus = { [loops = settings.loops] in ProcessStatus(loops: loops) }
        let collector = MetricsCollector(
            registry: metrics.registry,
            view: view,
            hub: hub,
            health: health,
            waiting: waiting,
            pendingBytes: pendingBytes,
            connectionLimit: descriptors?.connections ?? settings.server.connections,
            tokens: authenticator?.store,
            aws: aws,
            process: process,
            startedAtMilliseconds: startedAt
        )
        let logger = Logger(label: "tablecast")
        let api = API(
            view: view,
            hub: hub,
            health: health,
            limits: apiLimits,
            pendingBytes: pendingBytes,
            connections: descriptors?.status,
            startedAtMilliseconds: startedAt,
            waiting: waiting,
            crossOrigin: CrossOrigin(
                settings.crossOrigins ?? (isLoopback ? .loopback : .none),
                requestFields: settings.crossOriginFields,
                refused: RefusedNames("origins", limit: apiLimits.refusedNames, logger: logger)
            ),
            hosts: HostRule(
                settings.allowedHosts,
                listening: settings.listen.compactMap(\.host),
                isLoopback: isLoopback && isOpenToBrowsers,
                asksForTokens: authenticator != nil,
                refused: RefusedNames("hosts", limit: apiLimits.refusedNames, logger: logger)
            ),
            authenticator: authenticator,
            isExposed: authenticator == nil && !isLoopback,
            aws: aws,
            process: process,
            metrics: { collector.respond() }
        )
        var serverLimits = settings.server
        if let descriptors { serverLimits.connections = descriptors.connections }
        serverLimits.connectionsPerAddress = settings.connectionsPerAddress ?? max(1, serverLimits.connections / 2)
        if let descriptors { serverLimits.probeSlots = descriptors.probeSlots }
        self.metrics = metrics
        self.health = health
        self.accessLog = accessLog
        server = HTTPServer(
            handler: api.router(finishers: accessLog.map { [$0] } ?? []),
            observer: accessLog.map { LoggingObserver(metrics, $0) } ?? metrics,
            limits: serverLimits,
            notes: settings.serverTiming ? [.requestID, .serverTiming] : .requestID,
            proxies: settings.proxies,
            loops: settings.loops,
            pendingBytes: pendingBytes
        )
    }

    /// What followers are told of the replica beside its contents.
    private static func source(
        _ view: ReplicaView,
        _ upstreams: @escaping @Sendable () -> [String]
    ) -> @Sendable () -> ReplicaSource {
        return {
            let status = view.status()
            return ReplicaSource(
                chain: [Instance.id] + upstreams(),
                tableName: status.tableName,
                streamARN: status.streamARN,
                ignoredAttributes: status.ignoredAttributes,
                state: status.state.rawValue,
                reason: status.reason
            )
        }
    }

    /// Listens, on every address or on none; returns what is bound.
    package func start(on plan: ListenPlan) throws(HTTPServerError) -> Listening { try server.start(on: plan) }

    /// Lets the event streams look for news.
    package func wakeStreams() { server.wakeStreams() }

    /// Stops in order: not ready and no connection kept, `drainDelay` for load balancers to notice, no new connections, streams say goodbye, the end.
    package func stop(drainDelay: Duration, grace: Duration, time: TimeSource) async {
        health.startDraining()
        server.closeAfterResponses()
        if drainDelay > .zero { try? await time.sleep(drainDelay) }
        await server.stop(within: grace)
        await accessLog?.flush(within: Self.logPatience, time: time)
    }
}
